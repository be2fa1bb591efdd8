#include "stages/study/axes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "numbers/dmath.h"
#include "stages/study/outcome.h"
#include "statistics/powerlaw.h"

enum { DRAWS = 1000, LINE_POINTS = 60 };

struct point {
	size_t setting;
	double x;
};

/* What an axis says beside its value: some are better told by what they come to in a model. */
static const char *counted(const char *axis, const char **title)
{
	static const char *const all[][3] = {{"pretrain.share", "records", "records learned from"},
					     {"pretrain.model", "weights", "weights of the network"},
					     {"pretrain.batch", "batch", "records of a batch"}};
	for (size_t k = 0; k < sizeof all / sizeof *all; k++)
		if (!strcmp(all[k][0], axis)) {
			*title = all[k][2];
			return all[k][1];
		}
	*title = axis;
	return NULL;
}

/* Where a setting stands on an axis; NAN: nowhere. */
static double x_of(const struct trials *c, size_t setting, const char *axis)
{
	const char *title, *name = counted(axis, &title);
	const json_t *value =
		json_object_get(json_object_get(json_array_get(c->settings, setting), "set"), axis);
	struct crossed mean = name ? trials_mean(c, setting, name) : (struct crossed){0};
	return mean.n_rows ? mean.mean : json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* What settings of one series share: grid and all values but the axis'. Yours to free. */
static char *rest_of(const struct trials *c, size_t setting, const char *axis)
{
	const json_t *own = json_array_get(c->settings, setting);
	json_t *set = json_deep_copy(json_object_get(own, "set"));
	json_object_del(set, axis);
	char *text = json_canonical(set, NULL),
	     *out = die_printf("%lld %s", (long long)json_integer_value(json_object_get(own, "grid")), text);
	free(text);
	json_decref(set);
	return out;
}

static int ascending(const void *a, const void *b)
{
	const struct point *p = a, *q = b;
	return (p->x > q->x) - (p->x < q->x);
}

/* Of values that span two octaves or more the logarithm is drawn. */
static bool is_logarithmic(const struct point *p, size_t n)
{
	return n && p[0].x > 0 && p[n - 1].x >= 4 * p[0].x;
}

static double place_of(double x, bool is_log)
{
	return is_log ? dmath_log(x) : x;
}

/* ---- fits ---- */

/* As it is drawn, from the first point to the last: [[place, score], ...]. */
static json_t *line_of(const struct powerlaw *law, double first, double last, bool is_log)
{
	json_t *out = json_array();
	for (int k = 0; k < LINE_POINTS; k++) {
		double share = k / (LINE_POINTS - 1.),
		       x = is_log ? first * dmath_pow(last / first, share) : first + share * (last - first);
		json_array_append_new(out, json_pack("[f, f]", place_of(x, is_log), powerlaw_value(law, x)));
	}
	return out;
}

static json_t *untold(const char *why)
{
	return json_pack("{s:s}", "sentence", why);
}

static json_t *fit_of(const struct trials *c, const struct point *p, size_t n)
{
	size_t n_values = c->n_seeds * c->n_folds, i;
	double *y = die_malloc((n * n_values + 1) * sizeof *y), *x = die_malloc((n + 1) * sizeof *x),
	       *means = die_calloc(n + 1, sizeof *means);
	bool is_whole = true, is_apart = true;
	struct powerlaw law;
	json_t *out;

	for (i = 0; i < n; i++) {
		x[i] = p[i].x;
		is_apart &= i == 0 || x[i] > x[i - 1];
		trials_values(y + i * n_values, c, p[i].setting, "auroc");
		for (size_t k = 0; k < n_values; k++) {
			is_whole &= isfinite(y[i * n_values + k]) != 0;
			means[i] += y[i * n_values + k] / (double)n_values;
		}
	}

	if (n < POWERLAW_POINTS)
		out = untold("Fewer than four points: no exponent is fitted.");
	else if (!is_whole)
		out = untold("Some cells came to nothing: no exponent is fitted.");
	else if (!is_apart || powerlaw_fit(&law, x, means, n) < 0)
		out = untold("Points lie at the same place or have the same score: no exponent is fitted.");
	else {
		struct powerlaw_interval b = powerlaw_bootstrap(x, y, n, c->n_seeds, c->n_folds, DRAWS, 1);
		bool is_told = law.is_bounded && b.share >= .95;
		char *words =
			is_told ? die_printf("AUROC = %.3f - %.3g n^-%.2f, exponent 95 %% [%.2f, %.2f]",
					     law.limit, law.scale, law.exponent, b.low, b.high)
				: die_printf("The exponent cannot be told: %.0f %% of %d resamples of seeds "
					     "and rotations rise towards a limit.",
					     100 * b.share, DRAWS);
		out = json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:b, s:s}", "limit", law.limit, "scale",
				law.scale, "exponent", law.exponent, "low", b.low, "high", b.high, "share",
				b.share, "is_told", is_told, "sentence", words);
		if (is_told)
			json_object_set_new(out, "line", line_of(&law, x[0], x[n - 1], is_logarithmic(p, n)));
		free(words);
	}
	free(y);
	free(x);
	free(means);
	return out;
}

