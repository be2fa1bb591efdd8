/* What each file of this folder gives the table of operations; kernels/ops.h says what each does. */
#ifndef KERNELS_CUDA_TABLE_H
#define KERNELS_CUDA_TABLE_H

#include "kernels/extension.h"
#include "kernels/ops.h"

/* gemm.c */
void gemm_run(const struct gemm *g);

/* reduce.c */
void reduce_rows(float *db, const float *dy, int m, int n, int ld, struct by_block by);
/* The same, of those rows whose keep is 0. */
void reduce_chosen_rows(float *to, const float *x, const uint8_t *keep, size_t m, int n, int ld,
			struct by_block by);
void reduce_blocks(float *to, const float *from, int m, size_t n);
float reduce_sum_squares(const float *x, size_t n);
void reduce_squares(float *sum, const float *x, size_t n);

/* conv.c */
void conv_forward(const struct conv1d *s);
void conv_backward(const struct conv1d *s);
size_t conv_scratch(const struct conv1d *s);

/* layout.c */
void layout_pack_signal(float *y, const float *x, const uint8_t *keep, const int32_t *numbers, int batch,
			int c, int t, int pad, int t_pad);
void layout_pad_time(float *y, const float *x, int batch, int t, int c, int pad, int t_pad);
void layout_pad_time_backward(float *dx, const float *dy, int batch, int t, int c, int pad, int t_pad);

/* elementwise.c */
void elementwise_add(float *y, const float *a, const float *b, size_t n);
void elementwise_divide(float *y, const float *x, float by, size_t n);
void elementwise_mix(float *y, const float *x, float share, size_t n);
void elementwise_gelu(float *y, const float *x, size_t n);
void elementwise_gelu_backward(float *dx, const float *dy, const float *x, size_t n);
void elementwise_relu(float *y, const float *x, size_t n);
void elementwise_relu_backward(float *dx, const float *dy, const float *y, size_t n);

/* layernorm.c */
void layernorm_forward(float *y, float *mean, float *rstd, const float *x, const float *w, const float *b,
		       int m, int d, float eps);
void layernorm_backward(float *dx, float *dw, float *db, const float *dy, const float *x, const float *w,
			const float *mean, const float *rstd, const float *dresidual, int m, int d,
			struct by_block by);

/* groupnorm.c */
void groupnorm_gelu(const struct groupnorm *n);
void groupnorm_gelu_backward(const struct groupnorm *n);

/* batchnorm.c */
void batchnorm_sums(const struct batchnorm *n, float *sums);
void batchnorm_square_sums(const struct batchnorm *n, float *sums);
void batchnorm_gradient_sums(const struct batchnorm *n, float *sums);
void batchnorm_forward(const struct batchnorm *n);
void batchnorm_backward(const struct batchnorm *n);
void batchnorm_running(float *mean, float *variance, const struct batchnorm *n, float momentum);

/* timepool.c */
void timepool_max(float *y, int32_t *at, const float *x, int batch, int t, int c, int k, int stride,
		  int t_out);
void timepool_max_backward(float *dx, const float *dy, const int32_t *at, int batch, int t, int c, int t_out);
void timepool_mean(float *y, const float *x, int batch, int t, int c);
void timepool_mean_backward(float *dx, const float *dy, int batch, int t, int c);

/* attention.c */
void attention_forward(const struct attention *a);
void attention_backward(const struct attention *a);

/* tokens.c */
void tokens_add_position(float *y, const float *x, const float *p, int batch, int n, int d);
void tokens_add_position_backward(float *dp, const float *dy, int batch, int n, int d, struct by_block by);
void tokens_add_record(float *y, const float *x, const float *e, int batch, int n, int d);
void tokens_add_record_backward(float *de, const float *dy, int batch, int n, int d);
void tokens_mask(float *y, const float *x, const uint8_t *keep, const float *token, int batch, int n, int d);
void tokens_mask_backward(float *dx, float *dtoken, const float *dy, const uint8_t *keep, int batch, int n,
			  int d, struct by_block by);

/* pooling.c */
void pooling_mean_max(float *y, int32_t *at, const float *x, const int32_t *numbers, int batch, int n, int d);
void pooling_mean_max_backward(float *dx, const float *dy, const int32_t *at, const int32_t *numbers,
			       int batch, int n, int d);
void pooling_gate(float *h, float *alpha, const float *zt, const float *zc, const float *logits, int batch,
		  int d);
void pooling_gate_backward(float *dzt, float *dzc, float *dlogits, const float *dh, const float *zt,
			   const float *zc, const float *alpha, int batch, int d);

/* ntxent.c */
void ntxent_loss(const struct ntxent *l, float *scratch);
size_t ntxent_scratch(int m, int d);

/* adamw.c */
void adamw_step(const struct adamw *a);
void adamw_decide(const struct decide *d);

/* The program that opened the library. */
extern const struct extension_host *table_host;

#endif
