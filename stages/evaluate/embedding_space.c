#include "stages/evaluate/embedding_space.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/fold.h"
#include "ecg/label.h"
#include "statistics/scores.h"
#include "statistics/space.h"

/* The one class of a record, or -1. */
static int class_of(int n_classes, uint32_t classes)
{
	for (int c = 0; c < n_classes; c++)
		if (classes == UINT32_C(1) << c)
			return c;
	return -1;
}

struct rows {
	size_t n;
	float *x;
	int *label;
	uint64_t *record;
};

/* Records of exactly one class, of the test fold or of those trained on; at most limit, evenly spread. */
static struct rows read_rows(int n_classes, const struct artifact *a, const char *table, int dim,
			     bool is_test, size_t limit)
{
	size_t room = artifact_count(a, "label"), n_eligible = 0, at = 0;
	struct rows r = {0, die_malloc((limit + 1) * (size_t)dim * sizeof *r.x),
			 die_malloc((limit + 1) * sizeof *r.label),
			 die_malloc((limit + 1) * sizeof *r.record)};
	int *wanted = die_malloc((room + 1) * sizeof *wanted);

	for (struct artifact_cursor *c = artifact_walk(a, "label"); artifact_next(c); at++) {
		struct label l;
		if (c->value_bytes != LABEL_BYTES)
			die("embeddings %s: label of record %" PRIu64 " has %zu bytes, expected %d",
			    artifact_id(a), artifact_record(c->key), c->value_bytes, LABEL_BYTES);
		label_decode(&l, c->value);
		wanted[at] = (is_test ? l.fold == FOLD_TEST : fold_trains(l.fold))
				     ? class_of(n_classes, l.classes)
				     : -1;
		n_eligible += wanted[at] >= 0;
	}

	at = 0;
	size_t seen = 0;
	for (struct artifact_cursor *c = artifact_walk(a, "label"); artifact_next(c); at++) {
		if (wanted[at] < 0)
			continue;
		seen++;
		if (n_eligible > limit && seen * limit / n_eligible == (seen - 1) * limit / n_eligible)
			continue;
		struct artifact_value v = artifact_get_record(a, table, artifact_record(c->key));
		if (v.n_bytes != (size_t)dim * sizeof *r.x)
			die("embeddings %s: record %" PRIu64 " has no row of %d numbers in table %s",
			    artifact_id(a), artifact_record(c->key), dim, table);
		memcpy(r.x + r.n * (size_t)dim, v.bytes, v.n_bytes);
		r.record[r.n] = artifact_record(c->key);
		r.label[r.n++] = wanted[at];
	}

	free(wanted);
	return r;
}

static void release_rows(struct rows *r)
{
	free(r->x);
	free(r->label);
	free(r->record);
}

/* View v of the rows' records, [n][dim], or NULL if the embeddings have none. */
static float *read_pair(const struct artifact *a, const char *table, const struct rows *r, int dim, int v)
{
	if (!artifact_has_table(a, table))
		return NULL;
	float *x = die_malloc((r->n * (size_t)dim + 1) * sizeof *x);
	for (size_t i = 0; i < r->n; i++) {
		struct artifact_value value = artifact_get_part(a, table, r->record[i], v);
		if (value.n_bytes != (size_t)dim * sizeof *x)
			die("embeddings %s: record %" PRIu64 " has no pair of views in table %s",
			    artifact_id(a), r->record[i], table);
		memcpy(x + i * (size_t)dim, value.bytes, value.n_bytes);
	}
	return x;
}

static json_t *labels_json(const struct rows *r)
{
	json_t *out = json_array();
	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(out, json_integer(r->label[i]));
	return out;
}

json_t *embedding_space_measure(struct embedding_space_maps *maps, const struct artifact *embeddings,
				bool is_random, const struct embedding_space_options *o)
{
	const char *table = is_random ? "random" : "embedding",
		   *pair_table = is_random ? "random_pair" : "pair";
	int dim = (int)artifact_integer(embeddings, "dim");

	if (dim < 1)
		die("embeddings %s: dim is %d, expected at least 1", artifact_id(embeddings), dim);
	struct rows test = read_rows(o->n_classes, embeddings, table, dim, true, o->n_records),
		    train = read_rows(o->n_classes, embeddings, table, dim, false, 8 * o->n_records);
	float *pair[2];
	for (int v = 0; v < 2; v++)
		pair[v] = read_pair(embeddings, pair_table, &test, dim, v);

	struct space_input in = {.raw = test.x,
				 .label = test.label,
				 .n = test.n,
				 .train = train.x,
				 .train_label = train.label,
				 .n_train = train.n,
				 .pair = {pair[0], pair[1]},
				 .n_pairs = pair[0] ? test.n : 0,
				 .dim = dim,
				 .n_classes = o->n_classes,
				 .seed = o->seed};
	json_t *out = space_measures(&in);
	maps->n = test.n;
	maps->pca = die_malloc((2 * test.n + 1) * sizeof *maps->pca);
	maps->tsne = die_malloc((2 * test.n + 1) * sizeof *maps->tsne);

	double divergence = space_maps(maps->pca, maps->tsne, test.x, test.n, dim, o->perplexity, o->n_steps);
	json_object_set_new(out, "tsne_divergence", scores_number(divergence));
	json_object_set_new(out, "map_labels", labels_json(&test));
	for (int v = 0; v < 2; v++)
		free(pair[v]);
	release_rows(&test);
	release_rows(&train);

	return out;
}

void embedding_space_release(struct embedding_space_maps *maps)
{
	free(maps->pca);
	free(maps->tsne);
}
