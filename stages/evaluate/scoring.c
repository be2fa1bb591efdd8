#include "stages/evaluate/scoring.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "stages/evaluate/seeds.h"
#include "statistics/calibration.h"
#include "statistics/scores.h"

/* ---- comparing ---- */

/* The row of these probabilities and weights, which several arms may have in common; added if it is new. */
static int find_row(struct comparison_row *list, int *n, const struct arms *s, const char *name,
		    const float *probability, const double *weight)
{
	size_t width = (size_t)s->n_classes;
	if (!probability)
		return -1;
	for (int i = 0; i < *n; i++)
		if (!memcmp(list[i].probability, probability, s->n * width * sizeof *probability) &&
		    !memcmp(list[i].weight, weight, s->n * width * sizeof *weight))
			return i;
	list[*n] = (struct comparison_row){name, probability, weight, width};
	return (*n)++;
}

void scoring_compare(struct arms *s)
{
	struct comparison_row *list = die_calloc(ARM_STATES * (size_t)s->n_arms + 1, sizeof *list);
	int n = 0;

	for (int i = 0; i < s->n_arms; i++)
		for (int k = 0; k < ARM_STATES; k++) {
			struct arm *a = &s->arm[i];
			a->compared[k] = find_row(list, &n, s, a->name, a->probability[k], a->weight[k]);
		}

	s->scale_compared = find_row(list, &n, s, "scale", s->scale, s->scale_weight);
	s->comparison = (struct comparison){
		.n_rows = n,
		.row = list,
		.data = {.n = s->n, .n_classes = s->n_classes, .is_multi = s->is_multi, .truth = s->truth},
		.bootstrap = {.seed = (uint64_t)params_int(s->run->params, "seed"),
			      .n_resamples = (int)params_int(s->run->params, "bootstrap"),
			      .patient = s->patient},
		.is_partial = strcmp(artifact_text(s->first, "task"), "superclass") != 0};
	comparison_run(&s->comparison);
	if (s->comparison.n_undefined)
		arms_note(s, json_sprintf("%d bootstrap resamples lack a class and were left out.",
					  s->comparison.n_undefined));
}

/* One state of an arm: its metrics, intervals, and the paired difference to another row of the
 * comparison (-1: none). */
static json_t *judged(const struct arms *s, int row, int other)
{
	json_t *out = json_pack("{s:o, s:o}", "test",
				scores_metrics(&s->comparison.metrics[row], s->classes, s->is_multi),
				"interval", scores_intervals(&s->comparison, row, -1, s->classes));
	if (other >= 0)
		json_object_set_new(out, "difference",
				    scores_intervals(&s->comparison, row, other, s->classes));
	return out;
}

static json_t *reliability(const struct arms *s, const struct arm *a)
{
	struct calibration_bin bin[METRICS_BINS];
	struct metrics_input in = s->comparison.data;
	in.probability = a->probability[ARM_TRAINED];
	calibration_bins(bin, &in);
	json_t *out = json_array();
	for (int k = 0; k < METRICS_BINS; k++)
		json_array_append_new(out, json_pack("{s:I, s:f, s:f}", "n", (json_int_t)bin[k].n,
						     "confidence", bin[k].confidence, "hits", bin[k].hits));
	return out;
}

static json_t *roc(const struct arms *s, const struct arm *a)
{
	json_t *out = json_object();
	size_t width = (size_t)s->n_classes;
	struct calibration_point *point = die_malloc((s->n + 1) * sizeof *point);
	for (size_t c = 0; c < width; c++) {
		json_t *curve = json_array();
		size_t n = calibration_roc(point, a->probability[ARM_TRAINED] + c, s->truth + c, width, s->n);
		for (size_t i = 0; i < n; i++)
			json_array_append_new(curve, json_pack("[f, f]", point[i].false_positives,
							       point[i].true_positives));
		json_object_set_new(out, json_string_value(json_array_get(s->classes, c)), curve);
	}
	free(point);
	return out;
}

/* The row of convolutions that stands among the floors, or -1. */
static int floor_row(const struct arms *s, int state)
{
	for (int i = 0; i < s->n_arms; i++)
		if (s->arm[i].scores == s->floor)
			return s->arm[i].compared[state];
	return -1;
}

/* Learned from other labels or signals than the floors': a share of the labels, for one. */
static bool has_own_convolutions(const struct arms *s, const struct arm *a)
{
	int row = a->compared[ARM_CONVOLUTIONS];
	return row >= 0 && row != floor_row(s, ARM_CONVOLUTIONS);
}

