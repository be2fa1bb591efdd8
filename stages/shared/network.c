#include "stages/shared/network.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "model/config.h"

static const char *const sizes[] = {"d_model", "n_heads",	   "n_time_layers", "n_channel_layers",
				    "n_cross", "projector_hidden", "projector_out"};

const char *network_size_given(const struct params *p)
{
	if (config_towers(params_text(p, "towers")) != TOWERS_BOTH)
		return "towers";
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		if (params_int(p, sizes[i]) >= 0)
			return sizes[i];
	return NULL;
}

struct encoder_config network_config(const struct params *p, const struct views *v)
{
	const char *model = params_text(p, "model"), *towers = params_text(p, "towers");
	struct encoder_config c;
	struct error e = {0};

	if (!strcmp(model, "exemplars") || !strcmp(model, "ensemble"))
		die("pretrain.model: %s is no network and has no weights to train on labels; choose "
		    "another model, or probe it",
		    model);
	if (encoder_preset(&c, model, views_input_samples(v), (float)views_input_rate(v)) < 0)
		BUG("a model size without a preset");
	if (encoder_set_towers(&c, config_towers(towers)) < 0)
		die("pretrain.towers: %s has no towers to choose from; leave it at both", model);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		if (params_int(p, sizes[i]) >= 0 &&
		    encoder_set(&c, sizes[i], (int)params_int(p, sizes[i])) < 0)
			die("pretrain.%s: %s has no such size; leave it at -1", sizes[i], model);

	if (encoder_config_check(&c, &e) < 0)
		die("%s", error_text(&e));
	return c;
}

void network_load(struct encoder *net, const struct artifact *model)
{
	struct member whole = member_whole(model);
	network_load_member(net, &whole);
}

void network_load_member(struct encoder *net, const struct member *m)
{
	const struct tensors *t = net->tensors;
	for (int i = 0; i < t->n; i++) {
		const struct tensor *w = &t->list[i];
		struct artifact_value v = member_tensor(m, w->name);
		if (!v.bytes || v.n_bytes != w->count * sizeof(float))
			die("model %s: tensor %s has %zu bytes, expected %zu", artifact_id(m->in), w->name,
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
