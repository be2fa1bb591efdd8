#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/optimizer.h"
#include "model/schedule.h"

static struct tensors make(void)
{
	struct tensors t;
	tensors_init(&t, ops_cpu());
	tensors_add(&t, &(struct tensor){.shape = {3, 5}, .has_decay = true, .spread = 1}, "a.weight");
	tensors_add(&t, &(struct tensor){.shape = {3}, .start = 1}, "a.bias");
	tensors_alloc(&t, true);
	tensors_draw(&t, 5);
	return t;
}

static void tensors_have_names_offsets_and_drawn_weights(void **state)
{
	(void)state;
	struct tensors t = make();
	const struct tensor *bias = tensors_find(&t, "a.bias");
	assert_int_equal(t.n, 2);
	assert_int_equal(bias->offset, 16);
	assert_int_equal(t.count, 32);
	assert_null(tensors_find(&t, "a"));
	for (size_t i = 0; i < 3; i++)
		assert_true(t.weights[bias->offset + i] == 1);
	for (size_t i = 0; i < 15; i++)
		assert_true(t.weights[i] != 0 && fabsf(t.weights[i]) < 2.28f);
	assert_true(t.weights[15] == 0);
	tensors_release(&t);
}

/* Three steps of algorithm 2 of Loshchilov and Hutter in double. */
static void steps_follow_decoupled_weight_decay(void **state)
{
	(void)state;
	struct tensors t = make();
	struct optimizer o;
	double w[32], m[32] = {0}, v[32] = {0};
	optimizer_init(&o, &t, &(struct optimizer_config){.weight_decay = 0.1f});
	for (int i = 0; i < 32; i++)
		w[i] = (double)t.weights[i];

	for (int step = 1; step <= 3; step++) {
		for (int i = 0; i < 32; i++) {
			double g = i < 15 || (i >= 16 && i < 19) ? 0.01 * (i - 7) * step : 0,
			       decay = i < 15 ? 0.1 : 0;
			t.gradients[i] = (float)g;
			m[i] = 0.9 * m[i] + 0.1 * g;
			v[i] = 0.999 * v[i] + 0.001 * g * g;
			w[i] -= 0.01 *
				(m[i] / (1 - pow(0.9, step)) / (sqrt(v[i] / (1 - pow(0.999, step))) + 1e-8) +
				 decay * w[i]);
		}
		optimizer_step(&o, 0.01f);
	}

	for (int i = 0; i < 32; i++)
		if (fabs((double)t.weights[i] - w[i]) > 1e-5)
			fail_msg("%d: %g, expected %g", i, (double)t.weights[i], w[i]);
	assert_int_equal(o.n_steps, 3);
	optimizer_release(&o);
	tensors_release(&t);
}

static void a_long_gradient_is_clipped_and_its_norm_told(void **state)
{
	(void)state;
	struct tensors t = make(), u = make();
	struct optimizer o, q;
	const struct optimizer_config c = {.eps = 1}; /* so that the gradient's length matters */
	optimizer_init(&o, &t, &c);
	optimizer_init(&q, &u, &c);
	t.gradients[3] = 30;
	t.gradients[4] = -40;
	u.gradients[3] = 0.6f;
	u.gradients[4] = -0.8f;
	assert_true(fabsf(optimizer_step(&o, 0.1f) - 50) < 1e-4f);
	assert_true(fabsf(optimizer_step(&q, 0.1f) - 1) < 1e-6f);
	for (int i = 0; i < 32; i++)
		assert_true(fabsf(t.weights[i] - u.weights[i]) < 1e-6f);
	optimizer_release(&o);
	optimizer_release(&q);
	tensors_release(&t);
	tensors_release(&u);
}

static void a_step_that_is_not_finite_is_skipped_and_counted(void **state)
{
	(void)state;
	struct tensors t = make();
	struct optimizer o;
	float w[32];
	optimizer_init(&o, &t, &(struct optimizer_config){0});
	memcpy(w, t.weights, sizeof w);

	const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f};
	for (int i = 0; i < 4; i++) {
		t.gradients[2] = bad[i];
		assert_false(isfinite(optimizer_step(&o, 0.1f)));
		assert_int_equal(o.n_skipped, i + 1);
	}

	assert_memory_equal(w, t.weights, sizeof w);
	assert_int_equal(o.n_steps, 0);
	t.gradients[2] = 1;
	assert_true(optimizer_step(&o, 0.1f) == 1);
	assert_int_equal(o.n_steps, 1);
	for (int i = 0; i < 32; i++)
		assert_true(isfinite(t.weights[i]));
	optimizer_release(&o);
	tensors_release(&t);
}

static void fill_gradients(struct tensors *t, int step)
{
	for (int i = 0; i < 19; i++)
		t->gradients[i] = i == 15 || step % 7 == 3 ? NAN : (float)((i * 37 + step * 11) % 23 - 11);
	t->gradients[15] = 0;
}

/* Steps of which one is told late, in groups of every size, are those of one at a time; some are skipped,
 * and once a checkpoint of another number of steps is read. */
