/*
 * What evaluate judges: the arms that have scores for the same classes, the records of fold 10 that all of them have,
 * and the sentences a reader must know (docs/report.md).
 *
 *	struct study s;
 *	study_open(&s, run);                        // reads the list of inputs; dies if no arm can be judged
 *	study_note(&s, json_sprintf("..."));
 *	study_close(&s);
 */
#ifndef STAGES_PARTS_STUDY_H
#define STAGES_PARTS_STUDY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ecg/label.h"
#include "model/comparison.h"
#include "store/stage.h"

/* An arm is judged as trained, as a probe of its encoder with the weights it began with and, if it was fine-tuned, as
 * the probe it started from; the first two have embeddings. */
enum { STUDY_TRAINED, STUDY_RANDOM, STUDY_ENCODERS, STUDY_PROBE = STUDY_ENCODERS, STUDY_STATES };

struct study_arm {
	char *name;
	struct artifact *scores, *embeddings, *model; /* NULL: could not be made */
	json_t *json;				      /* what evaluate publishes of it */
	double *weight[STUDY_STATES];		      /* [n_classes] of the decision */
	float *probability[STUDY_STATES];	      /* [n][n_classes], NULL: none */
	int compared[STUDY_STATES];		      /* index in the comparison, or -1 */
};

struct study {
	struct stage_run *run;
	struct study_arm *arm; /* by name */
	int n_arms;
	const struct artifact *first; /* scores that say which records, classes and task the comparison has */
	const struct artifact *floor; /* scores that have the floors: a probe's, if there is one */
	json_t *classes, *notes;      /* handed over to the evaluation */
	const json_t
		*groups; /* names of the superclasses, by which spaces are looked at whatever the task is */
	int n_classes;
	bool is_multi;
	size_t n; /* records of the test fold that all arms have */
	uint64_t *record, *patient;
	struct label *label;
	uint8_t *truth; /* [n][n_classes] */
	float *scale;	/* probabilities from the leads' amplitudes alone, or NULL */
	double *scale_weight;
	int scale_compared;
	struct comparison comparison;
};

void study_open(struct study *s, struct stage_run *run);
void study_close(struct study *s);
/* Append a sentence (steals the reference). */
void study_note(struct study *s, json_t *text);
/* Different patients among the records. */
size_t study_patients(const struct study *s);
/* JSON under a key of table `metrics` of scores, or NULL. New reference. */
json_t *study_metrics(const struct artifact *scores, const char *key);

#endif
