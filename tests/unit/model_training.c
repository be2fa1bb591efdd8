#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/die.h"
#include "common/file.h"
#include "kernels/ops.h"
#include "model/training.h"

enum { N = 32, PER_EPOCH = 5, EPOCHS = 4, STEPS = PER_EPOCH * EPOCHS, NEVER = -1 };

/* A training of N weights that follow a target of their step. */
struct toy {
	struct tensors tensors;
	struct optimizer optimizer;
	struct training training;
	float batch, loaded; /* what was drawn, and what is learned from */
	int64_t drawn;	     /* step of the batch being drawn, NEVER: none */
	int n_drawn, n_loaded, n_epochs;
	double sum; /* kept: of all that was learned from */
	int64_t stop_at, bad_from, over_after;
	bool is_bad[TRAINING_TOLD]; /* of steps not told yet */
	int n_untold;
	volatile bool is_interrupted;
	char path[64];
};

static void draw(void *context, int64_t step)
{
	struct toy *t = context;
	assert_int_equal(t->drawn, NEVER); /* the one before was loaded */
	t->drawn = step;
	t->batch = (float)(step * step % 17);
	t->n_drawn++;
}

static void load(void *context)
{
	struct toy *t = context;
	assert_int_not_equal(t->drawn, NEVER);
	t->loaded = t->batch;
	t->drawn = NEVER;
	t->n_loaded++;
}

static bool learn(void *context, int64_t step, float lr)
{
	struct toy *t = context;
	float gradient[N];
	assert_true(t->drawn == NEVER || t->drawn == step + 1);
	assert_true(t->loaded == (float)(step * step % 17));
	if (step == t->stop_at)
		t->is_interrupted = true;
	if (t->bad_from >= 0 && step >= t->bad_from)
		return false;
	for (int i = 0; i < N; i++)
		gradient[i] = t->tensors.weights[i] - t->loaded - (float)i;
	memcpy(t->tensors.gradients, gradient, sizeof gradient);
	optimizer_step(&t->optimizer, lr);
	t->sum += t->loaded;
	return true;
}

/* Of the same steps, later. */
static bool learn_in_silence(void *context, int64_t step, float lr)
{
	struct toy *t = context;
	assert_true(t->n_untold < TRAINING_TOLD);
	t->is_bad[t->n_untold++] = !learn(context, step, lr);
	return true;
}

static void tell(void *context, int64_t end, int n, bool *is_skipped)
{
	struct toy *t = context;
	assert_int_equal(end, t->training.state.step);
	assert_int_equal(n, t->n_untold);
	memcpy(is_skipped, t->is_bad, (size_t)n * sizeof *is_skipped);
	t->n_untold = 0;
}

static bool end_epoch(void *context, int64_t epoch)
{
	struct toy *t = context;
	assert_int_equal(t->n_untold, 0);
	assert_int_equal(t->training.state.step, (epoch + 1) * PER_EPOCH);
	t->n_epochs++;
	return t->over_after >= 0 && epoch == t->over_after;
}

static const struct training_calls late = {draw, load, learn_in_silence, tell, end_epoch};

static void toy_open(struct toy *t, const char *path)
{
	static const struct training_calls calls = {draw, load, learn, NULL, end_epoch};
	*t = (struct toy){.drawn = NEVER, .stop_at = NEVER, .bad_from = NEVER, .over_after = NEVER};
	snprintf(t->path, sizeof t->path, "%s", path);
	tensors_init(&t->tensors, ops_cpu());
	tensors_add(&t->tensors, &(struct tensor){.shape = {N}}, "w");
	tensors_alloc(&t->tensors, true);
	optimizer_init(&t->optimizer, &t->tensors, &(struct optimizer_config){.weight_decay = 0.1f});
	t->training =
		(struct training){.calls = &calls,
				  .context = t,
				  .section = "toy",
				  .remedy = "lower toy.lr",
				  .unit = "steps",
				  .n_units = 1,
				  .schedule = {.peak = 0.1f, .n_warmup = 3, .n_steps = STEPS},
				  .per_epoch = PER_EPOCH,
				  .ops = ops_cpu(),
				  .optimizer = {&t->optimizer},
				  .kept = {{&t->sum, sizeof t->sum}},
				  .checkpoint = t->path,
				  .key = "0123456789012345678901234567890123456789012345678901234567890123",
				  .checkpoint_s = 1e9,
				  .is_interrupted = &t->is_interrupted};
}

static void toy_close(struct toy *t)
{
	optimizer_release(&t->optimizer);
	tensors_release(&t->tensors);
}

static char folder[] = "/tmp/model_training.XXXXXX";
static float whole[N]; /* the weights of a training that nothing interrupted */
static double whole_sum;

