#include "stages/evaluate/attention.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/lead.h"
#include "statistics/faithfulness.h"
#include "statistics/attention_summary.h"

/* One record: what its leads get, mean over its views, each kind summing to 1. */
struct record {
	uint64_t id;
	int at;		  /* place in the study, or -1 */
	int n_views;	  /* summed so far */
	uint32_t classes; /* bits of the groups */
	double cross[LEADS], rollout[LEADS];
};

struct looks {
	const struct arms *study;
	const struct artifact *embeddings, *scores;
	int n_heads, n_tokens;
	size_t n;
	struct record *record;
	struct attention_summary summary;
	double *time; /* sum of rollout over views, [n_tokens] */
	size_t n_rollouts;
};

/* ---- reading ---- */

static bool read_shape(struct looks *k)
{
	const json_t *maps = k->embeddings ? artifact_get_attribute(k->embeddings, "attention_maps") : NULL,
		     *shape = json_object_get(json_array_get(maps, 0), "shape");
	k->n_heads = (int)json_integer_value(json_array_get(shape, 0));
	k->n_tokens = (int)json_integer_value(json_array_get(shape, 1));
	return k->n_heads > 0 && k->n_tokens > 0 && json_integer_value(json_array_get(shape, 2)) == LEADS;
}

static int by_id(const void *key, const void *member)
{
	uint64_t a = *(const uint64_t *)key, b = *(const uint64_t *)member;
	return a < b ? -1 : a > b;
}

static int place_of(const struct arms *s, uint64_t id)
{
	const uint64_t *found = bsearch(&id, s->record, s->n, sizeof id, by_id);
	return found ? (int)(found - s->record) : -1;
}

/* Keys ascend, so the views of a record follow one another. */
static struct record *record_of(struct looks *k, const void *key)
{
	uint64_t id = artifact_record(key);
	if (!k->n || k->record[k->n - 1].id != id) {
		struct artifact_value v = artifact_get_record(k->embeddings, "label", id);
		struct label l = {0};
		if (v.n_bytes == LABEL_BYTES)
			label_decode(&l, v.bytes);
		k->record[k->n++] =
			(struct record){.id = id, .at = place_of(k->study, id), .classes = l.classes};
	}
	return &k->record[k->n - 1];
}

/* The record's one class among the groups, or -1. */
static int class_of(const struct looks *k, const struct record *r)
{
	for (size_t c = 0; c < json_array_size(k->study->groups); c++)
		if (r->classes == UINT32_C(1) << c)
			return (int)c;
	return -1;
}

static void add_rollout(struct looks *k, struct record *r, const void *key, size_t key_bytes)
{
	float relevance[LEADS];
	struct artifact_value v = artifact_get(k->embeddings, "rollout", key, key_bytes);
	size_t n_time = (size_t)k->n_tokens * sizeof(float);
	double sum = 0, all = 0;

	if (v.n_bytes != n_time + sizeof relevance)
		return;
	memcpy(relevance, (const char *)v.bytes + n_time, sizeof relevance);
	for (int l = 0; l < LEADS; l++)
		sum += (double)relevance[l];
	for (int l = 0; l < LEADS && sum > 0; l++)
		r->rollout[l] += (double)relevance[l] / sum;

	float *time = die_malloc(n_time);
	memcpy(time, v.bytes, n_time);
	for (int t = 0; t < k->n_tokens; t++)
		all += (double)time[t];
	for (int t = 0; t < k->n_tokens && all > 0; t++)
		k->time[t] += (double)time[t] / all;
	free(time);
	k->n_rollouts++;
}

static void add_view(struct looks *k, const struct artifact_cursor *c, float *maps, size_t n)
{
	struct record *r = record_of(k, c->key);
	int rows = k->n_heads * k->n_tokens;
	memcpy(maps, c->value, 2 * n * sizeof *maps);
	attention_summary_add(&k->summary, maps, maps + n, class_of(k, r));
	for (int i = 0; i < rows * LEADS; i++)
		r->cross[i % LEADS] += (double)maps[i] / rows;
	add_rollout(k, r, c->key, c->key_bytes);
	r->n_views++;
}

