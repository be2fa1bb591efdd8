#include "stages/evaluate/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "statistics/calibration.h"
#include "statistics/scores.h"

/* ---- comparing ---- */

void verdict_compare(struct arms *s)
{
	struct comparison_arm *list = die_calloc(ARM_STATES * (size_t)s->n_arms + 1, sizeof *list);
	int n = 0;

	for (int i = 0; i < s->n_arms; i++)
		for (int k = 0; k < ARM_STATES; k++) {
			struct arm *a = &s->arm[i];
			a->compared[k] = a->probability[k] ? n : -1;
			if (a->probability[k])
				list[n++] = (struct comparison_arm){a->name, a->probability[k], a->weight[k]};
		}

	s->scale_compared = s->scale ? n : -1;
	if (s->scale)
		list[n++] = (struct comparison_arm){"scale", s->scale, s->scale_weight};
	s->comparison = (struct comparison){
		.n_arms = n,
		.arm = list,
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

/* One state of an arm: its metrics, intervals, and the paired difference to another row of the comparison (-1: none). */
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

void verdict_add(const struct arms *s, struct arm *a)
{
	json_t *trained = judged(s, a->compared[ARM_TRAINED], a->compared[ARM_RANDOM]);
	json_object_set_new(trained, "reliability", reliability(s, a));
	json_object_set_new(trained, "roc", roc(s, a));
	json_object_set_new(a->json, "trained", trained);
	if (a->compared[ARM_RANDOM] >= 0)
		json_object_set_new(a->json, "random", judged(s, a->compared[ARM_RANDOM], -1));

	if (a->compared[ARM_PROBE] >= 0) {
		json_object_set_new(a->json, "probe", judged(s, a->compared[ARM_PROBE], -1));
		json_object_set_new(trained, "over_probe",
				    scores_intervals(&s->comparison, a->compared[ARM_TRAINED],
						     a->compared[ARM_PROBE], s->classes));
	}

	json_t *against = json_object();
	for (int i = 0; i < s->n_arms; i++)
		if (&s->arm[i] != a)
			json_object_set_new(against, s->arm[i].name,
					    scores_intervals(&s->comparison, a->compared[ARM_TRAINED],
							     s->arm[i].compared[ARM_TRAINED], s->classes));

	json_object_set_new(a->json, "against", against);
}

json_t *verdict_scale(const struct arms *s)
{
	return s->scale_compared < 0 ? NULL : judged(s, s->scale_compared, -1);
}
