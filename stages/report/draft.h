/*
 * What the report is made of: the evaluation's arms in the order they are shown, the artifacts behind them,
 * and the page that grows. Of an arm's several seeds the first is drawn; tables for machines have all.
 *
 *	struct draft s;
 *	draft_open(&s, run);
 *	for (size_t from = 0, end; (end = draft_group(&s, from)) > from; from = end) ...  // arms of one kind
 *	draft_close(&s);
 */
#ifndef STAGES_REPORT_DRAFT_H
#define STAGES_REPORT_DRAFT_H

#include <jansson.h>
#include <stdbool.h>

#include "report/text.h"
#include "store/stage.h"

struct draft {
	struct stage_run *run;
	const struct artifact *evaluation;
	const json_t *classes, *groups; /* groups: superclasses, whatever the task */
	const json_t *seeds;
	bool is_cross;	      /* all folds are tested in turn, not fold 10 */
	json_t *notes;	      /* without paths */
	json_t *arms, *shown; /* all, and without further seeds: the JSON of evaluate, docs/report.md */
	json_t *judged;	      /* the shown ones; of several seeds with what they come to, under their NAME */
	json_t *floors;	      /* {"scale":..., "majority":..., "convolutions":...} */
	json_t *ranking;      /* {"macro_auroc":..., "macro_f1":...} */
	struct text page;
};

/* Dies if the evaluation cannot be read. */
void draft_open(struct draft *s, struct stage_run *run);
void draft_close(struct draft *s);

/* The classes if they are few enough for a column, a colour or a matrix each, else NULL. */
const json_t *draft_columns(const struct draft *s);
/* What the list of inputs calls <arm>/<kind>, or NULL. */
const struct artifact *draft_input(const struct draft *s, const json_t *arm, const char *kind);
const char *draft_name(const json_t *arm);
/* Id of one of the artifacts behind an arm ("scores", "embeddings", "model"), or NULL. */
const char *draft_id(const json_t *arm, const char *kind);
/* Trained on the labels: by finetune, not judged by a probe. */
bool draft_is_tuned(const json_t *arm);
/* End of the run of shown arms of one group that begins at from; from itself at the end. */
size_t draft_group(const struct draft *s, size_t from);
/* The shown arms from..end-1. New reference. */
json_t *draft_slice(const struct draft *s, size_t from, size_t end);
json_t *draft_names(const json_t *arms); /* new reference */

#endif
