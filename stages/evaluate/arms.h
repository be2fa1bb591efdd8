/*
 * What evaluate judges: the arms that have scores for the same classes, the records of fold 10 (or, where all
 * are cross-validated, of all folds) that all of
 * them have, and the sentences a reader must know (docs/report.md).
 *
 *	struct arms s;
 *	arms_open(&s, run);                        // reads the list of inputs; dies if no arm can be judged
 *	arms_note(&s, json_sprintf("..."));
 *	arms_close(&s);
 */
#ifndef STAGES_EVALUATE_ARMS_H
#define STAGES_EVALUATE_ARMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ecg/label.h"
#include "statistics/comparison.h"
#include "store/stage.h"

/* An arm is judged as trained, as a probe of its encoder with the weights it began with and, if it was
 * fine-tuned, as the probe it started from; the first two have embeddings. Beside it stand probes of random
 * convolutions of its signals, all of them and as many as the encoder has features. */
enum {
	ARM_TRAINED,
	ARM_RANDOM,
	ARM_ENCODERS,
	ARM_PROBE = ARM_ENCODERS,
	ARM_CONVOLUTIONS,
	ARM_CONVOLUTIONS_DIM,
	ARM_STATES
};
/* "trained", "random", ...: the key of a state in JSON. */
extern const char *const arms_states[ARM_STATES];

struct arm {
	char *name;
	struct artifact *scores, *embeddings, *model, *views; /* NULL: could not be made */
	json_t *json;					      /* what evaluate publishes of it */
	double *weight[ARM_STATES];			      /* [n][n_classes] of the decisions */
	float *probability[ARM_STATES];			      /* [n][n_classes], NULL: none */
	int compared[ARM_STATES];			      /* index in the comparison, or -1 */
};

struct arms {
	struct stage_run *run;
	struct arm *arm; /* by name */
	int n_arms;
	const struct artifact *first; /* scores that say which records, classes and task the comparison has */
	const struct artifact *floor; /* scores that have the floors: a probe's, if there is one */
	json_t *classes, *notes;      /* handed over to the evaluation */
	json_t *left_out; /* [{"name","reason"[,"stage"]}]: arms that are not judged, handed over too */
	json_t *told;	  /* {NAME:{"definition":{PARAM:value},"stage","reason"}} of pipeline.mk */
	const json_t
		*groups; /* names of the superclasses, by which spaces are looked at whatever the task is */
	int n_classes;
	bool is_multi, is_cross; /* is_cross: all arms are cross-validated */
	size_t n;		 /* tested records that all arms have */
	uint64_t *record, *patient;
	struct label *label;
	uint8_t *truth; /* [n][n_classes] */
	float *scale;	/* probabilities from the leads' amplitudes alone, or NULL */
	double *scale_weight;
	int scale_compared;
	struct comparison comparison;
};

void arms_open(struct arms *s, struct stage_run *run);
void arms_close(struct arms *s);
/* Append a sentence (steals the reference). */
void arms_note(struct arms *s, json_t *text);
/* Names of the arms, as they stand; new reference. */
json_t *arms_names(const struct arms *s);
/* Different patients among the records. */
size_t arms_patients(const struct arms *s);
/* Whether scores are cross-validated (docs/probe.md). */
bool arms_crossed(const struct artifact *scores);
/* JSON under a key of table `metrics` of scores, or NULL. New reference. */
json_t *arms_metrics(const struct artifact *scores, const char *key);

#endif
