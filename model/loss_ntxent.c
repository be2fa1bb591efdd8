#include "model/loss.h"

static void run(const struct loss_batch *b, bool is_across)
{
	struct ntxent l = {.n = b->n,
			   .n_views = b->n_views,
			   .d = b->d,
			   .z = b->p,
			   .patient = b->patient,
			   .same_patient = b->same_patient,
			   .is_across = is_across,
			   .temperature = b->temperature,
			   .dz = b->dp,
			   .result = b->result};
	b->ops->ntxent(&l, b->scratch);
}

static void run_all(const struct loss_batch *b)
{
	run(b, false);
}

static void run_across(const struct loss_batch *b)
{
	run(b, true);
}

static void run_nothing(const struct loss_batch *b)
{
	struct loss_batch without = *b;
	without.dp = NULL;
	without.temperature = 1;
	without.same_patient = SAME_PATIENT_IGNORE;
	b->ops->zero(b->dp, (size_t)b->n_views * (size_t)b->n * (size_t)b->d * sizeof *b->dp);
	run(&without, false);
	b->ops->zero(b->result, sizeof *b->result);
}

static size_t scratch(const struct ops *ops, int m, int d)
{
	return ops->ntxent_scratch(m, d);
}

const struct loss loss_ntxent = {SAME_PATIENT_MASK, "ln(2N-1)", false, false, scratch, run_all};
const struct loss loss_clocs = {SAME_PATIENT_POSITIVE, "ln N", true, false, scratch, run_across};
const struct loss loss_nothing = {SAME_PATIENT_IGNORE, "collapsed", false, true, scratch, run_nothing};

const char *loss_chance(const struct loss *l, enum same_patient same_patient, int n_views)
{
	return same_patient == SAME_PATIENT_MASK ? "ln candidates" : n_views != 2 ? "ln(VN-1)" : l->chance;
}
