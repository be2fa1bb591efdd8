/*
 * The one training loop: steps by a schedule, checkpoints, an interruption that loses nothing, an end when
 * gradients are beyond help, and the same steps in every process of a team. What is learned, and from
 * what, is the caller's:
 *
 *	static const struct training_calls calls = {draw, load, learn, NULL, end_epoch};
 *	struct training t = {.calls = &calls, .context = me, .ops = ops, .optimizer = {&o}, ...};
 *	training_resume(&t);      // to where a checkpoint of this action was, if there is one
 *	if (training_run(&t)) ... // false: interrupted; the state is saved, the same training continues there
 *
 * A step must be a function of its number, of the optimisers and of what `kept` names: then the same
 * weights come of it however often it was interrupted. Every rank takes the same steps; rank 0 alone prints
 * and keeps checkpoints.
 */
#ifndef MODEL_TRAINING_H
#define MODEL_TRAINING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/progress.h"
#include "common/team.h"
#include "model/checkpoint.h"
#include "model/optimizer.h"
#include "model/schedule.h"

enum { TRAINING_OPTIMIZERS = 2, TRAINING_KEPT = 8, TRAINING_TOLD = 16 };

/* In this order for every step: draw one step ahead, while the step before learns. */
struct training_calls {
	/* Begin to draw the batch of a step; may go on in the background until load. */
	void (*draw)(void *context, int64_t step);
	/* Finish that and hand the batch over to the network: the next may be drawn now. Each draw is
	 * followed by a load, the last one perhaps by nothing more. */
	void (*load)(void *context);
	/* Learn from it; false: a loss or gradient was not finite, nothing changed. */
	bool (*learn)(void *context, int64_t step, float lr);
	/* NULL, or instead of what learn returns, so that it need not wait: is_skipped [TRAINING_TOLD] of
	 * the n steps up to `end` that nobody was told of, false where they learned. */
	void (*tell)(void *context, int64_t end, int n, bool *is_skipped);
	/* After the last step of an epoch (from 0); true: training is over, though steps are left. */
	bool (*end_epoch)(void *context, int64_t epoch);
};

/* Goes into a checkpoint. */
struct training_state {
	int64_t step, n_skipped, n_skipped_in_a_row, is_over;
};

struct training {
	const struct training_calls *calls;
	void *context;
	const char *section; /* of the params, for messages: "pretrain" */
	const char *remedy;  /* what to change if gradients are not finite: "lower pretrain.lr" */
	const char *unit;    /* what progress counts, and how many of them a step has */
	uint64_t n_units;
	struct schedule schedule; /* n_steps are its steps */
	int per_epoch;		  /* steps */
	/* Steps after which tell is called, TRAINING_TOLD at most; and at an epoch's end and before a
	 * checkpoint. 0: after each. */
	int told_every;
	const struct ops *ops;
	struct team *team;				  /* NULL: alone */
	struct optimizer *optimizer[TRAINING_OPTIMIZERS]; /* all that learn; NULL: none */
	float *averaged; /* [n_averaged] weights that follow others, ops memory; NULL: none */
	size_t n_averaged;
	struct checkpoint_part kept[TRAINING_KEPT + 1]; /* host memory that steps change; ends with {0} */
	const char *checkpoint;				/* file */
	const char *key;				/* of the action, 64 characters */
	double checkpoint_s;				/* between checkpoints; 0: after every step */
	const volatile bool *is_interrupted;
	struct training_state state; /* zeros at first */
	struct progress progress;    /* of training_run */
	double saved_s;
	int n_untold; /* steps */
};

void training_resume(struct training *t);
bool training_run(struct training *t);

/* A few words beside the bar; a line of the log. */
void training_note(struct training *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void training_line(struct training *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
