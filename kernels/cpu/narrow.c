#include "kernels/cpu/narrow.h"

#include "common/pool.h"
#include "kernels/cpu/vec.h"
#include "kernels/workspace.h"

/* ---- forward: two times a row ---- */

enum { MAX_WINDOW = 128, SIGNALS = 4 /* per task */ };

/* Pairs of times in a tile. 8*3 + 3 + 3 of 32 zmm; 2*6 + 2 + 1 of 16 ymm. */
#if defined __AVX512F__
enum { MAX_PAIRS = 8 };
#define ALL_PAIRS(f, nv) f(1, nv) f(2, nv) f(3, nv) f(4, nv) f(5, nv) f(6, nv) f(7, nv) f(8, nv)
#else
enum { MAX_PAIRS = 2 };
#define ALL_PAIRS(f, nv) f(1, nv) f(2, nv)
#endif

struct pairs {
	float *y;	/* [n_pairs][nv * 16] */
	const float *x; /* window of the first time */
	ptrdiff_t step; /* floats to the next time's window */
	const float *w; /* [k][nv * 16]: each tap's channels, twice */
	const float *bias;
	int k;
};

/* Lanes from 8 on of the middle vector belong to the second time. n_pairs, nv: constants, nv 1 or 3. */
INLINE void pair_tile(const int n_pairs, const int nv, const struct pairs *t)
{
	v16 acc[MAX_PAIRS][3], w[3];
	const float *first = t->x, *second = t->x + t->step, *row = t->w, *bias = t->bias;
	const ptrdiff_t step = 2 * t->step;
	float *y = t->y;

	UNROLL
	for (int p = 0; p < n_pairs; p++) {
		UNROLL
		for (int v = 0; v < nv; v++)
			acc[p][v] = v_set(0);
	}

	for (int k = t->k; k > 0; k--, first++, second++, row += nv * 16) {
		UNROLL
		for (int v = 0; v < nv; v++)
			w[v] = v_load(row + v * 16);
		UNROLL
		for (int p = 0; p < n_pairs; p++) {
			v16 a = v_set(first[p * step]), b = v_set(second[p * step]);
			if (nv == 3)
				acc[p][0] = v_fma(a, w[0], acc[p][0]);
			acc[p][nv / 2] = v_fma(v_halves(a, b), w[nv / 2], acc[p][nv / 2]);
			if (nv == 3)
				acc[p][2] = v_fma(b, w[2], acc[p][2]);
		}
	}

	if (bias) {
		UNROLL
		for (int v = 0; v < nv; v++)
			w[v] = v_load(bias + v * 16);
		UNROLL
		for (int p = 0; p < n_pairs; p++) {
			UNROLL
			for (int v = 0; v < nv; v++)
				acc[p][v] = v_add(acc[p][v], w[v]);
		}
	}

	UNROLL
	for (int p = 0; p < n_pairs; p++) {
		UNROLL
		for (int v = 0; v < nv; v++)
			v_store(y + (p * nv + v) * 16, acc[p][v]);
	}
}

#define PAIR_TILE(n_pairs, nv)                                                                               \
	static void pairs_##n_pairs##x##nv(const struct pairs *t)                                            \
	{                                                                                                    \
		pair_tile(n_pairs, nv, t);                                                                   \
	}
#define PAIR_NAME(n_pairs, nv) pairs_##n_pairs##x##nv,
ALL_PAIRS(PAIR_TILE, 1)
ALL_PAIRS(PAIR_TILE, 3)
typedef void pair_function(const struct pairs *t);
static pair_function *const pair_functions[2][MAX_PAIRS] = {{ALL_PAIRS(PAIR_NAME, 1)},
							    {ALL_PAIRS(PAIR_NAME, 3)}};

bool ISA(narrow_has_forward)(const struct narrow *n)
{
	return (n->c_out == 8 || n->c_out == 24) && n->k * n->c_in <= MAX_WINDOW && n->k > 0;
}

struct forward {
	struct narrow n;
	float *y;
	const float *x, *w, *bias; /* packed; bias NULL: none */
};

static void forward_signal(const struct forward *f, int signal)
{
	const struct narrow *n = &f->n;
	int row = 2 * n->c_out, n_pairs = n->t_out / 2, n_tiles = (n_pairs + MAX_PAIRS - 1) / MAX_PAIRS;
	float last[48];
	struct pairs t = {.y = f->y + (size_t)signal * (size_t)n->t_out * (size_t)n->c_out,
			  .x = f->x + (size_t)signal * (size_t)n->t_pad * (size_t)n->c_in,
			  .step = n->stride * n->c_in,
			  .w = f->w,
			  .bias = f->bias,
			  .k = n->k * n->c_in};

	pair_function *const *of_pairs = pair_functions[row / 48];
	for (int left = n_tiles, pairs; left > 0; left--, n_pairs -= pairs) {
		pairs = (n_pairs + left - 1) / left;
		of_pairs[pairs - 1](&t);
		t.y += pairs * row;
		t.x += 2 * pairs * t.step;
	}

	if (n->t_out % 2) {
		float *y = t.y;
		t.y = last;
		t.step = 0;
		of_pairs[0](&t);
		memcpy(y, last, (size_t)n->c_out * sizeof *y);
	}
}

