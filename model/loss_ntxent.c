#include "model/loss.h"

static void run(const struct loss_batch *b, bool is_across)
{
	struct ntxent l = {.n = b->n,
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

static size_t scratch(const struct ops *ops, int n, int d)
{
	return ops->ntxent_scratch(n, d);
}

const struct loss loss_ntxent = {SAME_PATIENT_MASK, "ln(2N-1)", false, scratch, run_all};
const struct loss loss_clocs = {SAME_PATIENT_POSITIVE, "ln N", true, scratch, run_across};

const char *loss_chance(const struct loss *l, enum same_patient same_patient)
{
	return same_patient == SAME_PATIENT_MASK ? "ln candidates" : l->chance;
}
