#include "stages/embed/convolve.h"

#include <stdlib.h>

#include "common/die.h"
#include "common/pool.h"
#include "ecg/convolutions.h"

struct convolve {
	struct artifact_writer *writer;
	struct convolutions kernels;
	int table;
	/* What is being computed: */
	const void *const *signal;
	float *features; /* [room][width] */
	int room;
};

/* From so many numbers on, what the default's 400 kernels give, an embedding is given as many features of
 * convolutions as it has numbers itself: a narrow floor says little of a wide embedding. */
enum { WIDE = 800 };

struct convolve *convolve_open(struct artifact_writer *w, int n_floor, uint64_t seed, int n_samples, int dim)
{
	if (!n_floor)
		return NULL;
	int n_wide = dim > WIDE ? (dim + CONVOLUTIONS_FEATURES - 1) / CONVOLUTIONS_FEATURES : 0,
	    n_kernels = n_wide > n_floor ? n_wide : n_floor;
	struct convolve *c = die_calloc(1, sizeof *c);
	c->writer = w;
	c->table = artifact_table(w, "convolutions");
	convolutions_init(&c->kernels, n_kernels, n_samples, seed);
	artifact_attribute(w, "convolutions", json_integer(n_floor));
	if (n_kernels > n_floor)
		artifact_attribute(w, "convolutions_columns", json_integer(convolutions_width(n_kernels)));
	return c;
}

static float *row_of(const struct convolve *c, int i)
{
	return c->features + (size_t)i * (size_t)convolutions_width(c->kernels.n);
}

static void apply(void *context, int i)
{
	const struct convolve *c = context;
	convolutions_apply(&c->kernels, row_of(c, i), c->signal[i]);
}

void convolve_put(struct convolve *c, const uint64_t *record, const void *const *signal, int n)
{
	if (!c)
		return;
	size_t width = (size_t)convolutions_width(c->kernels.n);
	if (n > c->room)
		c->features = die_realloc(c->features, (size_t)n * width * sizeof *c->features);
	c->room = n > c->room ? n : c->room;
	c->signal = signal;
	pool_run(apply, c, n);
	for (int i = 0; i < n; i++)
		artifact_put_floats(c->writer, c->table, artifact_key(record[i]).bytes, 8, row_of(c, i),
				    width);
}

void convolve_close(struct convolve *c)
{
	if (!c)
		return;
	convolutions_release(&c->kernels);
	free(c->features);
	free(c);
}
