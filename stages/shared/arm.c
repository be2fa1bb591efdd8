#include "stages/shared/arm.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"

enum { PROBED, ONE_TOWER, RESIDUAL, EXEMPLARS, ENSEMBLE, ALL_LABELS, SOME_LABELS };
static const char *const titles[] = {"Contrastive, linear probe",	"One tower alone, linear probe",
				     "Residual network, linear probe",	"Exemplars, linear probe",
				     "Several models, linear probe",	"Trained on the labels",
				     "Trained on a share of the labels"};

static double fraction_of(const json_t *arm)
{
	const json_t *x = json_object_get(arm, "label_fraction");
	return json_is_number(x) ? json_number_value(x) : 1;
}

static int kind_of(const json_t *arm)
{
	const json_t *config = json_object_get(json_object_get(arm, "training"), "config");
	if (fraction_of(arm) < 1)
		return SOME_LABELS;
	if (*json_text(arm, "from"))
		return ALL_LABELS;
	if (!strcmp(json_text(config, "encoder"), "resnet18"))
		return RESIDUAL;
	if (!strcmp(json_text(config, "encoder"), "exemplars"))
		return EXEMPLARS;
	if (!strcmp(json_text(config, "encoder"), "ensemble"))
		return ENSEMBLE;
	return !*json_text(config, "towers") || !strcmp(json_text(config, "towers"), "both") ? PROBED
											     : ONE_TOWER;
}

const char *arm_group(const json_t *arm)
{
	return titles[kind_of(arm)];
}

/* ---- order ---- */

/* By bytes, but digits by the number they make: a-5 before a-10. */
static int compare_names(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			char *a_end, *b_end;
			unsigned long long x = strtoull(a, &a_end, 10), y = strtoull(b, &b_end, 10);
			if (x != y)
				return x < y ? -1 : 1;
			if (a_end - a != b_end - b)
				return a_end - a < b_end - b ? -1 : 1;
		}
		if (*a != *b)
			return *a < *b ? -1 : 1;
	}
	return *a ? 1 : *b ? -1 : 0;
}

static int compare_arms(const void *a, const void *b)
{
	const json_t *x = *(const json_t *const *)a, *y = *(const json_t *const *)b;
	int by_kind = kind_of(x) - kind_of(y), by_origin = strcmp(json_text(x, "from"), json_text(y, "from"));
	double less = fraction_of(y) - fraction_of(x);
	if (by_kind || by_origin)
		return by_kind ? by_kind : by_origin;
	if (less < 0 || less > 0)
		return less < 0 ? -1 : 1;
	int by_views =
		strcmp(json_text(json_object_get(json_object_get(x, "training"), "views"), "strategy"),
		       json_text(json_object_get(json_object_get(y, "training"), "views"), "strategy"));
	return by_views ? by_views : compare_names(json_text(x, "name"), json_text(y, "name"));
}

json_t *arm_order(const json_t *arms)
{
	size_t n = json_array_size(arms);
	json_t **list = die_calloc(n + 1, sizeof *list), *out = json_array();
	for (size_t i = 0; i < n; i++)
		list[i] = json_array_get(arms, i);
	qsort(list, n, sizeof *list, compare_arms);
	for (size_t i = 0; i < n; i++)
		json_array_append(out, list[i]);
	free(list);
	return out;
}

/* ---- seeds ---- */

size_t arm_base(const char *name)
{
	return strcspn(name, "@");
}

static const char *const metrics[] = {"macro_f1", "macro_auroc", "accuracy"};

/* state: "trained" or "random"; member: "interval" or "difference". */
static json_t *summary(const json_t *arms, const char *state, const char *member)
{
	json_t *out = json_object();
	for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++) {
		double sum = 0, squares = 0, low = INFINITY, high = -INFINITY;
		size_t i, n = 0;
		const json_t *arm;
		for (int pass = 0; pass < 2; pass++)
			json_array_foreach (arms, i, arm) {
				const json_t *of = json_object_get(json_object_get(arm, state), member),
					     *v = json_object_get(json_object_get(of, metrics[m]), "value");
				double x = json_number_value(v), mean = n ? sum / (double)n : 0;
				if (!json_is_number(v))
					continue;
				if (pass) {
					squares += (x - mean) * (x - mean);
					continue;
				}
				n++;
				sum += x;
				low = x < low ? x : low;
				high = x > high ? x : high;
			}
		if (n > 1)
			json_object_set_new(out, metrics[m],
					    json_pack("{s:f, s:f, s:f, s:f}", "mean", sum / (double)n,
						      "deviation", sqrt(squares / (double)(n - 1)), "low",
						      low, "high", high));
	}

	return out;
}

static json_t *summarize(const char *name, size_t n_bytes, const json_t *arms)
{
	json_t *names = json_array();
	const json_t *arm;
	size_t i;
	json_array_foreach (arms, i, arm)
		json_array_append_new(names, json_string(json_text(arm, "name")));
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", json_stringn(name, n_bytes), "arms", names,
			 "trained", summary(arms, "trained", "interval"), "random",
			 summary(arms, "random", "interval"), "difference",
			 summary(arms, "trained", "difference"));
}

json_t *arm_seeds(const json_t *arms)
{
	json_t *out = json_array();
	size_t i, k;
	const json_t *first;
	json_t *other;

	json_array_foreach (arms, i, first) {
		const char *name = json_text(first, "name");
		size_t n = arm_base(name);
		json_t *same = json_array();
		int is_first = 1;
		json_array_foreach (arms, k, other) {
			const char *own = json_text(other, "name");
			if (arm_base(own) != n || memcmp(own, name, n))
				continue;
			is_first = is_first && k >= i;
			json_array_append(same, other);
		}
		if (is_first && json_array_size(same) > 1)
			json_array_append_new(out, summarize(name, n, same));
		json_decref(same);
	}

	return out;
}
