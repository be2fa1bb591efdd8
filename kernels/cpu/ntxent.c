/*
 * NT-Xent in strips of rows: a strip of similarities [STRIP, M] is all that exists of the M x M matrix.
 * The first pass finds each row's log-sum-exp; the second makes the strip again and needs no transposed
 * access, for s_ij = s_ji to the bit: both are the same fma chain with factors exchanged.
 *
 * Every row's loss is row_i lse_i - own_i sum s_ij over its record's other views - other_i sum s_ij over the
 * positives of other records; which rows are candidates and what the three weights are is all that objectives
 * differ in.
 */
#include <math.h>
#include <string.h>

#include "common/pool.h"
#include "kernels/cpu/math.h"
#include "kernels/cpu/tile.h"
#include "kernels/cpu/table.h"
#include "kernels/workspace.h"

enum { STRIP = 28 };

struct work {
	const struct ntxent *l;
	float *u;		  /* [M][d_wide] unit rows, zeros behind D */
	float *transposed;	  /* [D][m_wide] */
	float *inverse;		  /* [M] 1 / |z| */
	float *lse, *loss;	  /* [m_wide], [M] */
	float *is_nearest;	  /* [M] 1 where the nearest other row is of the same record */
	float *row, *own, *other; /* [m_wide] weights */
	int n_views, m, m_wide, d_wide;
};

static int round_up(int n)
{
	return (n + 15) / 16 * 16;
}

static struct work work_of(const struct ntxent *l, float *scratch)
{
	int n_views = l->n_views ? l->n_views : 2, m = n_views * l->n;
	struct work w = {.l = l, .n_views = n_views, .m = m, .m_wide = round_up(m), .d_wide = round_up(l->d)};
	w.u = scratch;
	w.transposed = w.u + (size_t)w.m * (size_t)w.d_wide;
	w.inverse = w.transposed + (size_t)l->d * (size_t)w.m_wide;
	w.lse = w.inverse + w.m_wide;
	w.loss = w.lse + w.m_wide;
	w.is_nearest = w.loss + w.m_wide;
	w.row = w.is_nearest + w.m_wide;
	w.own = w.row + w.m_wide;
	w.other = w.own + w.m_wide;
	return w;
}

size_t ISA(ntxent_scratch)(int m, int d)
{
	size_t m_wide = (size_t)round_up(m);
	return (size_t)m * (size_t)round_up(d) + (size_t)d * m_wide + 7 * m_wide;
}

static void unit_rows(const struct work *w, int i)
{
	const float *z = w->l->z + (size_t)i * (size_t)w->l->d;
	float *u = w->u + (size_t)i * (size_t)w->d_wide;
	v16 sum = v_set(0);
	for (int j = 0; j < w->l->d; j += 16) {
		v16 x = v_load_up_to(z + j, w->l->d - j);
		sum = v_fma(x, x, sum);
	}
	float norm = sqrtf(v_sum(sum));
	w->inverse[i] = 1.0f / (norm < 1e-12f ? 1e-12f : norm);
	for (int j = 0; j < w->d_wide; j += 16)
		v_store(u + j, v_mul(v_load_up_to(z + j, w->l->d - j), v_set(w->inverse[i])));
}

static bool has_sets(const struct ntxent *l)
{
	return l->patient && l->same_patient == SAME_PATIENT_POSITIVE;
}

/* Another record of the same patient. */
static bool is_same(const struct ntxent *l, int record, int other)
{
	return other != record && l->patient[other] == l->patient[record];
}

/* other[i] = how many other records row i's patient has in the batch, where these are positives. */
static void count_row(const struct work *w, int i)
{
	int n = 0;
	for (int j = 0; has_sets(w->l) && j < w->l->n; j++)
		n += is_same(w->l, i % w->l->n, j);
	w->other[i] = (float)n;
}

static void unit_task(void *context, int strip)
{
	const struct work *w = context;
	for (int i = strip * STRIP; i < (strip + 1) * STRIP && i < w->m; i++) {
		unit_rows(w, i);
		count_row(w, i);
	}
}

/* Counts become weights: all of a row's positives alike, or, across views, CLOCS's two means with half
 * of the weight each, the own pairs' and that of all pairs of different records (counts are whole:
 * their sum is exact). */