static const char *file_named(const char *name)
{
	static char path[64];
	snprintf(path, sizeof path, "%.40s/%.20s", folder, name);
	return path;
}

static void assert_whole(const struct toy *t)
{
	assert_memory_equal(t->tensors.weights, whole, sizeof whole);
	assert_true(t->sum == whole_sum);
}

static int train_whole(void **state)
{
	(void)state;
	struct toy t;
	setenv("EINTHOVEN_QUIET", "1", 1);
	if (!mkdtemp(folder))
		return -1;
	toy_open(&t, file_named("whole"));
	training_resume(&t.training);
	if (!training_run(&t.training))
		return -1;
	memcpy(whole, t.tensors.weights, sizeof whole);
	whole_sum = t.sum;
	toy_close(&t);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	char *command = die_printf("rm -rf %s", folder);
	int status = system(command);
	free(command);
	return status;
}

static void each_step_draws_ahead_and_each_epoch_ends(void **state)
{
	(void)state;
	struct toy t;
	toy_open(&t, file_named("none"));
	training_resume(&t.training);
	assert_true(training_run(&t.training));
	assert_int_equal(t.n_drawn, STEPS);
	assert_int_equal(t.n_loaded, STEPS);
	assert_int_equal(t.n_epochs, EPOCHS);
	assert_int_equal(t.training.state.step, STEPS);
	assert_false(file_exists(t.path));
	assert_whole(&t);
	toy_close(&t);
}

static void an_interruption_at_any_step_loses_nothing(void **state)
{
	(void)state;
	for (int64_t stop_at = 0; stop_at < STEPS; stop_at++) {
		struct toy t;
		unlink(file_named("interrupted"));
		toy_open(&t, file_named("interrupted"));
		t.stop_at = stop_at;
		training_resume(&t.training);
		assert_int_equal(training_run(&t.training), stop_at == STEPS - 1);
		assert_int_equal(t.training.state.step, stop_at + 1);
		assert_int_equal(t.n_drawn, t.n_loaded); /* nothing is left in the background */
		toy_close(&t);

		toy_open(&t, file_named("interrupted"));
		training_resume(&t.training);
		assert_int_equal(t.training.state.step, stop_at + 1);
		assert_true(training_run(&t.training));
		assert_int_equal(t.n_drawn, STEPS - 1 - stop_at);
		assert_whole(&t);
		toy_close(&t);
	}
}

static void a_checkpoint_of_every_step_serves_as_well(void **state)
{
	(void)state;
	struct toy t;
	toy_open(&t, file_named("each"));
	t.training.checkpoint_s = 0;
	t.over_after = 1;
	training_resume(&t.training);
	assert_true(training_run(&t.training));
	toy_close(&t);

	toy_open(&t, file_named("each")); /* it was over, and still is */
	training_resume(&t.training);
	assert_int_equal(t.training.state.step, 2 * PER_EPOCH);
	assert_true(training_run(&t.training));
	assert_int_equal(t.n_drawn, 0);
	toy_close(&t);
}

static void an_epoch_may_end_it(void **state)
{
	(void)state;
	struct toy t;
	toy_open(&t, file_named("over"));
	t.over_after = 2;
	training_resume(&t.training);
	assert_true(training_run(&t.training));
	assert_int_equal(t.training.state.step, 3 * PER_EPOCH);
	assert_int_equal(t.n_drawn, t.n_loaded);
	toy_close(&t);
}

static void skipped_steps_are_counted(void **state)
{
	(void)state;
	struct toy t;
	toy_open(&t, file_named("skipped"));
	t.bad_from = STEPS - 3;
	training_resume(&t.training);
	assert_true(training_run(&t.training));
	assert_int_equal(t.training.state.n_skipped, 3);
	assert_int_equal(t.training.state.n_skipped_in_a_row, 3);
	toy_close(&t);
}

/* What the child says on stderr; its exit code in code. */
static char *said_by(void (*f)(void *), void *context, int *code)
{
	static char text[4096];
	int pipes[2], status;
	assert_int_equal(pipe(pipes), 0);
	fflush(stdout);
	fflush(stderr);
	pid_t child = fork();
	if (child == 0) {
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		f(context);
		_exit(0);
	}
	close(pipes[1]);
	size_t n = 0;
	for (ssize_t got; (got = read(pipes[0], text + n, sizeof text - 1 - n)) > 0; n += (size_t)got)
		;
	text[n] = 0;
	close(pipes[0]);
	waitpid(child, &status, 0);
	*code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return text;
}

