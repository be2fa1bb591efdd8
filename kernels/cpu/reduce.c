#include "kernels/cpu/reduce.h"

#include "common/pool.h"
#include "kernels/cpu/table.h"
#include "kernels/workspace.h"

/* Columns j..j+width of one chunk of rows, ascending. */
static void sum_chunk(float to[REDUCE_COLUMNS], const float *x, size_t m, int width, size_t ld)
{
	v16 low = v_set(0), high = v_set(0);
	int rest = width - 16;
	for (size_t i = 0; i < m; i++, x += ld) {
		low = v_add(low, v_load_up_to(x, width));
		if (rest > 0)
			high = v_add(high, v_load_up_to(x + 16, rest));
	}
	v_store(to, low);
	v_store(to + 16, high);
}

void ISA(reduce_rows_serial)(float *to, const float *x, size_t m, int n, size_t ld, size_t chunk,
			     bool is_added)
{
	for (int j = 0; j < n; j += REDUCE_COLUMNS) {
		int width = n - j < REDUCE_COLUMNS ? n - j : REDUCE_COLUMNS;
		struct reduce r;
		float part[REDUCE_COLUMNS];
		r.n_chunks = 0;
		r.depth = 0;
		for (size_t i = 0; i < m; i += chunk) {
			sum_chunk(part, x + i * ld + j, m - i < chunk ? m - i : chunk, width, ld);
			reduce_push(&r, part);
		}
		const float *sum = reduce_end(&r);
		for (int c = 0; c < width; c++)
			to[j + c] = is_added ? to[j + c] + sum[c] : sum[c];
	}
}

struct sum_rows {
	float *to;
	const float *x;
	int m, n, ld;
	struct by_block by;
};

static void sum_rows_task(void *context, int task)
{
	const struct sum_rows *s = context;
	int j = task * REDUCE_COLUMNS, width = s->n - j < REDUCE_COLUMNS ? s->n - j : REDUCE_COLUMNS;
	float *to = s->to + j;
	for (int first = 0; first < s->m; first += s->by.rows, to += s->by.stride) {
		int m = s->m - first < s->by.rows ? s->m - first : s->by.rows;
		ISA(reduce_rows_serial)
		(to, s->x + (size_t)first * (size_t)s->ld + j, (size_t)m, width, (size_t)s->ld, REDUCE_ROWS,
		 true);
	}
}

void ISA(reduce_rows)(float *db, const float *dy, int m, int n, int ld, struct by_block by)
{
	struct sum_rows s = {db, dy, m, n, ld, by};
	if (by.rows == 0)
		s.by.rows = m;
	pool_run(sum_rows_task, &s, (n + REDUCE_COLUMNS - 1) / REDUCE_COLUMNS);
}

struct sum_blocks {
	float *to;
	const float *from;
	int m;
	size_t n;
};

static void sum_blocks_task(void *context, int task)
{
	const struct sum_blocks *s = context;
	size_t j = (size_t)task * REDUCE_COLUMNS,
	       width = s->n - j < REDUCE_COLUMNS ? s->n - j : REDUCE_COLUMNS;
	struct reduce r;
	float part[REDUCE_COLUMNS] = {0};
	r.n_chunks = 0;
	r.depth = 0;
	for (int i = 0; i < s->m; i++) {
		memcpy(part, s->from + (size_t)i * s->n + j, width * sizeof *part);
		reduce_push(&r, part);
	}
	memcpy(s->to + j, reduce_end(&r), width * sizeof *s->to);
}

void ISA(reduce_blocks)(float *to, const float *from, int m, size_t n)
{
	struct sum_blocks s = {to, from, m, n};
	pool_run(sum_blocks_task, &s, (int)((n + REDUCE_COLUMNS - 1) / REDUCE_COLUMNS));
}

struct squares {
	const float *x;
	float *sums;
	size_t n;
};

static void squares_task(void *context, int chunk)
{
	const struct squares *s = context;
	size_t from = (size_t)chunk * REDUCE_FLOATS,
	       n = s->n - from < REDUCE_FLOATS ? s->n - from : REDUCE_FLOATS;
	v16 sum = v_set(0);
	for (size_t i = 0; i < n; i += 16) {
		v16 x = v_load_up_to(s->x + from + i, n - i < 16 ? (int)(n - i) : 16);
		sum = v_fma(x, x, sum);
	}
	s->sums[chunk] = v_sum(sum);
}

float ISA(reduce_sum_squares)(const float *x, size_t n)
{
	size_t n_chunks = (n + REDUCE_FLOATS - 1) / REDUCE_FLOATS;
	struct squares s = {x, workspace_shared(WORKSPACE_PARTIAL, n_chunks + 1), n};
	if (n == 0)
		return 0;
	pool_run(squares_task, &s, (int)n_chunks);
	reduce_tree(s.sums, n_chunks, 1, 1);
	return s.sums[0];
}

void ISA(reduce_squares)(float *sum, const float *x, size_t n)
{
	*sum = ISA(reduce_sum_squares)(x, n);
}
