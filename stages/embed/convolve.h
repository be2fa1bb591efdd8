/*
 * Table `convolutions` of embeddings: what random convolutions make of the records (ecg/convolutions.h), the
 * floor that an encoder must beat.
 *
 *	struct convolve *c = convolve_open(w, n_floor, seed, n_samples, dim); // NULL: none is asked for
 *	convolve_put(c, record, signal, n);                                   // NULL: nothing
 *	convolve_close(c);
 */
#ifndef STAGES_EMBED_CONVOLVE_H
#define STAGES_EMBED_CONVOLVE_H

#include <stdint.h>

#include "store/artifact.h"

struct convolve;

/* n_floor kernels, attribute `convolutions`. Beside a wide embedding of dim numbers the rows go on to as many
 * features as that, attribute `convolutions_columns`. */
struct convolve *convolve_open(struct artifact_writer *w, int n_floor, uint64_t seed, int n_samples, int dim);
/* signal [n]: [12][n_samples] each, as they lie in the artifact; record [n]. */
void convolve_put(struct convolve *c, const uint64_t *record, const void *const *signal, int n);
void convolve_close(struct convolve *c);

#endif
