#include "stages/evaluate/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "stages/shared/arm.h"
#include "statistics/calibration.h"
#include "statistics/scores.h"

/* ---- comparing ---- */

void verdict_compare(struct arms *s)
{
	struct comparison_row *list = die_calloc(ARM_STATES * (size_t)s->n_arms + 1, sizeof *list);
	int n = 0;

	for (int i = 0; i < s->n_arms; i++)
		for (int k = 0; k < ARM_STATES; k++) {
			struct arm *a = &s->arm[i];
			a->compared[k] = a->probability[k] ? n : -1;
			if (a->probability[k])
				list[n++] = (struct comparison_row){a->name, a->probability[k], a->weight[k]};
		}

	s->scale_compared = s->scale ? n : -1;
	if (s->scale)
		list[n++] = (struct comparison_row){"scale", s->scale, s->scale_weight};
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

/* ---- over seeds ---- */

/* The arms of one name, in their order. */
struct seeds {
	char *name;
	int n, *arm, *row[ARM_STATES]; /* [n]; rows of the comparison */
	bool has[ARM_STATES];	       /* all of them have it */
};

static void add_seed(struct seeds *e, const struct arms *s, int arm)
{
	e->arm[e->n] = arm;
	for (int k = 0; k < ARM_STATES; k++) {
		e->row[k][e->n] = s->arm[arm].compared[k];
		e->has[k] = (e->has[k] || !e->n) && s->arm[arm].compared[k] >= 0;
	}
	e->n++;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct seeds *)a)->name, ((const struct seeds *)b)->name);
}

/* Every arm belongs to one of them; returns their number; by name. An arm alone keeps its whole
 * name. */
static int gather_seeds(struct seeds *list, const struct arms *s)
{
	int n = 0;
	for (int i = 0; i < s->n_arms; i++) {
		const char *name = s->arm[i].name;
		size_t base = arm_base(name);
		struct seeds *e = list;
		while (e < list + n && !(strlen(e->name) == base && !memcmp(e->name, name, base)))
			e++;
		if (e == list + n) {
			*e = (struct seeds){.name = die_printf("%.*s", (int)base, name),
					    .arm = die_calloc((size_t)s->n_arms, sizeof *e->arm)};
			for (int k = 0; k < ARM_STATES; k++)
				e->row[k] = die_calloc((size_t)s->n_arms, sizeof *e->row[k]);
			n++;
		}
		add_seed(e, s, i);
	}

	for (struct seeds *e = list; e < list + n; e++)
		if (e->n == 1) {
			free(e->name);
			e->name = die_printf("%s", s->arm[e->arm[0]].name);
		}
	qsort(list, (size_t)n, sizeof *list, by_name);
	return n;
}

static void free_seeds(struct seeds *list, int n)
{
	for (struct seeds *e = list; e < list + n; e++) {
		free(e->name);
		free(e->arm);
		for (int k = 0; k < ARM_STATES; k++)
			free(e->row[k]);
	}
	free(list);
}

static struct comparison_rows rows_of(const struct seeds *e, int state)
{
	return (struct comparison_rows){e->n, e->row[state]};
}

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
	static const char *const names[ARM_STATES] = {"trained", "random", "probe"};
	json_t **test = die_malloc((size_t)e->n * sizeof *test);
	for (int i = 0; i < e->n; i++)
		test[i] = json_object_get(json_object_get(s->arm[e->arm[i]].json, names[state]), "test");
	json_t *out = json_pack("{s:o, s:o}", "test", mean_of(test, e->n), "interval",
				scores_mean_intervals(&s->comparison, rows_of(e, state),
						      (struct comparison_rows){0}, s->classes));
	free(test);
	return out;
}

static json_t *minus(const struct arms *s, const struct seeds *e, const struct seeds *other, int state)
{
	return scores_mean_intervals(&s->comparison, rows_of(e, ARM_TRAINED), rows_of(other, state),
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
	if (e->has[ARM_PROBE]) {
		json_object_set_new(out, "probe", judged_over_seeds(s, e, ARM_PROBE));
		json_object_set_new(trained, "over_probe", minus(s, e, e, ARM_PROBE));
	}
	return out;
}

json_t *verdict_over_seeds(const struct arms *s)
{
	struct seeds *list = die_calloc((size_t)s->n_arms + 1, sizeof *list);
	int n = gather_seeds(list, s);
	json_t *out = json_object();
	if (n < s->n_arms)
		for (struct seeds *e = list; e < list + n; e++)
			json_object_set_new(out, e->name, over_seeds(s, list, n, e));
	free_seeds(list, n);
	return out;
}

json_t *verdict_scale(const struct arms *s)
{
	return s->scale_compared < 0 ? NULL : judged(s, s->scale_compared, -1);
}