static void weigh(const struct work *w)
{
	const struct ntxent *l = w->l;
	double n_pairs = 0;
	for (int i = 0; i < w->m; i++)
		n_pairs += (double)w->other[i];
	bool has_pairs = l->is_across && n_pairs > 0;
	float pair = has_pairs ? (float)(w->m / (2 * n_pairs)) : 0;
	for (int i = 0; i < w->m_wide; i++) {
		float n = i < w->m ? w->other[i] : 0;
		w->own[i] = has_pairs	   ? 0.5f
			    : l->is_across ? 1.0f
					   : 1.0f / ((float)(w->n_views - 1) + (float)w->n_views * n);
		w->other[i] = has_pairs ? pair : has_sets(l) ? w->own[i] : 0;
		w->row[i] = has_pairs ? 0.5f + pair * n : 1.0f;
	}
}

/* -inf for the rows that are no candidates of row i: itself, those of its view or patient if so
 * wished, and behind M. */
static void leave_out(const struct work *w, float *s, int i)
{
	const struct ntxent *l = w->l;
	int record = i % l->n, own = i - record;
	s[i] = -INFINITY;
	for (int j = w->m; j < w->m_wide; j++)
		s[j] = -INFINITY;
	for (int j = 0; l->is_across && j < l->n; j++)
		s[own + j] = -INFINITY;
	for (int j = 0; l->patient && l->same_patient == SAME_PATIENT_MASK && j < l->n; j++)
		for (int k = j; is_same(l, record, j) && k < w->m; k += l->n)
			s[k] = -INFINITY;
}

/* s[rows][m_wide] = similarities over temperature of rows i0.. */
static void similarities(const struct work *w, float *s, int i0, int rows)
{
	const struct ntxent *l = w->l;
	v16 factor = v_set(1.0f / l->temperature);
	ISA(tile_product)
	(&(struct tile_c){.c = s, .ldc = w->m_wide},
	 tile_rows_of(w->u + (size_t)i0 * (size_t)w->d_wide, w->d_wide), w->transposed, w->m_wide, rows,
	 w->m_wide, l->d);
	for (int r = 0; r < rows; r++, s += w->m_wide) {
		for (int j = 0; j < w->m_wide; j += 16)
			v_store(s + j, v_mul(v_load(s + j), factor));
		leave_out(w, s, i0 + r);
	}
}

/* Whether row j is another view of row i's record. */
static bool is_partner(const struct ntxent *l, int i, int j)
{
	return j != i && j % l->n == i % l->n;
}

/* Whether row j is a positive of row i from another record. */
static bool is_other_positive(const struct ntxent *l, int i, int j)
{
	return is_same(l, i % l->n, j % l->n) && !(l->is_across && i / l->n == j / l->n);
}

/* Weighted sum of s over row i's positives, its record's first. */
static float positive_sum(const struct work *w, const float *s, int i)
{
	float own = 0, sum = 0;
	for (int j = i % w->l->n; j < w->m; j += w->l->n)
		if (j != i)
			own += s[j];
	for (int j = 0; has_sets(w->l) && j < w->m; j++)
		if (is_other_positive(w->l, i, j))
			sum += s[j];
	return w->own[i] * own + w->other[i] * sum;
}

/* Whether the first of the nearest rows is of row i's record; NaN is near to nothing. */
static bool is_nearest(const struct work *w, const float *s, int i, float maximum)
{
	int j = 0;
	while (j < w->m && s[j] != maximum)
		j++;
	return j < w->m && is_partner(w->l, i, j);
}

static void loss_row(const struct work *w, const float *s, int i)
{
	v16 largest = v_set(-INFINITY), sum = v_set(0);
	for (int j = 0; j < w->m_wide; j += 16)
		largest = v_max(v_load(s + j), largest);
	float maximum = v_maximum(largest), log_sum[16];
	for (int j = 0; j < w->m_wide; j += 16)
		sum = v_add(sum, v_exp(v_sub(v_load(s + j), v_set(maximum))));
	v_store(log_sum, v_log(v_set(v_sum(sum))));
	w->lse[i] = maximum + log_sum[0];
	w->loss[i] = w->row[i] * w->lse[i] - positive_sum(w, s, i);
	w->is_nearest[i] = is_nearest(w, s, i, maximum);
}