static void forward_task(void *context, int task)
{
	const struct forward *f = context;
	for (int i = task * SIGNALS; i < (task + 1) * SIGNALS && i < f->n.batch; i++)
		forward_signal(f, i);
}

/* Channels twice: [taps][2][Cout]. */
static void twice(float *to, const float *w, int taps, int c_out)
{
	for (int i = 0; i < taps; i++)
		for (int o = 0; o < c_out; o++)
			to[(2 * i) * c_out + o] = to[(2 * i + 1) * c_out + o] = w[o * taps + i];
}

void ISA(narrow_forward)(float *y, const float *x, const float *w, const float *bias, const struct narrow *n)
{
	int taps = n->k * n->c_in;
	float *packed = workspace_shared(WORKSPACE_PACK, (size_t)(taps + 1) * 48);
	struct forward f = {.n = *n, .y = y, .x = x, .w = packed};
	twice(packed, w, taps, n->c_out);
	if (bias) {
		twice(packed + (ptrdiff_t)taps * 2 * n->c_out, bias, 1, n->c_out);
		f.bias = packed + (ptrdiff_t)taps * 2 * n->c_out;
	}
	pool_run(forward_task, &f, (n->batch + SIGNALS - 1) / SIGNALS);
}

/* ---- weight and bias gradients: a window in one vector ---- */

enum { MAX_C_OUT = 64 };

/* Channels in a tile. Tiles of one height, or of the next, fill any multiple of 8. */
#if defined __AVX512F__
#define ALL_CHANNELS(f) f(24) f(16) f(8)
enum { MAX_CHANNELS = 24 };
#elif defined HAS_VECTORS
#define ALL_CHANNELS(f) f(6) f(4)
enum { MAX_CHANNELS = 6 };
#else
#define ALL_CHANNELS(f) f(4)
enum { MAX_CHANNELS = 4 };
#endif

bool ISA(narrow_has_weights)(const struct narrow *n)
{
	return n->c_out % 8 == 0 && n->c_out <= MAX_C_OUT && n->k * n->c_in < 16 && n->k > 0;
}

struct weights {
	const float *dy;    /* [n_times][ld] */
	const v16 *windows; /* [n_times] */
	ptrdiff_t ld;
	int n_times;
};

/* n_channels: constant. */
INLINE void weights_tile(const int n_channels, v16 *sums, const struct weights *g)
{
	v16 acc[MAX_CHANNELS];
	const float *dy = g->dy;
	UNROLL
	for (int o = 0; o < n_channels; o++)
		acc[o] = sums[o];
	for (int t = 0; t < g->n_times; t++, dy += g->ld) {
		v16 window = g->windows[t];
		UNROLL
		for (int o = 0; o < n_channels; o++)
			acc[o] = v_fma(v_set(dy[o]), window, acc[o]);
	}
	UNROLL
	for (int o = 0; o < n_channels; o++)
		sums[o] = acc[o];
}

enum { TIMES = 128 }; /* windows made at a time */

/* Windows from time `from` on; meanwhile the gradients they will meet are on their way. */
static void make_windows(v16 *windows, const float *x, const float *dy, int n_times, const struct narrow *n)
{
	const int length = n->k * n->c_in, step = n->stride * n->c_in, ld = n->c_out;
	for (int t = 0; t < n_times; t++, x += step, dy += ld) {
		__builtin_prefetch(dy, 0, 3);
		__builtin_prefetch(dy + ld / 2, 0, 3);
		windows[t] = v_load_n_or(x, length, 1);
	}
}

static void weights_of_signal(v16 *sums, const float *dy, const float *x, const struct narrow *n)
{
	v16 windows[TIMES];
	for (int from = 0; from < n->t_out; from += TIMES) {
		struct weights g = {.windows = windows, .ld = n->c_out, .n_times = n->t_out - from};
		if (g.n_times > TIMES)
			g.n_times = TIMES;
		make_windows(windows, x + (ptrdiff_t)from * n->stride * n->c_in,
			     dy + (ptrdiff_t)from * n->c_out, g.n_times, n);
		int o = 0;
#define WEIGHTS_TILE(n_channels)                                                                             \
	for (; n->c_out % (n_channels) % 4 == 0 && o + (n_channels) <= n->c_out; o += (n_channels)) {        \
		g.dy = dy + (ptrdiff_t)from * n->c_out + o;                                                  \
		weights_tile(n_channels, sums + o, &g);                                                      \
	}
		ALL_CHANNELS(WEIGHTS_TILE)
	}
}

void ISA(narrow_weights)(float *dw, float *dbias, const float *dy, const float *x, const struct narrow *n)
{
	v16 sums[MAX_C_OUT];
	int window = n->k * n->c_in;
	for (int o = 0; o < n->c_out; o++)
		sums[o] = v_set(0);
	for (int b = 0; b < n->batch; b++)
		weights_of_signal(sums, dy + (ptrdiff_t)b * n->t_out * n->c_out,
				  x + (ptrdiff_t)b * n->t_pad * n->c_in, n);
	for (int o = 0; o < n->c_out; o++) {
		float lanes[16];
		v_store(lanes, sums[o]);
		memcpy(dw + (ptrdiff_t)o * window, lanes, (size_t)window * sizeof *dw);
		dbias[o] = lanes[window];
	}
}
