/* Attention rollout against its definition: the product of whole matrices. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "numbers/philox.h"
#include "model/rollout.h"

enum { HEADS = 2, TOKENS = 5, LEADS = 3, ALL = TOKENS + LEADS };

/* Rows that sum to 1. */
static void draw_map(float *map, int rows, int n, uint64_t stream)
{
	struct philox r = philox_open(5, PURPOSE_NOISE, stream, 0);
	for (int i = 0; i < rows; i++) {
		double sum = 0;
		for (int k = 0; k < n; k++)
			sum += (double)(map[i * n + k] = (float)(.1 + philox_uniform(&r)));
		for (int k = 0; k < n; k++)
			map[i * n + k] = (float)((double)map[i * n + k] / sum);
	}
}

/* m += half the mean over heads of map, its block at (row, column). */
static void add_block(double m[ALL][ALL], const float *map, int n, int n_keys, int row, int column)
{
	for (int h = 0; h < HEADS; h++)
		for (int q = 0; q < n; q++)
			for (int k = 0; k < n_keys; k++)
				m[row + q][column + k] += (double)map[(h * n + q) * n_keys + k] / (2 * HEADS);
}

static void times(double w[ALL], double m[ALL][ALL])
{
	double out[ALL] = {0};
	for (int q = 0; q < ALL; q++)
		for (int k = 0; k < ALL; k++)
			out[k] += w[q] * (m[q][k] + (q == k ? .5 : 0));
	memcpy(w, out, sizeof out);
}

static void layers_equal_the_matrices_of_the_definition(void **state)
{
	(void)state;
	float time[HEADS * TOKENS * TOKENS], lead[HEADS * LEADS * LEADS], to_lead[HEADS * TOKENS * LEADS],
		to_time[HEADS * LEADS * TOKENS];
	double self[ALL][ALL] = {{0}}, cross[ALL][ALL] = {{0}}, w[ALL], want[ALL], sum = 0;
	draw_map(time, HEADS * TOKENS, TOKENS, 1);
	draw_map(lead, HEADS * LEADS, LEADS, 2);
	draw_map(to_lead, HEADS * TOKENS, LEADS, 3);
	draw_map(to_time, HEADS * LEADS, TOKENS, 4);
	add_block(self, time, TOKENS, TOKENS, 0, 0);
	add_block(self, lead, LEADS, LEADS, TOKENS, TOKENS);
	add_block(cross, to_lead, TOKENS, LEADS, 0, TOKENS);
	add_block(cross, to_time, LEADS, TOKENS, TOKENS, 0);
	for (int k = 0; k < ALL; k++)
		w[k] = want[k] = (k + 1) / 36.0;
	times(want, cross);
	times(want, self);
	rollout_cross(w, to_lead, to_time, HEADS, TOKENS, LEADS);
	rollout_self(w, time, HEADS, TOKENS);
	rollout_self(w + TOKENS, lead, HEADS, LEADS);

	for (int k = 0; k < ALL; k++) {
		assert_true(fabs(w[k] - want[k]) < 1e-12);
		sum += w[k];
	}

	assert_true(fabs(sum - 1) < 1e-6);
}

/* A network without self-attention: relevance is one cross block's mean. */
static void a_network_gives_the_mean_of_its_one_block(void **state)
{
	(void)state;
	enum { T = 40, N = T / 10, L = DUALVIEW_LEADS, B = 2, H = 4 };
	struct dualview_config c = {.samples = T,
				    .rate_hz = 100,
				    .d_model = 32,
				    .n_heads = H,
				    .n_cross = 1,
				    .towers = TOWERS_BOTH};
	struct dualview *d = dualview_new(ops_cpu(), &c, B, 1, 64, true);
	float x[B * L * T], relevance[B * (N + L)], to_lead[B * H * N * L], to_time[B * H * L * N],
		alpha[2 * B];
	struct philox r = philox_open(9, PURPOSE_NOISE, 0, 0);
	for (int i = 0; i < B * L * T; i++)
		x[i] = (float)philox_normal(&r);
	dualview_init(d, 1);
	dualview_forward(d, 0, x, NULL, 0, B);
	rollout_relevance(relevance, d, B);
	dualview_attention(d, to_lead, to_time);
	d->ops->download(alpha, d->alpha, sizeof alpha);

	for (int b = 0; b < B; b++)
		for (int l = 0; l < L; l++) {
			double share = 0;
			for (int i = 0; i < H * N; i++)
				share += (double)to_lead[(b * H * N + i) * L + l] / (H * N);
			double want = .5 * (double)alpha[2 * b] * share + .5 * (double)alpha[2 * b + 1] / L;
			assert_true(fabs((double)relevance[b * (N + L) + N + l] - want) < 1e-6);
		}

	dualview_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(layers_equal_the_matrices_of_the_definition),
					   cmocka_unit_test(a_network_gives_the_mean_of_its_one_block)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
