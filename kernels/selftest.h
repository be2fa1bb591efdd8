/* A quick proof, before its first use, that a table computes on this machine what the
 * plain definitions do. */
#ifndef KERNELS_SELFTEST_H
#define KERNELS_SELFTEST_H

#include "kernels/ops.h"

/* NULL, or the name of the first operation of `fast` whose bits differ from the plain loop (gemm) or from
 * `plain` (the scalar table); what orders work and copies is judged by what they leave. Milliseconds. */
const char *selftest_run(const struct ops *fast, const struct ops *plain);

/* The same of a table whose products (gemm, conv1d) round their factors: of those the root mean square of
 * what an array differs by is at most `near` of that of the array, and a second run gives the same bits; all
 * else must have those of `plain`. TF32's 11 bits give some 2^-11, bf16's 8 some 2^-8. */
#define SELFTEST_NEAR_TF32 (1.0 / 512)
#define SELFTEST_NEAR_BF16 (1.0 / 128)
const char *selftest_run_near(const struct ops *fast, const struct ops *plain, double near);

/* The one or, near > 0, the other, of sizes that go other ways through a card: large tiles, trees of several
 * chunks, scores and partial sums that have no place in shared memory. */
const char *selftest_run_large(const struct ops *fast, const struct ops *plain, double near);

/* Of a team of processes that all call it: NULL, or which way bytes do not arrive. */
const char *selftest_order_team(const struct ops *o, struct team *t);

/* Whether x[n] is so near what was expected. */
bool selftest_is_near(const float *x, const float *expected, size_t n, double near);

#endif