static void read_looks(struct looks *k)
{
	size_t n = (size_t)k->n_heads * (size_t)k->n_tokens * LEADS;
	float *maps = die_malloc(2 * n * sizeof *maps);

	k->record = die_malloc((artifact_count(k->embeddings, "attention") + 1) * sizeof *k->record);
	k->time = die_calloc((size_t)k->n_tokens, sizeof *k->time);
	attention_summary_init(&k->summary, k->n_heads, k->n_tokens, LEADS,
			       (int)json_array_size(k->study->groups));

	for (struct artifact_cursor *c = artifact_walk(k->embeddings, "attention"); artifact_next(c);)
		if (c->value_bytes == 2 * n * sizeof *maps)
			add_view(k, c, maps, n);

	for (size_t i = 0; i < k->n; i++)
		for (int l = 0; l < LEADS; l++) {
			k->record[i].cross[l] /= k->record[i].n_views;
			k->record[i].rollout[l] /= k->record[i].n_views;
		}

	free(maps);
}

/* ---- rollout ---- */

/* Mean over the records of class c, or over all for -1. */
static json_t *rollout_leads(const struct looks *k, int c, size_t *n)
{
	double sum[LEADS] = {0};
	json_t *out = json_array();
	*n = 0;
	for (size_t i = 0; i < k->n; i++) {
		if (c >= 0 && class_of(k, &k->record[i]) != c)
			continue;
		for (int l = 0; l < LEADS; l++)
			sum[l] += k->record[i].rollout[l];
		++*n;
	}
	for (int l = 0; l < LEADS && *n; l++)
		json_array_append_new(out, json_real(sum[l] / (double)*n));
	return out;
}

static json_t *rollout_json(const struct looks *k)
{
	size_t n;
	json_t *each = json_object(), *time = json_array(), *all = rollout_leads(k, -1, &n);
	for (int t = 0; t < k->n_tokens; t++)
		json_array_append_new(time, json_real(k->time[t] / (double)k->n_rollouts));
	json_t *out = json_pack("{s:I, s:o, s:o}", "n", (json_int_t)n, "lead", all, "time", time);
	for (size_t c = 0; c < json_array_size(k->study->groups); c++) {
		json_t *leads = rollout_leads(k, (int)c, &n);
		if (n)
			json_object_set_new(each, json_string_value(json_array_get(k->study->groups, c)),
					    json_pack("{s:I, s:O}", "n", (json_int_t)n, "lead", leads));
		json_decref(leads);
	}
	json_object_set_new(out, "class", each);
	return out;
}

/* ---- faithfulness ---- */

/* Floats under a key of the scores' classifier, or NULL if there are not n. */
static float *read_floats(const struct artifact *scores, const char *key, size_t n)
{
	struct artifact_value v = artifact_get(scores, "weight", key, strlen(key));
	if (v.n_bytes != n * sizeof(float))
		return NULL;
	float *x = die_malloc(v.n_bytes + 1);
	memcpy(x, v.bytes, v.n_bytes);
	return x;
}

/* slope [C][dim]: how a class's logit changes with the embedding; NULL if the scores have no linear probe.
 * The log-std that may follow the embedding stay as they are, so they do not count. */
static double *read_slope(const struct looks *k, size_t dim)
{
	size_t n_classes = (size_t)k->study->n_classes;
	if (!artifact_has_table(k->scores, "weight") || artifact_get_attribute(k->scores, "from"))
		return NULL;
	size_t d = artifact_get(k->scores, "weight", "mean", 4).n_bytes / sizeof(float);
	float *scale = d < dim ? NULL : read_floats(k->scores, "scale", d),
	      *weight = d < dim ? NULL : read_floats(k->scores, "weight", n_classes * d);
	double *slope = scale && weight ? die_malloc((n_classes * dim + 1) * sizeof *slope) : NULL;
	for (size_t i = 0; slope && i < n_classes * dim; i++) {
		size_t at = i % dim;
		slope[i] = scale[at] > 0 ? (double)weight[i / dim * d + at] / (double)scale[at] : 0;
	}
	free(scale);
	free(weight);
	return slope;
}

/* drop [12] of the true class's logit (the mean of several) with each lead hidden; false if the record has
 * no class or no row. */
