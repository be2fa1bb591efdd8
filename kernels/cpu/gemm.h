/*
 * GEMM for the other kernels of this folder. gemm_run spreads one product over the pool; gemm_serial does it
 * in the calling thread, inside a pool task, after gemm_reserve for its shape outside. Both compute struct
 * gemm's definition bit for bit.
 */
#ifndef KERNELS_CPU_GEMM_H
#define KERNELS_CPU_GEMM_H

#include "kernels/cpu/isa.h"
#include "kernels/ops.h"

void ISA(gemm_run)(const struct gemm *g);
void ISA(gemm_reserve)(const struct gemm *g);
void ISA(gemm_serial)(const struct gemm *g);

#endif
