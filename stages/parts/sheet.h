/*
 * What the report is made of: the evaluation's arms in the order they are shown, the artifacts behind them, and the page
 * that grows. Of an arm's several seeds the first is drawn; tables for machines have all.
 *
 *	struct sheet s;
 *	sheet_open(&s, run);
 *	for (size_t from = 0, end; (end = sheet_group(&s, from)) > from; from = end) ...    // arms of one kind
 *	sheet_close(&s);
 */
#ifndef STAGES_PARTS_SHEET_H
#define STAGES_PARTS_SHEET_H

#include <jansson.h>
#include <stdbool.h>

#include "report/text.h"
#include "store/stage.h"

struct sheet {
	struct stage_run *run;
	const struct artifact *evaluation;
	const json_t *classes, *groups; /* groups: superclasses, whatever the task */
	const json_t *notes, *seeds;
	json_t *arms, *shown; /* all, and without further seeds: the JSON of evaluate, docs/report.md */
	json_t *floors;	      /* {"scale":..., "majority":...} */
	struct text page;
};

/* Dies if the evaluation cannot be read. */
void sheet_open(struct sheet *s, struct stage_run *run);
void sheet_close(struct sheet *s);

/* The classes if they are few enough for a column, a colour or a matrix each, else NULL. */
const json_t *sheet_columns(const struct sheet *s);
/* What the list of inputs calls <arm>/<kind>, or NULL. */
const struct artifact *sheet_input(const struct sheet *s, const json_t *arm, const char *kind);
const char *sheet_name(const json_t *arm);
/* Id of one of the artifacts behind an arm ("scores", "embeddings", "model"), or NULL. */
const char *sheet_id(const json_t *arm, const char *kind);
/* Trained on the labels: by finetune, not judged by a probe. */
bool sheet_is_tuned(const json_t *arm);
/* End of the run of shown arms of one group that begins at from; from itself at the end. */
size_t sheet_group(const struct sheet *s, size_t from);
/* The shown arms from..end-1. New reference. */
json_t *sheet_slice(const struct sheet *s, size_t from, size_t end);
json_t *sheet_names(const json_t *arms); /* new reference */

#endif
