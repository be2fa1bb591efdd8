#include "stages/evaluate/ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "stages/evaluate/seeds.h"
#include "statistics/scores.h"
#include "statistics/simultaneous.h"

struct contestant {
	const struct seeds *seeds;
	struct comparison_rows rows, floor; /* floor.n 0: none */
	double value;
	const char *floor_key, *floor_name;
};

struct ranking {
	const struct comparison *c;
	int metric, n;
	struct contestant *list; /* [n], best first */
	struct seeds *seeds;
	int n_seeds;
};

/* ---- order ---- */

static void find_floor(const struct arms *s, const struct ranking *r, struct contestant *x)
{
	static const struct {
		int state;
		const char *key, *name;
	} floors[] = {{ARM_CONVOLUTIONS, "convolutions", "random convolutions"},
		      {ARM_CONVOLUTIONS_DIM, "convolutions_dim", "random convolutions, as wide"},
		      {ARM_RANDOM, "random", "its encoder untrained"},
		      {ARM_STATES, "scale", "log-std only"}};
	double greatest = -INFINITY;

	for (size_t k = 0; k < sizeof floors / sizeof *floors; k++) {
		bool is_scale = floors[k].state == ARM_STATES;
		if (is_scale ? s->scale_compared < 0 : !x->seeds->has[floors[k].state])
			continue;
		struct comparison_rows rows = is_scale ? (struct comparison_rows){1, &s->scale_compared}
						       : seeds_rows(x->seeds, floors[k].state);
		double value = comparison_of_mean(r->c, rows, r->metric).value;
		if (isnan(value) || value <= greatest)
			continue;
		greatest = value;
		x->floor = rows;
		x->floor_key = floors[k].key;
		x->floor_name = floors[k].name;
	}
}

static int by_value(const void *a, const void *b)
{
	const struct contestant *x = a, *y = b;
	if (isnan(x->value) != isnan(y->value))
		return isnan(x->value) ? 1 : -1;
	if (x->value > y->value || x->value < y->value)
		return x->value > y->value ? -1 : 1;
	return strcmp(x->seeds->name, y->seeds->name);
}

static void open_ranking(struct ranking *r, const struct arms *s, int metric)
{
	*r = (struct ranking){.c = &s->comparison, .metric = metric};
	r->seeds = seeds_gather(s, &r->n_seeds);
	r->n = r->n_seeds;
	r->list = die_calloc((size_t)r->n + 1, sizeof *r->list);
	for (int i = 0; i < r->n; i++) {
		struct contestant *x = &r->list[i];
		x->seeds = &r->seeds[i];
		x->rows = seeds_rows(x->seeds, ARM_TRAINED);
		x->value = comparison_of_mean(r->c, x->rows, metric).value;
		find_floor(s, r, x);
	}
	qsort(r->list, (size_t)r->n, sizeof *r->list, by_value);
}

static void close_ranking(struct ranking *r)
{
	seeds_free(r->seeds, r->n_seeds);
	free(r->list);
}

/* ---- many differences at once ---- */

struct family {
	int n;
	struct comparison_rows *rows, *others; /* [n]; others.n 0: undefined */
	struct comparison_value *value;
	double *p; /* corrected */
};

static struct family family_new(int n)
{
	size_t size = (size_t)n + 1;
	return (struct family){n, die_calloc(size, sizeof(struct comparison_rows)),
			       die_calloc(size, sizeof(struct comparison_rows)),
			       die_calloc(size, sizeof(struct comparison_value)),
			       die_calloc(size, sizeof(double))};
}

static void family_release(struct family *f)
{
	free(f->rows);
	free(f->others);
	free(f->value);
	free(f->p);
}

/* In standard errors; those of few seeds count for less, as their intervals are wider. */
static double distance(const struct comparison_value *v)
{
	double error = v->interval.error * v->stretch;
	return error > 0 ? fabs(v->value) / error : isnan(error) || isnan(v->value) ? NAN : 0;
}

static void family_judge(struct family *f, const struct ranking *r)
{
	int n_resamples = r->c->bootstrap.n_resamples;
	double *t = die_calloc((size_t)f->n + 1, sizeof *t),
	       *drawn = die_calloc((size_t)f->n * (size_t)n_resamples + 1, sizeof *drawn);

	for (int i = 0; i < f->n; i++) {
		f->value[i] = f->others[i].n ? comparison_difference_of_means(r->c, f->rows[i], f->others[i],
									      r->metric)
					     : (struct comparison_value){NAN, 1, {NAN, NAN, NAN, 0}};
		t[i] = distance(&f->value[i]);
		for (int k = 0; k < n_resamples && !isnan(t[i]); k++)
			drawn[(size_t)k * (size_t)f->n + (size_t)i] =
				comparison_drawn(r->c, f->rows[i], r->metric, k) -
				comparison_drawn(r->c, f->others[i], r->metric, k);
	}

	simultaneous_p(f->p, t, drawn, f->n, n_resamples);
	free(drawn);
	free(t);
}

