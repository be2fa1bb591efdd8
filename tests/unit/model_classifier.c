/* Loss, gradients and probabilities of the classifier against PyTorch in float64 (tests/golden/classifier.py
 * prints the numbers) and against finite differences, and what it does at the ends of float's range. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/classifier.h"

enum { ROWS = 4, DIM = 3, EXTRA = 2, D = DIM + EXTRA, CLASSES = 3 };

static const struct golden {
	bool is_multi;
	double loss, dh[ROWS * DIM], dw[CLASSES * D], db[CLASSES], p[ROWS * CLASSES];
} goldens[] = {{.is_multi = false,
		.loss = 1.8264204,
		.dh = {0.30217324, -0.18819544, 0, -0.20961226, -0.052310597, 0, 0.08122894, 0.020308182, -0,
		       -0.045705466, 0.0014021395, 0},
		.dw = {-0.02585315, -0.048800602, 0, 0.24584483, 0.75635102, -0.22342497, 0.050551521, 0,
		       -0.12293549, -1.0163584, 0.24927812, -0.0017509191, 0, -0.12290934, 0.26000736},
		.db = {-0.23606289, 0.34404133, -0.10797844},
		.p = {0.007101191, 0.77710464, 0.21579417, 0.00034811778, 0.83775282, 0.16189907,
		      3.5644854e-06, 0.67507711, 0.32491933, 0.048295552, 0.086230761, 0.86547369}},
	       {.is_multi = true,
		.loss = 1.7732726,
		.dh = {0.050450372, -0.060439178, 0, 0.11010101, -0.029258012, -0, 0.06117752, -0.041429116,
		       -0, 0.061878304, 0.02322233, -0},
		.dw = {-0.2212789, -0.014480305, 0, 0.061808256, 0.75073223, -0.12817821, 0.027276495, 0,
		       -0.035762944, -0.63320778, 0.20074316, -0.013411498, 0, 0.034103242, -0.18451309},
		.db = {-0.12789963, 0.11523345, 0.1270993},
		.p = {0.092687779, 0.91789337, 0.75635756, 0.014325994, 0.97220438, 0.87112443, 0.00098193797,
		      0.99465674, 0.988962, 0.35720868, 0.49804688, 0.90874755}}};

static const uint8_t one[] = {1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1},
		     many[] = {1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0};

static const struct blocks batch = {.n_views = ROWS, .n_blocks = 1, .end = 1};
static float h[ROWS * DIM], extra[ROWS * EXTRA];

static void wave(float *x, int n, int a, int b)
{
	for (int i = 0; i < n; i++)
		x[i] = (float)((i * a + b) % 17) / 8 - 1;
}

static struct classifier *make(bool is_multi)
{
	static const float scale[D] = {0.5f, 2, 0, 1.25f, 0.25f};
	float mean[D], weight[CLASSES * D], bias[CLASSES];
	struct classifier *c =
		classifier_new(ops_cpu(), &(struct classifier_config){DIM, EXTRA, CLASSES, is_multi, ROWS});
	wave(h, ROWS * DIM, 5, 3);
	wave(extra, ROWS * EXTRA, 7, 1);
	wave(mean, D, 3, 2);
	wave(weight, CLASSES * D, 11, 5);
	wave(bias, CLASSES, 4, 6);
	classifier_set(c, mean, scale, weight, bias);
	return c;
}

static void equal(const char *what, const float *x, const double *expected, int n)
{
	for (int i = 0; i < n; i++)
		if (!(fabs((double)x[i] - expected[i]) < 2e-6))
			fail_msg("%s[%d] is %.9g, expected %.9g", what, i, (double)x[i], expected[i]);
}

static void loss_gradients_and_probabilities_are_pytorchs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
		const struct golden *g = &goldens[i];
		struct classifier *c = make(g->is_multi);
		float p[ROWS * CLASSES];
		double loss = classifier_loss(c, &batch, h, extra, g->is_multi ? many : one);
		if (!(fabs(loss - g->loss) < 2e-6))
			fail_msg("loss %.9g, expected %.9g", loss, g->loss);
		equal("dh", c->dh, g->dh, ROWS * DIM);
		equal("dw", tensors_gradient(&c->tensors, c->linear.weight), g->dw, CLASSES * D);
		equal("db", tensors_gradient(&c->tensors, c->linear.bias), g->db, CLASSES);
		classifier_predict(c, p, h, extra, ROWS);
		equal("p", p, g->p, ROWS * CLASSES);
		classifier_free(c);
	}
}

static void gradients_are_what_small_changes_do(void **state)
{
	(void)state;
	const float step = 1.0f / 256;
	for (int is_multi = 0; is_multi < 2; is_multi++) {
		const uint8_t *truth = is_multi ? many : one;
		struct classifier *c = make(is_multi);
		float dh[ROWS * DIM];
		classifier_loss(c, &batch, h, extra, truth);
		memcpy(dh, c->dh, sizeof dh);
		for (int i = 0; i < ROWS * DIM; i++) {
			float old = h[i];
			h[i] = old + step;
			double above = classifier_loss(c, &batch, h, extra, truth);
			h[i] = old - step;
			double below = classifier_loss(c, &batch, h, extra, truth);
			h[i] = old;
			double slope = (above - below) / (2 * (double)step);
			if (!(fabs(slope - (double)dh[i]) < 1e-3))
				fail_msg("dh[%d] is %g, but the loss changes by %g", i, (double)dh[i], slope);
		}
		classifier_free(c);
	}
}

static void a_second_call_sets_the_gradients_anew(void **state)
{
	(void)state;
	struct classifier *c = make(false);
	classifier_loss(c, &batch, h, extra, many);
	classifier_loss(c, &batch, h, extra, one);
	equal("db", tensors_gradient(&c->tensors, c->linear.bias), goldens[0].db, CLASSES);
	classifier_free(c);
}

/* A class that training never had comes with a bias of -1e4 and must cost nothing. */
static void far_logits_overflow_nothing(void **state)
{
	(void)state;
	for (int is_multi = 0; is_multi < 2; is_multi++) {
		struct classifier *c = make(is_multi);
		float p[ROWS * CLASSES], *bias = tensors_weight(&c->tensors, c->linear.bias);
		bias[0] = -1e4f;
		bias[2] = 1e4f;
		assert_true(isfinite(classifier_loss(c, &batch, h, extra, is_multi ? many : one)));
		classifier_predict(c, p, h, extra, ROWS);
		for (int i = 0; i < ROWS; i++) {
			assert_true(p[i * CLASSES] == 0);
			assert_true(p[i * CLASSES + 2] == 1);
		}
		classifier_free(c);
	}
}

static void an_infinite_embedding_makes_the_loss_not_finite(void **state)
{
	(void)state;
	struct classifier *c = make(false);
	h[1] = INFINITY;
	assert_false(isfinite(classifier_loss(c, &batch, h, extra, one)));
	classifier_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(loss_gradients_and_probabilities_are_pytorchs),
					   cmocka_unit_test(gradients_are_what_small_changes_do),
					   cmocka_unit_test(a_second_call_sets_the_gradients_anew),
					   cmocka_unit_test(far_logits_overflow_nothing),
					   cmocka_unit_test(an_infinite_embedding_makes_the_loss_not_finite)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