static void loss_task(void *context, int strip)
{
	const struct work *w = context;
	int i0 = strip * STRIP, rows = w->m - i0 < STRIP ? w->m - i0 : STRIP;
	float *s = workspace_thread(WORKSPACE_TILE);
	similarities(w, s, i0, rows);
	for (int r = 0; r < rows; r++)
		loss_row(w, s + (size_t)r * (size_t)w->m_wide, i0 + r);
}

/* s becomes d loss / d s_ij + d loss / d s_ji: (row_i exp(s - lse_i) + row_j exp(s - lse_j) - 2 own or other
 * where positive) / M. Partners, and records of one patient, have equal weights. */
static void gradient_row(const struct work *w, float *s, int i)
{
	const struct ntxent *l = w->l;
	float share = 1.0f / (float)w->m;
	for (int j = 0; j < w->m_wide; j += 16) {
		v16 x = v_load(s + j);
		v16 p = v_mul(v_set(w->row[i]), v_exp(v_sub(x, v_set(w->lse[i]))));
		v16 q = v_mul(v_load(w->row + j), v_exp(v_sub(x, v_load(w->lse + j))));
		v_store(s + j, v_mul(v_add(p, q), v_set(share)));
	}
	for (int j = i % l->n; j < w->m; j += l->n)
		if (j != i)
			s[j] -= 2.0f * w->own[i] * share;
	for (int j = 0; has_sets(l) && j < w->m; j++)
		if (is_other_positive(l, i, j))
			s[j] -= 2.0f * w->other[i] * share;
}

/* dz = (du - u (u . du)) / |z|, du = (1 / tau) sum over j of g_ij u_j. */
static void input_gradient(const struct work *w, float *du, int i)
{
	const float *u = w->u + (size_t)i * (size_t)w->d_wide;
	float *dz = w->l->dz + (size_t)i * (size_t)w->l->d;
	v16 sum = v_set(0), factor = v_set(1.0f / w->l->temperature);
	for (int j = 0; j < w->d_wide; j += 16) {
		v16 x = v_mul(v_load(du + j), factor);
		v_store(du + j, x);
		sum = v_fma(v_load(u + j), x, sum);
	}
	v16 along = v_set(-v_sum(sum)), inverse = v_set(w->inverse[i]);
	for (int j = 0; j < w->l->d; j += 16)
		v_store_up_to(dz + j, v_mul(v_fma(v_load(u + j), along, v_load(du + j)), inverse),
			      w->l->d - j);
}

static void gradient_task(void *context, int strip)
{
	const struct work *w = context;
	int i0 = strip * STRIP, rows = w->m - i0 < STRIP ? w->m - i0 : STRIP;
	float *s = workspace_thread(WORKSPACE_TILE);
	float *du = s + STRIP * (size_t)w->m_wide;
	similarities(w, s, i0, rows);
	for (int r = 0; r < rows; r++)
		gradient_row(w, s + (size_t)r * (size_t)w->m_wide, i0 + r);
	ISA(tile_product)
	(&(struct tile_c){.c = du, .ldc = w->d_wide}, tile_rows_of(s, w->m_wide), w->u, w->d_wide, rows,
	 w->d_wide, w->m);
	for (int r = 0; r < rows; r++)
		input_gradient(w, du + (size_t)r * (size_t)w->d_wide, i0 + r);
}

static float mean_of(const float *x, int n)
{
	v16 sum = v_set(0);
	for (int j = 0; j < n; j += 16)
		sum = v_add(sum, v_load_up_to(x + j, n - j));
	return v_sum(sum) / (float)n;
}

void ISA(ntxent_loss)(const struct ntxent *l, float *scratch)
{
	struct work w = work_of(l, scratch);
	int n_strips = (w.m + STRIP - 1) / STRIP;
	workspace_reserve(WORKSPACE_TILE, STRIP * (size_t)(w.m_wide + w.d_wide));
	pool_run(unit_task, &w, n_strips);
	weigh(&w);
	ISA(tile_rows)(w.transposed, w.m_wide, w.u, 1, w.d_wide, w.m, l->d);
	for (int j = w.m; j < w.m_wide; j++)
		w.lse[j] = 0;
	pool_run(loss_task, &w, n_strips);
	l->result[0] = mean_of(w.loss, w.m);
	l->result[1] = mean_of(w.is_nearest, w.m);
	if (l->dz)
		pool_run(gradient_task, &w, n_strips);
}
