#include "stages/shared/exemplars.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "ecg/views.h"

bool exemplars_are_in(const struct artifact *a)
{
	struct member whole = member_whole(a);
	return exemplars_are_of(&whole);
}

bool exemplars_are_of(const struct member *m)
{
	return !strcmp(json_text(member_attribute(m, "config"), "encoder"), "exemplars");
}

struct exemplars *exemplars_new(int n, int n_everywhere, int n_gated, int samples, double rate_hz,
				uint64_t seed)
{
	struct exemplars *e = die_calloc(1, sizeof *e);
	e->n_everywhere = n_everywhere;
	e->n_gated = n_gated;
	e->seed = seed;
	shares_init(&e->shares, n_everywhere, n_gated, samples, rate_hz, seed);
	e->threshold = die_calloc((size_t)e->shares.n + 1, sizeof *e->threshold);
	nystrom_init(&e->map, n, e->shares.n + LEADS);
	return e;
}

void exemplars_free(struct exemplars *e)
{
	if (!e)
		return;
	shares_release(&e->shares);
	nystrom_release(&e->map);
	free(e->threshold);
	free(e);
}

/* ---- in an artifact ---- */

enum { TENSORS = 6 };

/* Ascending by name. */
struct tensor {
	const char *name;
	float *values;
	int shape[2]; /* the second 0: it has one dimension */
};

static void list_tensors(struct tensor list[TENSORS], struct exemplars *e)
{
	struct nystrom *m = &e->map;
	const struct tensor all[TENSORS] = {
		{"bandwidth", &m->bandwidth, {1}},	   {"deviation", m->deviation, {m->dim}},
		{"exemplar", m->exemplar, {m->n, m->dim}}, {"mean", m->mean, {m->dim}},
		{"root", m->root, {m->n, m->n}},	   {"threshold", e->threshold, {e->shares.n}}};
	memcpy(list, all, sizeof all);
}

static size_t count(const struct tensor *t)
{
	return (size_t)t->shape[0] * (size_t)(t->shape[1] ? t->shape[1] : 1);
}

static void read_tensors(struct exemplars *e, const struct member *model)
{
	struct tensor list[TENSORS];
	list_tensors(list, e);
	for (int i = 0; i < TENSORS; i++) {
		size_t n_bytes = count(&list[i]) * sizeof(float);
		struct artifact_value v = member_tensor(model, list[i].name);
		if (!v.bytes || v.n_bytes != n_bytes)
			die("model %s: tensor %s has %zu bytes, expected %zu", artifact_id(model->in),
			    list[i].name, v.n_bytes, n_bytes);
		memcpy(list[i].values, v.bytes, n_bytes);
	}
}

static bool is_within(json_int_t x, json_int_t least, json_int_t most)
{
	return x >= least && x <= most;
}

struct exemplars *exemplars_open(const struct member *model)
{
	const json_t *config = member_attribute(model, "config");
	json_int_t n, everywhere, gated, samples, seed;
	double rate_hz;
	json_error_t at;

	/* The format of jansson's unpack has no const form; the value is only read. */
	if (json_unpack_ex((json_t *)config, &at, 0, "{s:I, s:I, s:I, s:I, s:I, s:F}", "exemplars", &n,
			   "shares", &everywhere, "gated_shares", &gated, "samples", &samples, "seed", &seed,
			   "rate_hz", &rate_hz) < 0)
		die("model %s: attribute \"config\": %s", artifact_id(model->in), at.text);
	if (!is_within(n, 1, EXEMPLARS_MOST) || !is_within(everywhere, 0, EXEMPLARS_MOST_SHARES) ||
	    !is_within(gated, 0, EXEMPLARS_MOST_SHARES) || !is_within(samples, 1, VIEWS_MAX_SAMPLES) ||
	    seed < 0 || !(rate_hz > 0 && rate_hz <= 10000) || shares_check((int)samples, rate_hz) < 0)
		die("model %s: attribute \"config\": a size is out of range; pretrain writes none such",
		    artifact_id(model->in));

	struct exemplars *e =
		exemplars_new((int)n, (int)everywhere, (int)gated, (int)samples, rate_hz, (uint64_t)seed);
	read_tensors(e, model);
	return e;
}

void exemplars_write(const struct exemplars *e, struct artifact_writer *w)
{
	struct tensor list[TENSORS];
	json_t *shapes = json_object();
	int table = artifact_table(w, "tensor");

	list_tensors(list, (struct exemplars *)e);
	for (int i = 0; i < TENSORS; i++) {
		json_t *shape = json_array();
		for (int k = 0; k < 2 && list[i].shape[k]; k++)
			json_array_append_new(shape, json_integer(list[i].shape[k]));
		json_object_set_new(shapes, list[i].name, shape);
		artifact_put_floats(w, table, list[i].name, strlen(list[i].name), list[i].values,
				    count(&list[i]));
	}

	artifact_attribute(w, "tensors", shapes);
	artifact_attribute(w, "config",
			   json_pack("{s:s, s:i, s:i, s:i, s:i, s:f, s:I}", "encoder", "exemplars",
				     "exemplars", e->map.n, "shares", e->n_everywhere, "gated_shares",
				     e->n_gated, "samples", e->shares.samples, "rate_hz", e->shares.rate_hz,
				     "seed", (json_int_t)e->seed));
}

/* ---- a record ---- */

void exemplars_features(const struct exemplars *e, float *out, const void *signal, const float scale[LEADS])
{
	shares_apply(&e->shares, out, e->threshold, signal, scale);
	memcpy(out + e->shares.n, scale, LEADS * sizeof *scale);
}

void exemplars_embed(const struct exemplars *e, float *h, const void *signal, const float scale[LEADS])
{
	float *features = die_malloc((size_t)e->map.dim * sizeof *features);
	bool *known = die_malloc((size_t)e->shares.n * sizeof *known);
	exemplars_features(e, features, signal, scale);
	shares_known(&e->shares, known, signal);
	for (int k = 0; k < e->shares.n; k++)
		if (!known[k])
			features[k] = e->map.mean[k];
	nystrom_map(&e->map, h, features);
	free(known);
	free(features);
}
