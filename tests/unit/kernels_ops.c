/* The choice of a table, its self-test, and what must not change with threads or from step to step. */
#include "tests/unit/kernels_helper.h"

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/pool.h"
#include "kernels/cpu/isa.h"
#include "kernels/selftest.h"
#include "kernels/workspace.h"

/* Slowed down by a sanitizer, or by valgrind (which runs with EINTHOVEN_ISA=avx2). */
static bool is_checked;
static const char *program; /* this one's path: under valgrind /proc/self/exe is valgrind */

enum { B = 9, N = 50, D = 96, H = 3, M = B * N, T_PAD = 130, C_OUT = 24, K = 15 };

/* One of everything, on arrays made once. */
struct step {
	float *x, *w, *y, *y2, *y3, *stats, *scratch, *conv, *conv_w, *conv_y, *grad, *dw, *dbias, *m, *v;
	uint8_t keep[M];
	int32_t at[B * D];
};

static const struct conv1d conv_sizes = {
	.batch = B, .t_pad = T_PAD, .c_in = 12, .c_out = C_OUT, .k = K, .stride = 2, .t_out = 58};

static void run_step(const struct ops *o, struct step *s)
{
	float *dw = s->dw;
	struct gemm g = {.m = M,
			 .n = D,
			 .k = D,
			 .a = s->x,
			 .lda = D,
			 .b = s->w,
			 .ldb = D,
			 .is_b_transposed = true,
			 .c = s->y,
			 .ldc = D,
			 .bias = s->w,
			 .before_gelu = s->y2,
			 .residual = s->x};
	struct attention a = {.batch = B,
			      .n = N,
			      .n_keys = N,
			      .n_heads = H,
			      .d_head = D / H,
			      .q = s->y,
			      .k = s->x,
			      .v = s->y2,
			      .ldq = D,
			      .ldk = D,
			      .ldv = D,
			      .out = s->y3,
			      .ldo = D,
			      .lse = s->stats,
			      .dout = s->x,
			      .dq = s->grad,
			      .dk = s->grad + M * D,
			      .dv = s->grad + 2 * M * D};
	float result[2];
	struct ntxent l = {
		.n = M / 2, .d = D, .z = s->y3, .temperature = 0.1f, .dz = s->y2, .result = result};
	struct adamw w = {.n = D * D,
			  .w = s->w,
			  .m = s->m,
			  .v = s->v,
			  .dw = dw,
			  .lr = 1e-3f,
			  .beta1 = 0.9f,
			  .beta2 = 0.99f,
			  .eps = 1e-8f,
			  .weight_decay = 0.1f,
			  .scale = 1e-3f,
			  .step = 1};

	struct conv1d c = conv_sizes;
	c.x = s->conv;
	c.w = s->conv_w;
	c.bias = s->w;
	c.y = s->conv_y;
	c.dy = s->y;
	c.dx = s->y2;
	c.dw = dw;
	c.dbias = s->dbias;
	c.scratch = s->scratch;
	struct groupnorm n = {.batch = B,
			      .t = 58,
			      .c = C_OUT,
			      .groups = 6,
			      .eps = 1e-5f,
			      .x = s->conv_y,
			      .w = s->w,
			      .b = s->w + D,
			      .y = s->y2,
			      .before_gelu = s->y3,
			      .mean = s->stats,
			      .rstd = s->stats + 100,
			      .dy = s->x,
			      .dx = s->y,
			      .dw = dw,
			      .db = dw + D};

	o->zero(dw, D * D * sizeof *dw);
	o->zero(s->dbias, C_OUT * sizeof *dw);
	o->conv1d(&c);
	o->groupnorm_gelu(&n);
	o->groupnorm_gelu_backward(&n);
	o->conv1d_backward(&c);
	o->add(dw + 2 * D, dw + 2 * D, s->dbias, C_OUT);
	o->gemm(&g);
	g = (struct gemm){.m = D,
			  .n = D,
			  .k = M,
			  .a = s->x,
			  .lda = D,
			  .is_a_transposed = true,
			  .b = s->y,
			  .ldb = D,
			  .c = dw,
			  .ldc = D,
			  .is_accumulated = true};
	o->gemm(&g);
	o->attention(&a);
	o->attention_backward(&a);
	o->layernorm(s->y, s->stats, s->stats + M, s->grad, s->w, s->w, M, D, 1e-5f);
	o->layernorm_backward(s->y2, dw, dw + D, s->y, s->grad, s->w, s->stats, s->stats + M, s->x, M, D,
			      (struct by_block){0});
	o->sum_rows(dw, s->y2, M, D, D, (struct by_block){0});
	o->mask_tokens_backward(s->y, dw, s->y2, s->keep, B, N, D, (struct by_block){0});
	o->pool_mean_max(s->stats, s->at, s->y, NULL, B, N, D);
	o->ntxent(&l, s->scratch);
	dw[0] += result[0] + o->sum_squares(s->y2, M * D);
	o->adamw(&w);
}

