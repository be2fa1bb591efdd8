#include "stages/shared/network.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"

void network_load(struct encoder *net, const struct artifact *model)
{
	const struct tensors *t = net->tensors;
	for (int i = 0; i < t->n; i++) {
		const struct tensor *w = &t->list[i];
		struct artifact_value v = artifact_get(model, "tensor", w->name, strlen(w->name));
		if (!v.bytes || v.n_bytes != w->count * sizeof(float))
			die("model %s: tensor %s has %zu bytes, expected %zu", artifact_id(model), w->name,
			    v.n_bytes, w->count * sizeof(float));
		net->ops->upload(t->weights + w->offset, v.bytes, v.n_bytes);
	}
}

static int compare_names(const void *a, const void *b)
{
	const struct tensor *const *p = a, *const *q = b;
	return strcmp((*p)->name, (*q)->name);
}

void network_write(struct artifact_writer *w, const struct encoder *net)
{
	const struct tensors *t = net->tensors;
	const struct tensor **sorted = die_malloc((size_t)t->n * sizeof(struct tensor *));
	float *weights = die_malloc(t->count * sizeof *weights);
	int table = artifact_table(w, "tensor");
	net->ops->download(weights, t->weights, t->count * sizeof *weights);
	for (int i = 0; i < t->n; i++)
		sorted[i] = &t->list[i];
	qsort(sorted, (size_t)t->n, sizeof *sorted, compare_names);
	for (int i = 0; i < t->n; i++)
		artifact_put_floats(w, table, sorted[i]->name, strlen(sorted[i]->name),
				    weights + sorted[i]->offset, sorted[i]->count);
	free(sorted);
	free(weights);
}

void network_carry(struct artifact_writer *w, const struct artifact *from, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const json_t *value = artifact_get_attribute(from, names[i]);
		if (value)
			artifact_attribute(w, names[i], json_deep_copy(value));
	}
}
