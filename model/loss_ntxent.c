#include "model/loss.h"

#include "numbers/dmath.h"

static struct loss_result run(const struct loss_batch *b, bool is_across)
{
	struct ntxent l = {.n = b->n,
			   .d = b->d,
			   .z = b->p,
			   .patient = b->patient,
			   .same_patient = b->same_patient,
			   .is_across = is_across,
			   .temperature = b->temperature,
			   .dz = b->dp};
	b->ops->ntxent(&l, b->scratch);
	return (struct loss_result){.loss = l.loss, .top1 = l.top1};
}

static struct loss_result run_all(const struct loss_batch *b)
{
	return run(b, false);
}

static struct loss_result run_across(const struct loss_batch *b)
{
	return run(b, true);
}

static double uniform_all(int n)
{
	return dmath_log(2.0 * n - 1);
}

static double uniform_across(int n)
{
	return dmath_log(n);
}

static size_t scratch(const struct ops *ops, int n, int d)
{
	return ops->ntxent_scratch(n, d);
}

const struct loss loss_ntxent = {SAME_PATIENT_MASK, "ln(2N-1)", uniform_all, scratch, run_all};
const struct loss loss_clocs = {SAME_PATIENT_POSITIVE, "ln N", uniform_across, scratch, run_across};