static struct step step_open(const struct ops *o)
{
	size_t conv = o->conv1d_scratch(&conv_sizes), loss = o->ntxent_scratch(M, D);
	struct step s = {.x = numbers(M * D, 1, 1),
			 .w = numbers(D * D, 2, 0.1),
			 .y = zeros(M * D),
			 .y2 = zeros(M * D),
			 .y3 = zeros(M * D),
			 .stats = zeros(B * D * 4 + H * M),
			 .scratch = zeros(conv > loss ? conv : loss),
			 .conv = numbers(B * T_PAD * 12, 3, 1),
			 .conv_w = numbers(C_OUT * K * 12, 4, 0.1),
			 .conv_y = zeros(B * 58 * C_OUT),
			 .grad = zeros(3 * M * D),
			 .dw = zeros(D * D),
			 .dbias = zeros(C_OUT),
			 .m = zeros(D * D),
			 .v = zeros(D * D)};

	for (int i = 0; i < M; i++)
		s.keep[i] = i % 4 != 0;
	return s;
}

static void step_close(struct step *s)
{
	float *all[] = {s->x,	   s->w,      s->y,    s->y2, s->y3,	s->stats, s->scratch, s->conv,
			s->conv_w, s->conv_y, s->grad, s->dw, s->dbias, s->m,	  s->v};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
}

static uint64_t hash_of(const float *x, size_t n)
{
	uint64_t hash = 14695981039346656037u;
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(x[i]))
			die("the step left a number that is not finite");
		hash = (hash ^ float_bits(x[i])) * 1099511628211u;
	}
	return hash;
}

static uint64_t hash_of_two_steps(const struct ops *o)
{
	struct step s = step_open(o);
	run_step(o, &s);
	run_step(o, &s);
	uint64_t hash = hash_of(s.w, D * D) ^ hash_of(s.y2, M * D) * 3 ^ hash_of(s.grad, 3 * M * D) * 5;
	step_close(&s);
	return hash;
}

/* This program again with other surroundings; its --hash. */
static uint64_t hash_in_child(const char *threads, const char *isa)
{
	int ends[2];
	char text[32] = {0};

	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		setenv("EINTHOVEN_THREADS", threads, 1);
		setenv("EINTHOVEN_ISA", isa, 1);
		dup2(ends[1], 1);
		execl(program, program, "--hash", (char *)NULL);
		_exit(127);
	}

	close(ends[1]);
	assert_true(read(ends[0], text, sizeof text - 1) > 0);
	close(ends[0]);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);

	return strtoull(text, NULL, 16);
}

static void any_threads_and_instruction_set_give_the_same_bits(void **state)
{
	static const char *const threads[] = {"1", "2", "3", "4"};
	const struct ops *o;
	(void)state;
	uint64_t expected = hash_in_child("1", "scalar");
	for (int k = 0; (o = table(k)); k++)
		for (int i = 0; i < 4; i++)
			if (k > 0 || i == 3)
				assert_int_equal(hash_in_child(threads[i], o->name + 4), expected);
	assert_int_equal(expected, 0xdffc7fab599b481fU); /* as every machine before */
}

static void a_steady_step_allocates_nothing(void **state)
{
	const struct ops *o;
	(void)state;
	for (int k = 1; (o = table(k)); k++) {
		struct step s = step_open(o);
		run_step(o, &s);
		run_step(o, &s); /* every thread has had every kind of task, or grows once more below */
		for (int i = 0; i < (is_checked ? 2 : 20); i++)
			run_step(o, &s);
		size_t before = mallinfo2().uordblks;
		unsigned long growths = workspace_growths();
		for (int i = 0; i < 3; i++)
			run_step(o, &s);
		assert_int_equal(workspace_growths(), growths);
		assert_int_equal(mallinfo2().uordblks, before);
		step_close(&s);
	}
}

static void no_step(const struct adamw *a)
{
	(void)a;
}