static bool is_apart(const struct comparison_value *v)
{
	return v->interval.low > 0 || v->interval.high < 0;
}

/* Pair i, k (i before k) of n. */
static int pair_at(int i, int k, int n)
{
	return i * n - i * (i + 1) / 2 + k - i - 1;
}

static struct family judge_pairs(const struct ranking *r)
{
	struct family f = family_new(r->n * (r->n - 1) / 2);
	for (int i = 0; i < r->n; i++)
		for (int k = i + 1; k < r->n; k++) {
			f.rows[pair_at(i, k, r->n)] = r->list[i].rows;
			f.others[pair_at(i, k, r->n)] = r->list[k].rows;
		}
	family_judge(&f, r);
	return f;
}

static struct family judge_floors(const struct ranking *r)
{
	struct family f = family_new(r->n);
	for (int i = 0; i < r->n; i++) {
		f.rows[i] = r->list[i].rows;
		f.others[i] = r->list[i].floor;
	}
	family_judge(&f, r);
	return f;
}

/* ---- JSON ---- */

static json_t *difference(const struct family *f, int i)
{
	json_t *out = scores_value(&f->value[i]);
	json_object_set_new(out, "p", scores_number(f->p[i]));
	return out;
}

static json_t *contestant_json(const struct arms *s, const struct ranking *r, int i,
			       const struct family *pairs, const struct family *floors)
{
	const struct contestant *x = &r->list[i];
	struct comparison_value own = comparison_of_mean(r->c, x->rows, r->metric);
	json_t *out = json_pack("{s:s, s:o}", "name", x->seeds->name, "value", scores_value(&own));
	json_t *input = json_object_get(s->arm[x->seeds->arm[0]].json, "input");
	if (input)
		json_object_set(out, "input", input);
	if (i)
		json_object_set_new(out, "behind", difference(pairs, pair_at(0, i, r->n)));
	if (i + 1 < r->n)
		json_object_set_new(out, "over_next", difference(pairs, pair_at(i, i + 1, r->n)));
	if (x->floor_key) {
		struct comparison_value floor = comparison_of_mean(r->c, x->floor, r->metric);
		json_object_set_new(out, "floor", json_string(x->floor_key));
		json_object_set_new(out, "floor_name", json_string(x->floor_name));
		json_object_set_new(out, "floor_value", scores_value(&floor));
		json_object_set_new(out, "over_floor", difference(floors, i));
	}
	return out;
}

static json_t *pairs_json(const struct family *f)
{
	int n = 0, n_apart = 0, n_together = 0;
	for (int i = 0; i < f->n; i++) {
		n += !isnan(f->p[i]);
		n_apart += is_apart(&f->value[i]);
		n_together += f->p[i] < RANKING_LEVEL && is_apart(&f->value[i]);
	}
	return json_pack("{s:i, s:i, s:f, s:i}", "n", n, "apart", n_apart, "by_chance", n * RANKING_LEVEL,
			 "together", n_together);
}

static json_t *floors_json(const struct family *f)
{
	int n = 0, n_above = 0, n_together = 0;
	for (int i = 0; i < f->n; i++) {
		n += !isnan(f->p[i]);
		n_above += f->value[i].interval.low > 0;
		n_together += f->p[i] < RANKING_LEVEL && f->value[i].interval.low > 0;
	}
	return json_pack("{s:i, s:i, s:i}", "n", n, "above", n_above, "together", n_together);
}

static json_t *p_of_pairs(const struct ranking *r, const struct family *pairs)
{
	json_t *out = json_object();
	for (int i = 0; i < r->n; i++) {
		json_t *own = json_object();
		for (int k = 0; k < r->n; k++)
			if (k != i)
				json_object_set_new(
					own, r->list[k].seeds->name,
					scores_number(
						pairs->p[i < k ? pair_at(i, k, r->n) : pair_at(k, i, r->n)]));
		json_object_set_new(out, r->list[i].seeds->name, own);
	}
	return out;
}

json_t *ranking_of(const struct arms *s, enum comparison_metric metric)
{
	struct ranking r;
	open_ranking(&r, s, metric);
	struct family pairs = judge_pairs(&r), floors = judge_floors(&r);
	json_t *list = json_array();
	for (int i = 0; i < r.n; i++)
		json_array_append_new(list, contestant_json(s, &r, i, &pairs, &floors));
	json_t *out = json_pack("{s:s, s:f, s:o, s:o, s:o, s:o}", "metric", comparison_names[metric], "level",
				RANKING_LEVEL, "arms", list, "pairs", pairs_json(&pairs), "floors",
				floors_json(&floors), "p", p_of_pairs(&r, &pairs));
	family_release(&pairs);
	family_release(&floors);
	close_ranking(&r);
	return out;
}
