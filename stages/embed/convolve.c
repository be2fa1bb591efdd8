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

struct convolve *convolve_open(struct artifact_writer *w, int n_kernels, uint64_t seed, int n_samples)
{
	if (!n_kernels)
		return NULL;
	struct convolve *c = die_calloc(1, sizeof *c);
	c->writer = w;
	c->table = artifact_table(w, "convolutions");
	convolutions_init(&c->kernels, n_kernels, n_samples, seed);
	artifact_attribute(w, "convolutions", json_integer(n_kernels));
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
