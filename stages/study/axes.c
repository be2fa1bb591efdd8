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

struct series {
	size_t first;	 /* setting */
	struct point *p; /* by ascending x */
	size_t n;
};

struct curve {
	const struct trials *c;
	const char *axis;
	struct series *series;
	size_t n;
	bool is_log;	  /* of values that span two octaves or more the logarithm is drawn, of all series */
	json_t *left_out; /* labels */
};

/* What an axis says beside its value: some are better told by what they come to in a model. NULL: nothing. */
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

static const json_t *value_of(const struct trials *c, size_t setting, const char *axis)
{
	return json_object_get(json_object_get(json_array_get(c->settings, setting), "set"), axis);
}

/* Where a setting stands on an axis; NAN: nowhere, or it has no score to stand there. What is counted in
 * models is told by a model only: the value itself would be a place of another axis. */
static double x_of(const struct trials *c, size_t setting, const char *axis)
{
	const char *title, *name = counted(axis, &title);
	const json_t *value = value_of(c, setting, axis);
	if (!trials_mean(c, setting, "auroc").n_rows)
		return (double)NAN;
	if (name)
		return trials_mean(c, setting, name).mean;
	return json_is_number(value) ? json_number_value(value) : (double)NAN;
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

static bool is_logarithmic(const struct curve *v)
{
	double least = INFINITY, most = -INFINITY;
	for (size_t i = 0; i < v->n; i++)
		if (v->series[i].n) {
			least = fmin(least, v->series[i].p[0].x);
			most = fmax(most, v->series[i].p[v->series[i].n - 1].x);
		}
	return least > 0 && most >= 4 * least;
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

static json_t *fit_of(const struct trials *c, const struct point *p, size_t n, bool is_log)
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
			json_object_set_new(out, "line", line_of(&law, x[0], x[n - 1], is_log));
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

/* "72", "14k", "4.7M"; yours to free. */
static char *count_text(double x)
{
	return x >= 1e6	  ? die_printf("%.1fM", x / 1e6)
	       : x >= 1e4 ? die_printf("%.0fk", x / 1e3)
			  : die_printf("%.0f", x);
}

static json_t *point_of(const struct curve *v, const struct point *p)
{
	const json_t *value = value_of(v->c, p->setting, v->axis);
	const char *title;
	char *set = json_is_string(value) ? die_strdup(json_string_value(value))
					  : json_canonical(value, NULL),
	     *count = counted(v->axis, &title) ? count_text(p->x) : NULL;
	struct crossed mean = trials_mean(v->c, p->setting, "auroc");
	json_t *out = json_pack("{s:f, s:f, s:s, s:s*, s:s, s:b, s:o*}", "x", p->x, "place",
				place_of(p->x, v->is_log), "label", count ? count : set, "below",
				count ? set : NULL, "setting", trials_name(v->c, p->setting), "is_complete",
				trials_cells(v->c, p->setting) == trials_most_cells(v->c), "auroc",
				outcome_estimate(&mean));
	free(set);
	free(count);
	return out;
}

static json_t *series_of(const struct curve *v, const struct series *s)
{
	char *label = series_label(v->c, s->first, v->axis);
	json_t *points = json_array(), *out = json_pack("{s:s, s:o}", "label", label, "points", points);
	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(points, point_of(v, &s->p[i]));
	if (is_fitted(v->c, v->axis))
		json_object_set_new(out, "fit", fit_of(v->c, s->p, s->n, v->is_log));
	free(label);
	return out;
}

/* The settings that differ from `first` in the axis alone, and were not in a series before. */
static void add_series(struct curve *v, size_t first, bool *is_taken)
{
	const struct trials *c = v->c;
	char *rest = rest_of(c, first, v->axis);
	struct series *out = &v->series[v->n++];
	*out = (struct series){first, die_malloc((c->n_settings + 1) * sizeof *out->p), 0};
	for (size_t s = first; s < c->n_settings; s++) {
		char *other = rest_of(c, s, v->axis);
		bool is_here = !is_taken[s] && !strcmp(rest, other) && value_of(c, s, v->axis);
		free(other);
		if (!is_here)
			continue;
		is_taken[s] = true;
		double x = x_of(c, s, v->axis);
		if (isfinite(x))
			out->p[out->n++] = (struct point){s, x};
		else
			json_array_append(v->left_out,
					  json_object_get(json_array_get(c->settings, s), "label"));
	}
	qsort(out->p, out->n, sizeof *out->p, ascending);
	free(rest);
}

/* What is left out, as a sentence; nothing where an axis has no numbers at all. */
static void say_left_out(json_t *out, const struct curve *v)
{
	size_t i, n_points = 0;
	const json_t *label;
	char *words = die_strdup("Left out, without a score or a place here: ");
	for (i = 0; i < v->n; i++)
		n_points += v->series[i].n;
	json_array_foreach (v->left_out, i, label) {
		char *longer = die_printf("%s%s%s", words, i ? "; " : "", json_string_value(label));
		free(words);
		words = longer;
	}
	if (n_points && json_array_size(v->left_out))
		json_object_set_new(out, "left_out", json_sprintf("%s.", words));
	free(words);
}

static void add_curve(json_t *all, const struct trials *c, const char *axis)
{
	const char *title;
	bool *is_taken = die_calloc(c->n_settings + 1, sizeof *is_taken);
	struct curve v = {c, axis, die_calloc(c->n_settings + 1, sizeof *v.series), 0, false, json_array()};
	counted(axis, &title);
	for (size_t s = 0; s < c->n_settings; s++)
		if (!is_taken[s] && value_of(c, s, axis) &&
		    json_integer_value(json_object_get(json_array_get(c->settings, s), "grid")))
			add_series(&v, s, is_taken);
	v.is_log = is_logarithmic(&v);

	json_t *series = json_array(),
	       *out = json_pack("{s:s, s:s, s:o}", "axis", axis, "x_title", title, "series", series);
	for (size_t i = 0; i < v.n; i++)
		if (v.series[i].n > 1)
			json_array_append_new(series, series_of(&v, &v.series[i]));
	say_left_out(out, &v);
	if (json_array_size(series) || json_object_get(out, "left_out"))
		json_array_append(all, out);

	json_decref(out);
	for (size_t i = 0; i < v.n; i++)
		free(v.series[i].p);
	free(v.series);
	json_decref(v.left_out);
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
