#include "stages/shared/legacy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "statistics/probe.h"
#include "statistics/scores.h"
#include "statistics/scoretable.h"

const char legacy_sentence[] =
	"The poster's own scoring, not comparable with any other row: each segment of folds 9 and 10 is "
	"judged as if it were independent, and fold 9 is tested on.";

struct samples {
	const struct artifact *embeddings;
	size_t n, room;
	uint64_t *record; /* [n] whose segment it is */
	uint8_t *segment; /* [n] which */
	uint8_t *truth;	  /* [n][n_classes] */
};

bool legacy_has(const struct artifact *embeddings)
{
	return artifact_has_table(embeddings, "segment");
}

/* Of a record. */
static size_t n_segments(const struct artifact *embeddings)
{
	size_t n = artifact_count(embeddings, "embedding");
	return n ? artifact_count(embeddings, "segment") / n : 0;
}

static void add(struct samples *s, const struct judge_part *p, size_t dim, size_t n_classes)
{
	size_t most = n_segments(s->embeddings);
	s->room += most * p->n;
	s->record = die_realloc(s->record, (s->room + 1) * sizeof *s->record);
	s->segment = die_realloc(s->segment, s->room + 1);
	s->truth = die_realloc(s->truth, s->room * n_classes + 1);

	for (size_t i = 0; i < p->n; i++) {
		size_t before = s->n;
		for (size_t v = 0; v < most; v++) {
			struct artifact_value row =
				artifact_get_part(s->embeddings, "segment", p->record[i], (int)v);
			if (!row.bytes || row.n_bytes != dim * sizeof(float))
				break;
			s->record[s->n] = p->record[i];
			s->segment[s->n] = (uint8_t)v;
			memcpy(s->truth + s->n++ * n_classes, p->truth + i * n_classes, n_classes);
		}
		if (s->n == before)
			die("embeddings %s: record %" PRIu64 " has no row in table segment",
			    artifact_id(s->embeddings), p->record[i]);
	}
}

static void samples_release(struct samples *s)
{
	free(s->record);
	free(s->segment);
	free(s->truth);
}

static void read_row(const struct rows *r, float *out, size_t i)
{
	const struct samples *s = r->context;
	struct artifact_value row = artifact_get_part(s->embeddings, "segment", s->record[i], s->segment[i]);
	memcpy(out, row.bytes, row.n_bytes); /* its size was looked at in add() */
}

static json_t *score(const struct probe *p, const struct judge *j, const struct samples *test)
{
	struct metrics m;
	metrics_init(&m, j->n_classes);
	metrics_compute(&m, &(struct metrics_input){.n = test->n,
						    .n_classes = j->n_classes,
						    .probability = p->probability[PROBE_TEST],
						    .truth = test->truth});
	json_t *out = json_pack(
		"{s:s, s:I, s:o, s:{s:{s:o}, s:{s:o}}}", "name", "legacy, per segment", "segments",
		(json_int_t)test->n, "test", scores_metrics(&m, j->classes, false), "interval", "macro_f1",
		"value", scores_number(m.macro_f1), "macro_auroc", "value", scores_number(m.macro_auroc));
	metrics_release(&m);
	return out;
}

void legacy_put(struct artifact_writer *w, const struct judge *j, const struct artifact *embeddings, int dim)
{
	struct samples train = {.embeddings = embeddings}, test = train;
	struct probe p;
	size_t n_classes = (size_t)j->n_classes, n;

	if (j->is_multi)
		return;
	add(&train, &j->part[PROBE_TRAIN], (size_t)dim, n_classes);
	add(&test, &j->part[PROBE_VALIDATION], (size_t)dim, n_classes);
	add(&test, &j->part[PROBE_TEST], (size_t)dim, n_classes);

	struct probe_data data = {.n = {train.n, 0, test.n},
				  .truth = {train.truth, NULL, test.truth},
				  .n_classes = j->n_classes};
	const struct rows rows[PROBE_PARTS] = {
		{train.n, dim, read_row, &train}, {.d = dim}, {test.n, dim, read_row, &test}};
	probe_fit(&p, &data, rows, &(struct probe_options){1, 1, 1, false, NULL});

	json_t *row = score(&p, j, &test);
	char *text = json_canonical(row, &n);
	artifact_put(w, artifact_table(w, "legacy"), "metrics", 7, text, n);
	free(text);
	json_decref(row);
	probe_release(&p);
	samples_release(&train);
	samples_release(&test);
}

json_t *legacy_read(const struct artifact *scores)
{
	struct artifact_value v = {0};
	if (artifact_has_table(scores, "legacy"))
		v = artifact_get(scores, "legacy", "metrics", 7);
	return v.bytes ? json_read(v.bytes, v.n_bytes, "legacy", NULL) : NULL;
}

void legacy_print(const json_t *classes, const json_t *rows)
{
	if (!json_array_size(rows))
		return;
	printf("\n%s\n", legacy_sentence);
	scoretable_rows(stdout, classes, rows);
}
