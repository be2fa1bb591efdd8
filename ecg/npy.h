/*
 * An array of samples as NumPy's save() writes it (format 1 to 3; numpy.lib.format): two dimensions, one of
 * them the leads in the order that the user states; float32, float64, int16 or int32, little-endian, C or
 * Fortran order.
 *
 *	if (npy_read(&record, "r.npy", bytes, n_bytes, &choice, &e) < 0) ...
 *
 * Integers stay what they are, steps of one unit (the lowest value of the type is no sample); floats become
 * steps of one nanovolt, NaN no sample.
 */
#ifndef ECG_NPY_H
#define ECG_NPY_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "ecg/recording.h"

/* Bytes may be hostile. 0, or -1 with e filled at `file`. */
int npy_read(struct record *r, const char *file, const uint8_t *bytes, size_t n_bytes,
	     const struct recording_choice *c, struct error *e);

#endif
