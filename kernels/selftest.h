/* A quick proof, before its first use, that a table computes on this machine what the
 * plain definitions do. */
#ifndef KERNELS_SELFTEST_H
#define KERNELS_SELFTEST_H

#include "kernels/ops.h"

/* NULL, or the name of the first operation of `fast` whose bits differ from the plain loop (gemm) or from
 * `plain` (the scalar table). A few milliseconds. */
const char *selftest_run(const struct ops *fast, const struct ops *plain);

#endif