void scoring_add(const struct arms *s, struct arm *a)
{
	json_t *trained = judged(s, a->compared[ARM_TRAINED], a->compared[ARM_RANDOM]);
	json_object_set_new(trained, "reliability", reliability(s, a));
	json_object_set_new(trained, "roc", roc(s, a));
	json_object_set_new(a->json, "trained", trained);
	if (a->compared[ARM_RANDOM] >= 0)
		json_object_set_new(a->json, "random", judged(s, a->compared[ARM_RANDOM], -1));
	if (has_own_convolutions(s, a))
		json_object_set_new(a->json, "convolutions", judged(s, a->compared[ARM_CONVOLUTIONS], -1));

	if (a->compared[ARM_PROBE] >= 0) {
		json_object_set_new(a->json, "probe", judged(s, a->compared[ARM_PROBE], -1));
		json_object_set_new(trained, "over_probe",
				    scores_intervals(&s->comparison, a->compared[ARM_TRAINED],
						     a->compared[ARM_PROBE], s->classes));
	}

	/* Where arms have seeds they stand against each other as NAMEs: one seed beside another tells little,
	 * and 72 arms are 5,112 such pairs. */
	if (seeds_are_several(s))
		return;
	json_t *against = json_object();
	for (int i = 0; i < s->n_arms; i++)
		if (&s->arm[i] != a)
			json_object_set_new(against, s->arm[i].name,
					    scores_intervals(&s->comparison, a->compared[ARM_TRAINED],
							     s->arm[i].compared[ARM_TRAINED], s->classes));

	json_object_set_new(a->json, "against", against);
}

/* ---- over seeds ---- */

/* Of equally built values: numbers to their mean, null where one has none; texts and the
 * like are the first's. */
static json_t *mean_of(json_t *const *value, int n)
{
	double sum = 0;
	if (json_is_object(value[0])) {
		json_t *out = json_object(), **member = die_malloc((size_t)n * sizeof *member), *first;
		const char *key;
		json_object_foreach (value[0], key, first) {
			for (int i = 0; i < n; i++)
				member[i] = json_object_get(value[i], key);
			json_object_set_new(out, key, mean_of(member, n));
		}
		free(member);
		return out;
	}

	for (int i = 0; i < n; i++) {
		if (!json_is_number(value[i]))
			return json_is_number(value[0]) ? json_null() : json_deep_copy(value[0]);
		sum += json_number_value(value[i]);
	}
	return json_is_integer(value[0]) && sum / n == json_number_value(value[0]) ? json_copy(value[0])
										   : json_real(sum / n);
}

static json_t *judged_over_seeds(const struct arms *s, const struct seeds *e, int state)
{
	json_t **test = die_malloc((size_t)e->n * sizeof *test);
	for (int i = 0; i < e->n; i++)
		test[i] =
			json_object_get(json_object_get(s->arm[e->arm[i]].json, arms_states[state]), "test");
	json_t *out = json_pack("{s:o, s:o}", "test", mean_of(test, e->n), "interval",
				scores_mean_intervals(&s->comparison, seeds_rows(e, state),
						      (struct comparison_rows){0}, s->classes));
	free(test);
	return out;
}

static json_t *minus(const struct arms *s, const struct seeds *e, const struct seeds *other, int state)
{
	return scores_mean_intervals(&s->comparison, seeds_rows(e, ARM_TRAINED), seeds_rows(other, state),
				     s->classes);
}

static json_t *over_seeds(const struct arms *s, const struct seeds *list, int n, const struct seeds *e)
{
	json_t *names = json_array(), *against = json_object();
	json_t *trained = judged_over_seeds(s, e, ARM_TRAINED);
	for (int i = 0; i < e->n; i++)
		json_array_append_new(names, json_string(s->arm[e->arm[i]].name));
	for (const struct seeds *other = list; other < list + n; other++)
		if (other != e)
			json_object_set_new(against, other->name, minus(s, e, other, ARM_TRAINED));

	json_t *out = json_pack("{s:s, s:o, s:o, s:o}", "name", e->name, "arms", names, "trained", trained,
				"against", against);
	if (e->has[ARM_RANDOM]) {
		json_object_set_new(out, "random", judged_over_seeds(s, e, ARM_RANDOM));
		json_object_set_new(trained, "difference", minus(s, e, e, ARM_RANDOM));
	}
	bool has_own = true;
	for (int i = 0; i < e->n; i++)
		has_own = has_own && has_own_convolutions(s, &s->arm[e->arm[i]]);
	if (has_own)
		json_object_set_new(out, "convolutions", judged_over_seeds(s, e, ARM_CONVOLUTIONS));
	if (e->has[ARM_PROBE]) {
		json_object_set_new(out, "probe", judged_over_seeds(s, e, ARM_PROBE));
		json_object_set_new(trained, "over_probe", minus(s, e, e, ARM_PROBE));
	}
	return out;
}

json_t *scoring_over_seeds(const struct arms *s)
{
	int n;
	struct seeds *list = seeds_gather(s, &n);
	json_t *out = json_object();
	if (n < s->n_arms)
		for (struct seeds *e = list; e < list + n; e++)
			json_object_set_new(out, e->name, over_seeds(s, list, n, e));
	seeds_free(list, n);
	return out;
}

json_t *scoring_scale(const struct arms *s)
{
	return s->scale_compared < 0 ? NULL : judged(s, s->scale_compared, -1);
}

json_t *scoring_convolutions(const struct arms *s, int state)
{
	int row = floor_row(s, state);
	return row < 0 ? NULL : judged(s, row, -1);
}
