/*
 * Batched products so small that an item's operands and result lie in the first cache, as the heads of an
 * attention. Same definition as gemm.c, bit for bit.
 *
 * A transposed B is turned once per item, in this thread's own memory; everything else is read where it lies.
 * While an item is worked out, its tiles ask for the operands and the place of the next.
 */
#ifndef KERNELS_CPU_ITEMS_H
#define KERNELS_CPU_ITEMS_H

#include <stdbool.h>

#include "kernels/cpu/isa.h"
#include "kernels/ops.h"

/* Whether items_run may be used: small, nothing but sums in the epilogue. The items are no chain. */
bool ISA(items_has)(const struct gemm *g);
void ISA(items_run)(const struct gemm *g);

#endif
