#include "stages/pretrain/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/fold.h"
#include "stages/shared/network.h"

#define MIN_BATCH 16 /* records; the batch does not shrink below it */

static const struct objective *objective(const struct params *p, const struct views *v)
{
	const struct objective *o = objective_named(params_text(p, "objective"));
	if (o->target && views_n(v) != 2)
		die("pretrain.objective: %s hides tokens of two views of a record, but views.n is %d; "
		    "set views.n to 2",
		    o->name, views_n(v));
	if (o->loss && o->loss->is_across && views_n(v) != 2)
		die("pretrain.objective: %s contrasts two views of a record, but views.n is %d; "
		    "set views.n to 2 or pretrain.objective to ntxent",
		    o->name, views_n(v));
	if (o->has_segments && v->strategy != VIEWS_HALVES)
		die("pretrain.objective: %s contrasts segments of a record, but views.strategy is %s; set "
		    "views.strategy to halves or pretrain.objective to ntxent",
		    o->name, views_strategy_name(v));
	return o;
}

static enum same_patient same_patient(const struct params *p, const struct objective *o)
{
	const char *s = params_text(p, "same_patient");
	if (!o->loss)
		return SAME_PATIENT_IGNORE;
	if (strcmp(s, "auto") == 0)
		return o->loss->same_patient;
	if (o->loss->is_nothing && strcmp(s, "ignore") != 0)
		die("pretrain.same_patient: %s has neither negatives nor positives of other records; "
		    "set it to auto, or pretrain.objective to ntxent",
		    o->name);
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

/* Its encoder, without a projector where no loss sees it. */
static struct encoder_config network(const struct params *p, const struct views *v, const struct objective *o)
{
	struct encoder_config net = network_config(p, v);
	struct error e = {0};
	if (o->target && masked_check(&net, &e) < 0)
		die("pretrain.objective: %s: %s", o->name, error_text(&e));
	if (!o->loss)
		encoder_set(&net, "projector_out", 0);
	return net;
}

/* What the params say, or where they leave it to the objective its own. */
static double weight(const struct params *p, const char *name, double own)
{
	double w = params_float(p, name);
	return w < 0 ? own : w;
}

static struct terms_weights terms(const struct params *p, const struct objective *o, int n_views)
{
	struct terms_weights own = o->terms ? *o->terms : (struct terms_weights){0}, w;
	w.variance = weight(p, "variance", own.variance);
	w.covariance = weight(p, "covariance", own.covariance);
	w.sigreg = weight(p, "sigreg", own.sigreg);
	if (own.sigreg > 0) /* LeJEPA's distance is from the mean of the views */
		own.invariance = (1 - w.sigreg) * (n_views - 1) / (2.0 * n_views);
	w.invariance = weight(p, "invariance", own.invariance < 0 ? 0 : own.invariance);
	w.slices = (int)params_int(p, "slices");
	if (!o->loss && terms_any(&w))
		die("pretrain.objective: %s has no projections that invariance, variance, covariance or "
		    "sigreg could be terms of; set these to -1",
		    o->name);
	if (o->loss && o->loss->is_nothing && !(w.invariance > 0))
		die("pretrain.invariance: %s learns nothing without it; make it larger, or leave it at -1 "
		    "and pretrain.sigreg below 1",
		    o->name);
	return w;
}

static struct contrast_settings settings(const struct params *p, const struct plan *plan,
					 const struct views *v)
{
	const struct objective *o = plan->objective;
	struct encoder_config net = network(p, v, o);
	struct optimizer_config optimizer = {.weight_decay = (float)params_float(p, "weight_decay"),
					     .max_norm = (float)params_float(p, "clip")};
	uint64_t seed = (uint64_t)params_int(p, "seed");

	return (struct contrast_settings){
		.net = net,
		.n = plan->batch,
		.n_views = views_n(v),
		.loss = o->loss,
		.terms = terms(p, o, views_n(v)),
		.masked = {.target = o->target,
			   .n_layers = (int)params_int(p, "predictor_layers"),
			   .weight = o->loss ? (float)params_float(p, "masked_weight") : 1,
			   .is_alone = !o->loss,
			   .seed = seed,
			   .optimizer = optimizer},
		.temperature = (float)params_float(p, "temperature"),
		.same_patient = same_patient(p, o),
		.optimizer = optimizer,
		.seed = seed,
		.micro_batch = micro_batch(p, &net)};
}

static struct hide hide(const struct params *p)
{
	struct hide h = {.block = (int)params_int(p, "hidden_block"),
			 .least = params_float(p, "seen_least"),
			 .most = params_float(p, "seen_most")};
	if (h.least > h.most)
		die("pretrain.seen_least: %g is more than seen_most, %g", h.least, h.most);
	return h;
}

/* The loss compares within a batch, but weights move once per step: with few records a large batch would
 * leave too few steps to learn anything, so it shrinks. */
static int batch_size(const struct params *p, size_t n_records, size_t n_there)
{
	int64_t batch = params_int(p, "batch"), limit = (int64_t)n_records / params_int(p, "min_steps");
	if (limit < MIN_BATCH)
		limit = MIN_BATCH;
	if (limit > (int64_t)n_records)
		limit = (int64_t)n_records;
	if (batch > limit) {
		char *taken = n_records < n_there
				      ? die_printf(", of which pretrain.share takes %zu", n_records)
				      : die_strdup("");
		warn("batch of %" PRId64 " instead of %" PRId64
		     ": folds 1 to %d hold %zu records%s (pretrain.min_steps)",
		     limit, batch, FOLD_LAST_TRAINING, n_there, taken);
		free(taken);
	}
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

struct plan plan_read(const struct params *p, const struct views *v, size_t n_records, size_t n_there)
{
	struct plan plan = {.objective = objective(p, v), .batch = batch_size(p, n_records, n_there)};
	plan.contrast = settings(p, &plan, v);

	/* What is left over at the end of an epoch is dropped: the loss depends on the size of its batch. It
	 * is another remainder in every epoch. */
	plan.per_epoch = (int)(n_records / (size_t)plan.batch);
	plan.n_epochs = (int)params_int(p, "epochs");

	int64_t n_steps = (int64_t)plan.n_epochs * plan.per_epoch,
		n_warmup = (int64_t)(params_float(p, "warmup_epochs") * plan.per_epoch);
	plan.schedule = (struct schedule){
		.peak = peak_lr(p), .n_warmup = n_warmup < n_steps ? n_warmup : n_steps, .n_steps = n_steps};
	plan.hide = hide(p);
	double last = params_float(p, "weight_decay_last"), first = params_float(p, "weight_decay");
	plan.weight_decay = (struct schedule){
		.peak = (float)first, .last = (float)(last < 0 ? first : last), .n_steps = n_steps};
	plan.teacher = (struct schedule){.peak = (float)(1 - params_float(p, "teacher_momentum")),
					 .n_steps = n_steps};
	return plan;
}

json_t *plan_terms(const struct terms_weights *w)
{
	return json_pack("{s:f, s:f, s:f, s:f, s:i}", "invariance", w->invariance, "variance", w->variance,
			 "covariance", w->covariance, "sigreg", w->sigreg, "slices", w->slices);
}

const char *plan_chance(const struct plan *p)
{
	const struct objective *o = p->objective;
	if (!o->loss)
		return "constant";
	if (terms_any(&p->contrast.terms))
		return "collapsed";
	return o->target ? "ln candidates + constant"
			 : loss_chance(o->loss, p->contrast.same_patient, p->contrast.n_views);
}