static bool read_drop(const struct looks *k, double drop[LEADS], const struct record *r, const double *slope,
		      size_t dim)
{
	size_t n_classes = (size_t)k->study->n_classes, n_true = 0;
	struct artifact_value whole = artifact_get_record(k->embeddings, "embedding", r->id);

	memset(drop, 0, LEADS * sizeof *drop);
	if (r->at < 0 || whole.n_bytes != dim * sizeof(float))
		return false;
	const uint8_t *truth = k->study->truth + (size_t)r->at * n_classes;
	for (size_t c = 0; c < n_classes; c++)
		n_true += truth[c];

	for (int l = 0; l < LEADS && n_true; l++) {
		struct artifact_value hidden = artifact_get_part(k->embeddings, "masked", r->id, l);
		if (hidden.n_bytes != whole.n_bytes)
			return false;
		for (size_t at = 0; at < dim; at++) {
			float x, y;
			memcpy(&x, (const char *)whole.bytes + at * sizeof x, sizeof x);
			memcpy(&y, (const char *)hidden.bytes + at * sizeof y, sizeof y);
			for (size_t c = 0; c < n_classes; c++)
				if (truth[c])
					drop[l] += slope[c * dim + at] * ((double)x - (double)y) /
						   (double)n_true;
		}
	}

	return n_true > 0;
}

static json_t *faithfulness(const struct looks *k, const double *slope, size_t dim)
{
	double *cross = die_malloc((k->n * LEADS + 1) * sizeof *cross),
	       *rollout = die_malloc((k->n * LEADS + 1) * sizeof *rollout),
	       *drop = die_malloc((k->n * LEADS + 1) * sizeof *drop);
	uint64_t *patient = die_malloc((k->n + 1) * sizeof *patient);
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++) {
		const struct record *r = &k->record[i];
		if (!read_drop(k, drop + n * LEADS, r, slope, dim))
			continue;
		memcpy(cross + n * LEADS, r->cross, sizeof r->cross);
		memcpy(rollout + n * LEADS, r->rollout, sizeof r->rollout);
		patient[n++] = k->study->patient[r->at];
	}

	struct faithfulness_input in = {.n = n,
					.n_leads = LEADS,
					.attention = cross,
					.drop = drop,
					.patient = patient,
					.seed = (uint64_t)params_int(k->study->run->params, "seed"),
					.n_resamples = (int)params_int(k->study->run->params, "bootstrap")};
	json_t *out = json_pack("{s:I, s:o}", "n", (json_int_t)n, "cross", faithfulness_json(&in));
	in.attention = rollout;
	json_object_set_new(out, "rollout", faithfulness_json(&in));
	free(cross);
	free(rollout);
	free(drop);
	free(patient);

	return out;
}

/* ---- the arm ---- */

static void note(struct arm *a, const char *sentence)
{
	json_object_set_new(a->json, "attention_note", json_string(sentence));
}

static void add_faithfulness(const struct looks *k, struct arm *a, json_t *out)
{
	size_t dim = (size_t)artifact_integer(k->embeddings, "dim");
	double *slope = read_slope(k, dim);
	json_t *judged =
		slope && artifact_has_table(k->embeddings, "masked") ? faithfulness(k, slope, dim) : NULL;

	free(slope);
	if (judged && json_integer_value(json_object_get(judged, "n")))
		json_object_set(out, "faithfulness", judged);
	else if (judged)
		note(a,
		     "None of the records whose attention was kept has a class, so faithfulness is unknown.");
	else
		note(a,
		     "The maps are those of the pretrained network, but the scores come from another one or "
		     "from no linear probe, so faithfulness is left out.");

	json_decref(judged);
}

void attention_add(const struct arms *s, struct arm *a)
{
	struct looks k = {.study = s, .embeddings = a->embeddings, .scores = a->scores};
	if (!a->embeddings)
		return;
	if (!read_shape(&k)) {
		note(a, "No cross-attention between time and leads, or none was kept, so there are no maps.");
		return;
	}

	read_looks(&k);
	if (k.n) {
		json_t *out = attention_summary_json(&k.summary, s->groups);
		if (k.n_rollouts)
			json_object_set_new(out, "rollout", rollout_json(&k));
		add_faithfulness(&k, a, out);
		json_object_set_new(a->json, "attention", out);
	} else {
		note(a, "Fold 10 has no record whose attention could be kept.");
	}

	attention_summary_release(&k.summary);
	free(k.record);
	free(k.time);
}
