/*
 * A table of operations that measures another one: calls, CPU seconds and floating-point operations of each
 * entry that the transformer's training step uses. For one thread: a pool's other threads are not seen.
 *
 *	const struct ops *o = timed_ops(ops_cpu());
 *	... run with o ...
 *	timed_print(total_cpu_s, peak_flops);
 */
#ifndef BENCH_TIMED_H
#define BENCH_TIMED_H

#include "kernels/ops.h"

const struct ops *timed_ops(const struct ops *real);
/* Forgets what was measured until now. */
void timed_reset(void);
/* Floating-point operations of products, attention and convolutions since the reset. */
double timed_flops(void);
/* Table by share of total_s, CPU seconds since the reset; what is left over is the model's own code. */
void timed_print(double total_s, double peak_flops);

#endif