static bool is_fitted(const struct trials *c, const char *axis)
{
	size_t i;
	const json_t *name;
	json_array_foreach (json_object_get(c->study, "fit"), i, name)
		if (!strcmp(json_string_value(name), axis))
			return true;
	return false;
}

/* ---- series ---- */

/* What the values of a grid's other axes are, "" if it has no others. Yours to free. */
static char *series_label(const struct trials *c, size_t setting, const char *axis)
{
	const char *name;
	const json_t *value;
	char *out = die_strdup("");
	json_object_foreach (json_object_get(json_array_get(c->settings, setting), "set"), name, value) {
		if (!strcmp(name, axis))
			continue;
		char *text = json_is_string(value) ? die_strdup(json_string_value(value))
						   : json_canonical(value, NULL);
		const char *key = strchr(name, '.');
		char *longer = die_printf("%s%s%s %s", out, *out ? ", " : "", key ? key + 1 : name, text);
		free(text);
		free(out);
		out = longer;
	}
	return out;
}

static json_t *point_of(const struct trials *c, const struct point *p, const char *axis, bool is_log)
{
	const json_t *own = json_array_get(c->settings, p->setting),
		     *value = json_object_get(json_object_get(own, "set"), axis);
	char *text =
		json_is_string(value) ? die_strdup(json_string_value(value)) : json_canonical(value, NULL);
	struct crossed mean = trials_mean(c, p->setting, "auroc");
	json_t *estimate = outcome_estimate(&mean),
	       *out = json_pack("{s:f, s:f, s:s, s:O, s:o*}", "x", p->x, "place", place_of(p->x, is_log),
				"label", text, "setting", json_object_get(own, "name"), "auroc", estimate);
	free(text);
	return out;
}

/* The settings that differ from `first` in the axis alone, and were not in a series before. */
static json_t *series_of(const struct trials *c, const char *axis, size_t first, bool *is_taken)
{
	char *rest = rest_of(c, first, axis), *label = series_label(c, first, axis);
	struct point *p = die_malloc((c->n_settings + 1) * sizeof *p);
	size_t n = 0;
	for (size_t s = first; s < c->n_settings; s++) {
		char *other = rest_of(c, s, axis);
		bool is_here = !is_taken[s] && !strcmp(rest, other) &&
			       json_object_get(json_object_get(json_array_get(c->settings, s), "set"), axis);
		is_taken[s] |= is_here;
		double x = is_here ? x_of(c, s, axis) : 0;
		if (is_here && isfinite(x))
			p[n++] = (struct point){s, x};
		free(other);
	}
	qsort(p, n, sizeof *p, ascending);

	json_t *points = json_array(), *out = json_pack("{s:s, s:O}", "label", label, "points", points);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(points, point_of(c, &p[i], axis, is_logarithmic(p, n)));
	if (is_fitted(c, axis))
		json_object_set_new(out, "fit", fit_of(c, p, n));
	if (n < 2)
		json_object_clear(out);
	json_decref(points);
	free(p);
	free(rest);
	free(label);
	return out;
}

static void add_curve(json_t *out, const struct trials *c, const char *axis)
{
	const char *title;
	bool *is_taken = die_calloc(c->n_settings + 1, sizeof *is_taken);
	json_t *series = json_array();
	counted(axis, &title);
	for (size_t s = 0; s < c->n_settings; s++) {
		const json_t *own = json_array_get(c->settings, s);
		if (is_taken[s] || !json_integer_value(json_object_get(own, "grid")) ||
		    !json_object_get(json_object_get(own, "set"), axis))
			continue;
		json_t *one = series_of(c, axis, s, is_taken);
		if (json_object_size(one))
			json_array_append(series, one);
		json_decref(one);
	}
	if (json_array_size(series))
		json_array_append_new(
			out, json_pack("{s:s, s:s, s:O}", "axis", axis, "x_title", title, "series", series));
	json_decref(series);
	free(is_taken);
}

json_t *axes_curves(const struct trials *c)
{
	json_t *out = json_array(), *axes = json_object(), *value;
	const char *axis;
	for (size_t s = 0; s < c->n_settings; s++) {
		const json_t *own = json_array_get(c->settings, s);
		if (json_integer_value(json_object_get(own, "grid")))
			json_object_update_missing(axes, json_object_get(own, "set"));
	}
	json_object_foreach (axes, axis, value)
		add_curve(out, c, axis);
	json_decref(axes);
	return out;
}
