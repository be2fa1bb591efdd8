#include "stages/pretrain/plan.h"

#include <inttypes.h>
#include <string.h>

#include "common/die.h"
#include "ecg/fold.h"
#include "stages/shared/network.h"

#define MIN_BATCH 16 /* records; the batch does not shrink below it */

static const struct objective *objective(const struct params *p, const struct views *v)
{
	const struct objective *o = objective_named(params_text(p, "objective"));
	if (o->has_segments && v->strategy != VIEWS_HALVES)
		die("pretrain.objective: %s contrasts segments of a record, but views.strategy is %s; set "
		    "views.strategy to halves or pretrain.objective to ntxent",
		    o->name, views_strategy_name(v));
	return o;
}

static enum same_patient same_patient(const struct params *p, const struct objective *o)
{
	const char *s = params_text(p, "same_patient");
	if (strcmp(s, "auto") == 0)
		return o->loss->same_patient;
	return strcmp(s, "mask") == 0	    ? SAME_PATIENT_MASK
	       : strcmp(s, "positive") == 0 ? SAME_PATIENT_POSITIVE
					    : SAME_PATIENT_IGNORE;
}

static int micro_batch(const struct params *p, const struct encoder_config *net)
{
	struct error e = {0};
	int n = (int)params_int(p, "micro_batch");
	if (encoder_micro_batch_check(net, n, &e) < 0)
		die("pretrain.micro_batch: %s", error_text(&e));
	return n;
}

static struct contrast_settings settings(const struct params *p, const struct plan *plan,
					 const struct views *v)
{
	struct encoder_config net = network_config(p, v);
	return (struct contrast_settings){
		.net = net,
		.n = plan->batch,
		.loss = plan->objective->loss,
		.temperature = (float)params_float(p, "temperature"),
		.same_patient = same_patient(p, plan->objective),
		.optimizer = {.weight_decay = (float)params_float(p, "weight_decay"),
			      .max_norm = (float)params_float(p, "clip")},
		.seed = (uint64_t)params_int(p, "seed"),
		.micro_batch = micro_batch(p, &net)};
}

/* The loss compares within a batch, but weights move once per step: with few records a large batch would
 * leave too few steps to learn anything, so it shrinks. */
static int batch_size(const struct params *p, size_t n_records)
{
	int64_t batch = params_int(p, "batch"), limit = (int64_t)n_records / params_int(p, "min_steps");
	if (limit < MIN_BATCH)
		limit = MIN_BATCH;
	if (limit > (int64_t)n_records)
		limit = (int64_t)n_records;
	if (batch > limit)
		warn("batch of %" PRId64 " instead of %" PRId64
		     ": folds 1 to %d hold %zu records (pretrain.min_steps)",
		     limit, batch, FOLD_LAST_TRAINING, n_records);
	return (int)(batch < limit ? batch : limit);
}

/* Wider networks want smaller steps: at 0.001 the channel tower of `small` dies and RankMe
 * falls to 9 of 384. */
static float peak_lr(const struct params *p)
{
	static const struct {
		const char *model;
		float lr;
	} own[] = {{"tiny", 1e-3f}, {"small", 4e-4f}, {"base", 3e-4f}};
	if (params_float(p, "lr") >= 0)
		return (float)params_float(p, "lr");
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (strcmp(params_text(p, "model"), own[i].model) == 0)
			return own[i].lr;
	return 1e-3f;
}

struct plan plan_read(const struct params *p, const struct views *v, size_t n_records)
{
	struct plan plan = {.objective = objective(p, v), .batch = batch_size(p, n_records)};
	plan.contrast = settings(p, &plan, v);

	/* What is left over at the end of an epoch is dropped: the loss depends on the size of its batch. It
	 * is another remainder in every epoch. */
	plan.per_epoch = (int)(n_records / (size_t)plan.batch);
	plan.n_epochs = (int)params_int(p, "epochs");

	int64_t n_steps = (int64_t)plan.n_epochs * plan.per_epoch,
		n_warmup = (int64_t)(params_float(p, "warmup_epochs") * plan.per_epoch);
	plan.schedule = (struct schedule){
		.peak = peak_lr(p), .n_warmup = n_warmup < n_steps ? n_warmup : n_steps, .n_steps = n_steps};
	return plan;
}
