/*
 * What probe and finetune have in common: which records train, choose and test, how arms (classifiers) are
 * judged, and the artifact of kind `scores` with its table for people (docs/probe.md).
 *
 *	struct judge j;
 *	judge_open(&j, embeddings, "superclass", is_multi); // reads classes and labels
 *	struct judge_row arms[] = {{"trained", "trained", ...}, ...};
 *	judge_run(&j, arms, n_rows, seed, n_resamples);
 *	caveats_add(&j, prior);                             // stages/shared/caveats.h
 *	judge_write(&j, w);                                 // attributes, metrics, labels and probabilities
 *	judge_close(&j);
 */
#ifndef STAGES_SHARED_JUDGE_H
#define STAGES_SHARED_JUDGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/params.h"
#include "ecg/label.h"
#include "ecg/task.h"
#include "statistics/comparison.h"
#include "statistics/probe.h"
#include "store/artifact.h"

/* Rows of a table of struct param: what is judged. in: NULL for the stage in whose section they are given,
 * probe, else its name. */
#define JUDGE_PARAMS(in)                                                                                     \
	{"task",                                                                                             \
	 PARAM_CHOICE,                                                                                       \
	 .choices = TASK_CHOICES,                                                                            \
	 .otherwise = "superclass",                                                                          \
	 .section = in,                                                                                      \
	 .help = "which classes: the dataset's superclasses, or statements of PTB-XL (any number per "       \
		 "record)"},                                                                                 \
		{"labels",                                                                                   \
		 PARAM_CHOICE,                                                                               \
		 .choices = "single multi",                                                                  \
		 .otherwise = "single",                                                                      \
		 .section = in,                                                                              \
		 .help = "of task superclass; single: records of exactly one class, multinomial; multi: "    \
			 "any number, one-vs-rest"},                                                         \
	{                                                                                                    \
		"features", PARAM_CHOICE, .choices = "embedding embedding+scale",                            \
					  .otherwise = "embedding+scale", .section = in,                     \
					  .help = "what encoders' probes see: the embedding, or it and the " \
						  "12 log-std of the leads"                                  \
	}

/* The records of one part of the folds (enum of statistics/probe.h), ascending. */
struct judge_part {
	size_t n, room;
	uint64_t *record;
	struct label *label;
	uint8_t *truth; /* [n][n_classes] */
};

/* A row of the table. What it holds is borrowed until judge_close. */
struct judge_row {
	const char *key, *name;		       /* of table `metrics`, in the printed table */
	const float *probability[PROBE_PARTS]; /* [n][n_classes]; PROBE_TRAIN: unused */
	const double *weight;		       /* [n_classes] of the decision */
	const double *own_weight; /* [n tested][n_classes] of the decision on each record; NULL: weight */
	double c, tau;		  /* c: NAN if it has none */
	const char *table;	  /* its probabilities are published here; NULL: not */
	const json_t
		*rotations; /* of a cross-validation: what each classifier was; NULL: there was but one */
};

struct judge {
	const struct artifact *source; /* whose labels these are */
	const char *task_name;	       /* borrowed from the caller */
	struct task *task;
	json_t *classes;  /* names of those that can be learned; of superclass: all */
	json_t *unlisted; /* and of those no record of folds 1-8 has */
	int *task_class;  /* [n_classes] their numbers in the task */
	int n_classes;
	bool is_multi;
	struct judge_part part[PROBE_PARTS];
	bool is_pooled;			/* all are in the test part (judge_pool) */
	size_t n_of_folds[PROBE_PARTS]; /* as the folds say, pooled or not */
	size_t n_unlabelled, n_several; /* records left out */
	int n_rows;
	const struct judge_row *row;
	struct comparison comparison[PROBE_PARTS]; /* PROBE_TRAIN: unused */
	json_t *notes;				   /* sentences a reader must know */
};

/* Labels and classes of an artifact with table `label`; dies if they cannot be learned from. Task:
 * ecg/task.h; all but superclass are multi whatever is_multi says. */
void judge_open(struct judge *j, const struct artifact *source, const char *task, bool is_multi);
/* Leave out the records i of a part with chosen[i] == 0. */
void judge_keep(struct judge *j, int part, const uint8_t *chosen);
/* For a cross-validation (stages/shared/rotation.h): all records are tested, by ascending number, and stand
 * in the test part; the others are then empty. */
void judge_pool(struct judge *j);
/* The records as statistics/probe.h takes them; borrowed. */
struct probe_data judge_data(const struct judge *j);
const char *judge_class(const struct judge *j, int c);

/* Metrics on both parts, intervals on the test part. */
void judge_run(struct judge *j, const struct judge_row *row, int n_rows, uint64_t seed, int n_resamples);
/* Append a sentence (steals the reference). */
void judge_note(struct judge *j, json_t *text);
/* Different patients among the records of the part that have class c; c < 0: among all of them. */
size_t judge_patients(const struct judge *j, const struct judge_part *p, int c);

void judge_write(const struct judge *j, struct artifact_writer *w);
/* n doubles rounded to float32 under a text key. */
void judge_put_doubles(struct artifact_writer *w, int table, const char *key, const double *x, size_t n);
void judge_close(struct judge *j);

/* ---- showing ---- */

/* The arms' JSON in order of rows; new reference. */
json_t *judge_read_rows(struct artifact *scores);
/* "folds 1-8 train: ...", or what a cross-validation is. */
void judge_print_parts(struct artifact *scores);
/* The table and the sentences under it. */
void judge_print(struct artifact *scores, const json_t *arms);

#endif