static void steps_told_later_are_the_same_steps(void **state)
{
	enum { STEPS = 700, RESUMED = 300 };
	struct tensors t = make(), u = make();
	struct optimizer o, q;
	struct optimizer_row rows[OPTIMIZER_ROWS];
	int n_told = 0;
	(void)state;
	optimizer_init(&o, &t, &(struct optimizer_config){.weight_decay = 0.1f});
	optimizer_init(&q, &u, &(struct optimizer_config){.weight_decay = 0.1f});
	for (int i = 0, group = 1; i < STEPS; i++) {
		if (i == RESUMED) {
			n_told += optimizer_tell(&q, rows);
			o.n_steps = q.n_steps = 5;
		}
		fill_gradients(&t, i);
		fill_gradients(&u, i);
		float norm = optimizer_step(&o, 1e-3f);
		optimizer_learn(&q, 1e-3f);
		if (q.n_rows < group && i + 1 < STEPS)
			continue;
		int n = optimizer_tell(&q, rows);
		n_told += n;
		group = group % OPTIMIZER_ROWS + 1;
		assert_int_equal(rows[n - 1].is_taken > 0, isfinite(norm));
		assert_true(!isfinite(norm) || rows[n - 1].norm == norm);
		assert_int_equal(q.n_steps, o.n_steps);
		assert_int_equal(q.n_skipped, o.n_skipped);
	}
	assert_int_equal(n_told, STEPS);
	assert_int_equal(o.n_skipped, STEPS / 7);
	assert_memory_equal(t.weights, u.weights, t.count * sizeof *t.weights);
	assert_memory_equal(o.m, q.m, t.count * sizeof *o.m);
	assert_memory_equal(o.v, q.v, t.count * sizeof *o.v);
	optimizer_release(&o);
	optimizer_release(&q);
	tensors_release(&t);
	tensors_release(&u);
}

static int exit_code_of_steps(int n)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		struct tensors t = make();
		struct optimizer o;
		optimizer_init(&o, &t, &(struct optimizer_config){0});
		for (int i = 0; i < n; i++)
			optimizer_learn(&o, 1e-3f);
		_exit(0);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void no_row_is_written_over_before_it_is_told(void **state)
{
	(void)state;
	assert_int_equal(exit_code_of_steps(OPTIMIZER_ROWS), 0);
	assert_int_not_equal(exit_code_of_steps(OPTIMIZER_ROWS + 1), 0);
}

/* optimizer_step_tensors makes its corrections on the host. */
static void corrections_on_the_device_are_those_of_the_host(void **state)
{
	struct tensors t = make(), u = make();
	struct optimizer o, q;
	(void)state;
	optimizer_init(&o, &t, &(struct optimizer_config){.max_norm = 1e9f});
	optimizer_init(&q, &u, &(struct optimizer_config){.max_norm = 1e9f});
	for (int i = 0; i < 300; i++) {
		for (int k = 0; k < 15; k++)
			t.gradients[k] = u.gradients[k] = (float)((k * 5 + i) % 13 - 6);
		optimizer_step(&o, 1e-3f);
		q.n_steps++;
		optimizer_step_tensors(&q, 0, u.n, 1e-3f, 1);
		assert_memory_equal(t.weights, u.weights, t.count * sizeof *t.weights);
	}
	optimizer_release(&o);
	optimizer_release(&q);
	tensors_release(&t);
	tensors_release(&u);
}

static void learning_rate_warms_up_and_follows_half_a_cosine(void **state)
{
	(void)state;
	const struct schedule s = {.peak = 2, .last = 0.5f, .n_warmup = 4, .n_steps = 12};
	assert_true(schedule_lr(&s, 0) == 0.5f);
	assert_true(schedule_lr(&s, 3) == 2);
	assert_true(schedule_lr(&s, 4) == 2);
	assert_true(fabsf(schedule_lr(&s, 8) - 1.25f) < 1e-6f);
	assert_true(fabsf(schedule_lr(&s, 6) - (0.5f + 1.5f * (1 + 0.70710678f) / 2)) < 1e-6f);
	assert_true(schedule_lr(&s, 12) == 0.5f);
	assert_true(schedule_lr(&s, 1000) == 0.5f);
	const struct schedule none = {.peak = 1};
	assert_true(schedule_lr(&none, 0) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tensors_have_names_offsets_and_drawn_weights),
		cmocka_unit_test(steps_follow_decoupled_weight_decay),
		cmocka_unit_test(a_long_gradient_is_clipped_and_its_norm_told),
		cmocka_unit_test(a_step_that_is_not_finite_is_skipped_and_counted),
		cmocka_unit_test(steps_told_later_are_the_same_steps),
		cmocka_unit_test(no_row_is_written_over_before_it_is_told),
		cmocka_unit_test(corrections_on_the_device_are_those_of_the_host),
		cmocka_unit_test(learning_rate_warms_up_and_follows_half_a_cosine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
