/* oneDNN (2.x), opened only here and only for comparison: on one thread, kept to the instruction set
 * being measured. Its header must be there when the benchmark is built (Debian: libdnnl-dev), else it
 * counts as not installed. */
#ifndef BENCH_ONEDNN_H
#define BENCH_ONEDNN_H

#include <stdbool.h>

#include "kernels/ops.h"

struct conv {
	int batch, t_pad, c_in, c_out, k, stride, t_out; /* as ops.h's conv1d */
};
enum pass { FORWARD, WEIGHTS, WEIGHTS_AND_DATA };

/* False if it is not there. isa: avx2, avx512. */
bool onednn_open(const char *isa);
void onednn_gemm(const struct gemm *g);

/* Time-major signals as ours, weights in the layout it likes best. Arrays are borrowed: x, y or dy, and dx or
 * NULL. Never freed; NULL if it has no such convolution. */
struct onednn_conv *onednn_conv(const struct conv *c, enum pass pass, float *x, float *y, float *dx);
void onednn_conv_run(struct onednn_conv *c);

#endif