static void train_badly(void *path)
{
	struct toy t;
	toy_open(&t, path);
	t.bad_from = 7;
	t.training.schedule.n_steps = 1000;
	training_resume(&t.training);
	training_run(&t.training);
}

static void train_badly_and_late(void *path)
{
	struct toy t;
	toy_open(&t, path);
	t.training.calls = &late;
	t.training.told_every = TRAINING_TOLD;
	t.bad_from = 7;
	t.training.schedule.n_steps = 1000;
	t.training.per_epoch = 1000;
	training_resume(&t.training);
	training_run(&t.training);
}

static void fifty_in_a_row_end_it_with_a_remedy(void **state)
{
	(void)state;
	for (int is_late = 0; is_late < 2; is_late++) {
		int code;
		char path[64];
		snprintf(path, sizeof path, "%s", file_named("bad"));
		const char *text = said_by(is_late ? train_badly_and_late : train_badly, path, &code);
		assert_int_equal(code, 1);
		assert_non_null(strstr(text, "not finite in 50 steps in a row (step 56); lower toy.lr"));
	}
}

/* Nobody is told of a step but at the ends of epochs and before a checkpoint, and then of all. */
static void steps_told_late_lose_nothing(void **state)
{
	(void)state;
	for (int64_t stop_at = 0; stop_at < STEPS; stop_at++) {
		struct toy t;
		unlink(file_named("late"));
		for (int round = 0; round < 2; round++) {
			toy_open(&t, file_named("late"));
			t.training.calls = &late;
			t.training.told_every = TRAINING_TOLD;
			t.stop_at = round ? NEVER : stop_at;
			training_resume(&t.training);
			assert_int_equal(training_run(&t.training), round || stop_at == STEPS - 1);
			assert_int_equal(t.n_untold, 0);
			if (round)
				assert_whole(&t);
			toy_close(&t);
		}
	}
}

/* ---- teams ---- */

/* Rank 1 alone is interrupted, at the step given; all stop there. Then all go on to the end. */
static void train_together(void *stop_at, struct team *team)
{
	struct toy t;
	for (int round = 0; round < 2; round++) {
		char name[24];
		snprintf(name, sizeof name, team_rank(team) ? "team-not-%d" : "team", team_rank(team));
		toy_open(&t, file_named(name));
		t.training.team = team;
		t.training.checkpoint_s = 0;
		if (round == 0 && team_rank(team) == 1)
			t.stop_at = *(int64_t *)stop_at;
		training_resume(&t.training);
		assert_int_equal(t.training.state.step, round ? *(int64_t *)stop_at + 1 : 0);
		assert_int_equal(training_run(&t.training), round);
		assert_int_equal(t.training.state.step, round ? STEPS : *(int64_t *)stop_at + 1);
		assert_int_equal(file_exists(t.path), team_rank(team) == 0);
		if (round)
			assert_whole(&t);
		toy_close(&t);
	}
}

static void all_ranks_stop_at_one_step_and_continue_from_rank_0s_checkpoint(void **state)
{
	(void)state;
	for (int64_t stop_at = 0; stop_at < STEPS - 1; stop_at += 6) {
		unlink(file_named("team"));
		team_threads(3, train_together, &stop_at);
	}
}

static void train_aloud(void *path)
{
	(void)path;
	int64_t stop_at = 4;
	unsetenv("EINTHOVEN_QUIET");
	unlink(file_named("team"));
	team_threads(3, train_together, &stop_at);
}

static void rank_0_alone_speaks(void **state)
{
	(void)state;
	int code;
	const char *text = said_by(train_aloud, NULL, &code);
	assert_int_equal(code, 0);
	const char *interrupted =
		strstr(text, "interrupted at step 5 of 20; the same command continues there");
	const char *continued = strstr(text, "continuing at step 5 of 20");
	assert_non_null(interrupted);
	assert_non_null(continued);
	assert_null(strstr(interrupted + 1, "interrupted at"));
	assert_null(strstr(continued + 1, "continuing at"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_step_draws_ahead_and_each_epoch_ends),
		cmocka_unit_test(an_interruption_at_any_step_loses_nothing),
		cmocka_unit_test(a_checkpoint_of_every_step_serves_as_well),
		cmocka_unit_test(an_epoch_may_end_it),
		cmocka_unit_test(skipped_steps_are_counted),
		cmocka_unit_test(fifty_in_a_row_end_it_with_a_remedy),
		cmocka_unit_test(steps_told_late_lose_nothing),
		cmocka_unit_test(all_ranks_stop_at_one_step_and_continue_from_rank_0s_checkpoint),
		cmocka_unit_test(rank_0_alone_speaks),
	};
	return cmocka_run_group_tests(tests, train_whole, remove_folder);
}
