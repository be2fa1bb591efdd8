/*
 * Convolutions too narrow for the tiles of tile.h, as a stem's first layer (1 -> 24 channels, 15 taps). Same
 * definition as conv.c, bit for bit.
 *
 * Forward: the outputs of two successive times are one row of 16 or 48 lanes, instead of two that waste
 * half a vector. Weights: one vector holds a whole window and, behind it, a one whose products add up
 * to the bias gradient.
 */
#ifndef KERNELS_CPU_NARROW_H
#define KERNELS_CPU_NARROW_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/cpu/isa.h"

struct narrow {
	int batch, t_pad, c_in, c_out, k, stride, t_out;
};

bool ISA(narrow_has_forward)(const struct narrow *n);
void ISA(narrow_forward)(float *y, const float *x, const float *w, const float *bias, const struct narrow *n);

bool ISA(narrow_has_weights)(const struct narrow *n);
/* dw [Cout,K*Cin], dbias [Cout] overwritten: one chain each over all records and times. In this thread. */
void ISA(narrow_weights)(float *dw, float *dbias, const float *dy, const float *x, const struct narrow *n);

#endif
