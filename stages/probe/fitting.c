#include "stages/probe/fitting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/progress.h"
#include "ecg/fold.h"
#include "stages/shared/rotation.h"
#include "statistics/offset.h"

/* ---- one classifier ---- */

static void fit(struct probe *out, const struct fitting *f, int arm,
		const struct judge_part part[PROBE_PARTS], const struct probe_data *data,
		struct progress *progress)
{
	const struct params *p = f->params;
	struct seen_part seen[PROBE_PARTS];
	struct rows rows[PROBE_PARTS];

	if (arm == MAJORITY) {
		probe_majority(out, data);
		return;
	}
	for (int k = 0; k < PROBE_PARTS; k++)
		rows[k] = seen_rows(f->seen, &seen[k], arm, &part[k]);
	probe_fit(out, data, rows,
		  &(struct probe_options){params_float(p, "c_min"), params_float(p, "c_max"),
					  (int)params_int(p, "c_steps"), params_bool(p, "class_offset"),
					  progress});
}

static void start(struct progress *p, const struct fitting *f, int n_turns)
{
	int n = 0;
	for (int a = 0; a < MAJORITY; a++)
		n += seen_has(f->seen, a);
	progress_start(p, "probe", "fits",
		       (uint64_t)n * (uint64_t)n_turns * (uint64_t)params_int(f->params, "c_steps"));
}

/* A row that has the numbers of the arm's probe. */
static struct judge_row *add_row(struct fitting *f, int arm)
{
	const struct probe *p = &f->probe[arm];
	const struct seen_arm *a = &seen_arms[arm];
	struct judge_row *row = &f->row[f->n_rows++];
	*row = (struct judge_row){
		a->key,	       a->name,	       .weight = p->weight, .c = arm == MAJORITY ? (double)NAN : p->c,
		.tau = p->tau, .table = a->out};
	memcpy(row->probability, p->probability, sizeof p->probability);
	return row;
}

void fitting_folds(struct fitting *f, const struct judge *j)
{
	struct progress progress;
	struct probe_data data = judge_data(j);
	start(&progress, f, 1);
	for (int a = 0; a < ROWS; a++)
		if (seen_has(f->seen, a)) {
			fit(&f->probe[a], f, a, j->part, &data, &progress);
			add_row(f, a);
		}
	progress_end(&progress);
}

/* ---- in turn ---- */

static void pool_init(struct fitting_pool *p, size_t n)
{
	p->probability = die_calloc(n + 1, sizeof *p->probability);
	p->weight = die_calloc(n + 1, sizeof *p->weight);
	p->rotations = json_array();
}

/* By what the odds, or single the probabilities, of each class change from a turn's shares to those of
 * all. */
static void shares_ratio(double *ratio, const struct probe *p, const double *share)
{
	for (int c = 0; c < p->n_classes; c++) {
		double own = p->prior[c], all = share[c];
		bool is_known = own > 0 && all > 0 && (!p->is_multi || (own < 1 && all < 1));
		ratio[c] = !is_known ? 1 : p->is_multi ? all / (1 - all) / (own / (1 - own)) : all / own;
	}
}

static void carry_over(float *out, const float *p, const double *ratio, int n_classes, bool is_multi)
{
	double sum = 0;
	for (int c = 0; c < n_classes; c++)
		sum += (double)p[c] * ratio[c];
	for (int c = 0; c < n_classes; c++) {
		double x = (double)p[c] * ratio[c];
		out[c] = (float)(x / (is_multi ? x + 1 - (double)p[c] : sum));
	}
}

static json_t *turn_json(const struct probe *p, const struct rotation *r, const double *weight)
{
	json_t *weights = json_array();
	for (int c = 0; c < p->n_classes; c++)
		json_array_append_new(weights, json_real(weight[c]));
	return json_pack("{s:i, s:I, s:I, s:I, s:o, s:f, s:o}", "fold", r->fold, "train",
			 (json_int_t)r->data.n[PROBE_TRAIN], "validation",
			 (json_int_t)r->data.n[PROBE_VALIDATION], "test", (json_int_t)r->data.n[PROBE_TEST],
			 "c", p->d ? json_real(p->c) : json_null(), "tau", p->tau, "decision_weight",
			 weights);
}

