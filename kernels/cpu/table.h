/* What each file of this folder gives the table of operations; kernels/ops.h says what each does. */
#ifndef KERNELS_CPU_TABLE_H
#define KERNELS_CPU_TABLE_H

#include "kernels/cpu/isa.h"
#include "kernels/ops.h"

/* gemm.c */
void ISA(gemm_run)(const struct gemm *g);

/* reduce.c */
void ISA(reduce_rows)(float *db, const float *dy, int m, int n, int ld, struct by_block by);
void ISA(reduce_blocks)(float *to, const float *from, int m, size_t n);
float ISA(reduce_sum_squares)(const float *x, size_t n);
void ISA(reduce_squares)(float *sum, const float *x, size_t n);

/* conv.c */
void ISA(conv_forward)(const struct conv1d *s);
void ISA(conv_backward)(const struct conv1d *s);
size_t ISA(conv_scratch)(const struct conv1d *s);

/* layout.c */
void ISA(layout_pack_signal)(float *y, const float *x, const uint8_t *keep, const int32_t *numbers, int batch,
			     int c, int t, int pad, int t_pad);
void ISA(layout_pad_time)(float *y, const float *x, int batch, int t, int c, int pad, int t_pad);
void ISA(layout_pad_time_backward)(float *dx, const float *dy, int batch, int t, int c, int pad, int t_pad);

/* elementwise.c */
void ISA(elementwise_add)(float *y, const float *a, const float *b, size_t n);
void ISA(elementwise_divide)(float *y, const float *x, float by, size_t n);
void ISA(elementwise_mix)(float *y, const float *x, float share, size_t n);
void ISA(elementwise_gelu)(float *y, const float *x, size_t n);
void ISA(elementwise_gelu_backward)(float *dx, const float *dy, const float *x, size_t n);
void ISA(elementwise_relu)(float *y, const float *x, size_t n);
void ISA(elementwise_relu_backward)(float *dx, const float *dy, const float *y, size_t n);

/* layernorm.c */
void ISA(layernorm_forward)(float *y, float *mean, float *rstd, const float *x, const float *w,
			    const float *b, int m, int d, float eps);
void ISA(layernorm_backward)(float *dx, float *dw, float *db, const float *dy, const float *x, const float *w,
			     const float *mean, const float *rstd, const float *dresidual, int m, int d,
			     struct by_block by);

/* groupnorm.c */
void ISA(groupnorm_gelu)(const struct groupnorm *n);
void ISA(groupnorm_gelu_backward)(const struct groupnorm *n);

/* batchnorm.c */
void ISA(batchnorm_sums)(const struct batchnorm *n, float *sums);
void ISA(batchnorm_square_sums)(const struct batchnorm *n, float *sums);
void ISA(batchnorm_gradient_sums)(const struct batchnorm *n, float *sums);
void ISA(batchnorm_forward)(const struct batchnorm *n);
void ISA(batchnorm_backward)(const struct batchnorm *n);
void ISA(batchnorm_running)(float *mean, float *variance, const struct batchnorm *n, float momentum);

/* timepool.c */
void ISA(timepool_max)(float *y, int32_t *at, const float *x, int batch, int t, int c, int k, int stride,
		       int t_out);
void ISA(timepool_max_backward)(float *dx, const float *dy, const int32_t *at, int batch, int t, int c,
				int t_out);
void ISA(timepool_mean)(float *y, const float *x, int batch, int t, int c);
void ISA(timepool_mean_backward)(float *dx, const float *dy, int batch, int t, int c);

/* attention.c */
void ISA(attention_forward)(const struct attention *a);
void ISA(attention_backward)(const struct attention *a);

/* tokens.c */
void ISA(tokens_add_position)(float *y, const float *x, const float *p, int batch, int n, int d);
void ISA(tokens_add_position_backward)(float *dp, const float *dy, int batch, int n, int d,
				       struct by_block by);
void ISA(tokens_add_record)(float *y, const float *x, const float *e, int batch, int n, int d);
void ISA(tokens_add_record_backward)(float *de, const float *dy, int batch, int n, int d);
void ISA(tokens_mask)(float *y, const float *x, const uint8_t *keep, const float *token, int batch, int n,
		      int d);
void ISA(tokens_mask_backward)(float *dx, float *dtoken, const float *dy, const uint8_t *keep, int batch,
			       int n, int d, struct by_block by);

/* pooling.c */
void ISA(pooling_mean_max)(float *y, int32_t *at, const float *x, const int32_t *numbers, int batch, int n,
			   int d);
void ISA(pooling_mean_max_backward)(float *dx, const float *dy, const int32_t *at, const int32_t *numbers,
				    int batch, int n, int d);
void ISA(pooling_gate)(float *h, float *alpha, const float *zt, const float *zc, const float *logits,
		       int batch, int d);
void ISA(pooling_gate_backward)(float *dzt, float *dzc, float *dlogits, const float *dh, const float *zt,
				const float *zc, const float *alpha, int batch, int d);

/* ntxent.c */
void ISA(ntxent_loss)(const struct ntxent *l, float *scratch);
size_t ISA(ntxent_scratch)(int m, int d);

/* adamw.c */
void ISA(adamw_step)(const struct adamw *a);
void ISA(adamw_decide)(const struct decide *d);

/* table.c */
extern const struct ops ISA(table_ops);

#endif