static void the_self_test_passes_and_finds_a_changed_bit(void **state)
{
	const struct ops *o, *scalar = ops_cpu_named("scalar");
	(void)state;
	for (int k = 0; (o = table(k)); k++) {
		assert_null(selftest_run(o, scalar));
		assert_null(selftest_run_large(o, scalar, k % 2 ? SELFTEST_NEAR_TF32 : 0));
	}
	struct ops broken = *scalar;
	broken.gelu_backward = scalar->add == NULL
				       ? NULL
				       : (void (*)(float *, const float *, const float *, size_t))scalar->add;
	assert_string_equal(selftest_run(&broken, scalar), "sum_rows, sum_squares or gelu");
	broken = *scalar;
	broken.adamw = no_step;
	assert_string_equal(selftest_run(&broken, scalar), "adamw");
	assert_null(selftest_run_large(&broken, scalar, 0));
	broken.conv1d_backward = scalar->conv1d;
	assert_string_equal(selftest_run_large(&broken, scalar, SELFTEST_NEAR_TF32),
			    "conv1d of many records");
}

static void no_copy(void *to, const void *from, size_t n_bytes)
{
	(void)to, (void)from, (void)n_bytes;
}

static void no_exchange(struct team *t, const struct team_piece *send, int n_send,
			const struct team_piece *receive, int n_receive)
{
	(void)t, (void)send, (void)n_send, (void)receive, (void)n_receive;
}

static void the_self_test_finds_bytes_that_do_not_arrive(void **state)
{
	const struct ops *scalar = ops_cpu_named("scalar");
	(void)state;
	struct ops broken = *scalar;
	broken.send = no_copy;
	assert_string_equal(selftest_run(&broken, scalar), "send, mark or reach");
	assert_string_equal(selftest_run_large(&broken, scalar, 0), "send, mark or reach behind long work");
	broken = *scalar;
	broken.exchange = no_exchange;
	assert_string_equal(selftest_run(&broken, scalar), "exchange with oneself");
	assert_null(selftest_order_team(scalar, NULL));
}

static void unknown_tables_are_refused(void **state)
{
	(void)state;
	assert_null(ops_cpu_named("sse9"));
	assert_non_null(ops_cpu_named("scalar"));
	assert_ptr_equal(ops_cpu(), ops_cpu());
	assert_string_equal(ops_numerics(ops_cpu()), "cpu/2");
	assert_string_equal(ops_numerics(ops_cpu_named("scalar")), "cpu/2");
}

static void the_device_comes_from_the_environment(void **state)
{
	(void)state;
	unsetenv("EINTHOVEN_DEVICE");
	assert_ptr_equal(ops_chosen(), ops_cpu());
	setenv("EINTHOVEN_DEVICE", "", 1);
	assert_ptr_equal(ops_chosen(), ops_cpu());
	setenv("EINTHOVEN_DEVICE", "cpu", 1);
	assert_ptr_equal(ops_chosen(), ops_cpu());
	assert_string_equal(ops_chosen_numerics(), ops_numerics(ops_chosen()));
	unsetenv("EINTHOVEN_DEVICE");
}

static void count_task(void *context, int i)
{
	int *count = context;
	__atomic_fetch_add(&count[i], 1, __ATOMIC_RELAXED);
	assert_in_range(pool_self(), 0, pool_threads() - 1);
}

static void the_pool_runs_every_task_once(void **state)
{
	static int count[200];
	int sizes[] = {0, 1, 2, 3, 7, 200};
	(void)state;
	for (int round = 0; round < 500; round++) {
		int n = sizes[round % 6];
		memset(count, 0, sizeof count);
		pool_run(count_task, count, n);
		for (int i = 0; i < 200; i++)
			assert_int_equal(count[i], i < n);
	}
}

int main(int argc, char **argv)
{
	program = argv[0];
	if (argc > 1 && (strcmp(argv[1], "--fast") == 0 || strcmp(argv[1], "--bf16") == 0)) {
		ops_choose("auto", argv[1][2] == 'f' ? OPS_TF32 : OPS_BF16);
		ops_chosen();
		puts(ops_chosen_numerics());
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--hash") == 0) {
		printf("%llx\n", (unsigned long long)hash_of_two_steps(ops_chosen()));
		return 0;
	}
#if defined __SANITIZE_ADDRESS__ || HAS_FEATURE(address_sanitizer)
	is_checked = true;
#else
	is_checked = getenv("EINTHOVEN_ISA") != NULL;
#endif
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_threads_and_instruction_set_give_the_same_bits),
		cmocka_unit_test(a_steady_step_allocates_nothing),
		cmocka_unit_test(the_self_test_passes_and_finds_a_changed_bit),
		cmocka_unit_test(the_self_test_finds_bytes_that_do_not_arrive),
		cmocka_unit_test(unknown_tables_are_refused),
		cmocka_unit_test(the_device_comes_from_the_environment),
		cmocka_unit_test(the_pool_runs_every_task_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