/* share [n_classes] of all records. */
static void pool_add(struct fitting_pool *pool, const struct probe *p, const struct rotation *r,
		     const double *share)
{
	size_t n_classes = (size_t)p->n_classes;
	double *ratio = die_malloc(2 * n_classes * sizeof *ratio), *weight = ratio + n_classes;
	shares_ratio(ratio, p, share);
	for (size_t c = 0; c < n_classes; c++)
		weight[c] = p->weight[c] / ratio[c];

	for (size_t i = 0; i < r->data.n[PROBE_TEST]; i++) {
		size_t at = r->place[i] * n_classes;
		carry_over(pool->probability + at, p->probability[PROBE_TEST] + i * n_classes, ratio,
			   p->n_classes, p->is_multi);
		for (size_t c = 0; c < n_classes && !p->d; c++) /* to the bit, or rounding would rank them */
			pool->probability[at + c] = (float)share[c];
		memcpy(pool->weight + at, weight, n_classes * sizeof *weight);
	}

	json_array_append_new(pool->rotations, turn_json(p, r, weight));
	free(ratio);
}

/* The turn of fold 10 is kept: its classifier is the one that is published. */
static void take_turn(struct fitting *f, const struct judge *j, int fold, struct progress *progress)
{
	struct rotation r;
	rotation_open(&r, j, fold);
	for (int a = 0; a < ROWS; a++) {
		struct probe p;
		if (!seen_has(f->seen, a))
			continue;
		fit(&p, f, a, r.part, &r.data, progress);
		pool_add(&f->pool[a], &p, &r, f->share);
		if (fold == FOLD_TEST)
			f->probe[a] = p;
		else
			probe_release(&p);
	}
	rotation_release(&r);
}

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The lower one, so that it is one of them. */
static double median(const json_t *rotations, const char *name)
{
	double x[FOLDS];
	size_t n = json_array_size(rotations);
	for (size_t i = 0; i < n; i++)
		x[i] = json_number_value(json_object_get(json_array_get(rotations, i), name));
	qsort(x, n, sizeof *x, by_number);
	return x[(n - 1) / 2];
}

void fitting_cross(struct fitting *f, const struct judge *j)
{
	struct progress progress;
	const struct judge_part *all = &j->part[PROBE_TEST];
	f->share = die_malloc((size_t)j->n_classes * sizeof *f->share);
	offset_prior(f->share, all->truth, all->n, j->n_classes);
	start(&progress, f, FOLDS);
	for (int a = 0; a < ROWS; a++)
		pool_init(&f->pool[a], all->n * (size_t)j->n_classes);
	for (int fold = 1; fold <= FOLDS; fold++)
		take_turn(f, j, fold, &progress);
	progress_end(&progress);

	for (int a = 0; a < ROWS; a++) {
		if (!seen_has(f->seen, a))
			continue;
		const struct fitting_pool *pool = &f->pool[a];
		struct judge_row *row = add_row(f, a);
		row->c = a == MAJORITY ? (double)NAN : median(pool->rotations, "c");
		row->tau = median(pool->rotations, "tau");
		row->probability[PROBE_VALIDATION] = NULL;
		row->probability[PROBE_TEST] = pool->probability;
		row->own_weight = pool->weight;
		row->rotations = pool->rotations;
	}
}

void fitting_release(struct fitting *f)
{
	free(f->share);
	for (int a = 0; a < ROWS; a++) {
		probe_release(&f->probe[a]);
		free(f->pool[a].probability);
		free(f->pool[a].weight);
		json_decref(f->pool[a].rotations);
	}
}
