/*
 * Does attention point at what the classifier uses? For each record every lead is hidden in turn; the drop in
 * the logit of the record's true class is compared between the lead with most attention, the lead with least,
 * and any lead (the mean over all, which is what a lead drawn at random gives). Intervals: patients resampled
 * (statistics/bootstrap.h).
 *
 *	json_t *j = faithfulness_json(&(struct faithfulness_input){.n = n, .n_leads = 12, ...});
 */
#ifndef STATISTICS_FAITHFULNESS_H
#define STATISTICS_FAITHFULNESS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct faithfulness_input {
	size_t n; /* records */
	int n_leads;
	const double *attention; /* [n][n_leads], of equal ones the first counts */
	const double *drop;	 /* [n][n_leads] logit of the true class minus that with the lead hidden */
	const uint64_t *patient; /* [n] */
	uint64_t seed;
	int n_resamples;
};

/* {"most","least","any","most_minus_any","most_minus_least","correlation"}, each
 * {"value","error","low","high"}: means over records; correlation: Pearson's between attention and drop over
 * the leads of a record, 0 where either is constant. null without records. New reference. */
json_t *faithfulness_json(const struct faithfulness_input *in);

#endif
