/* No allocation in the steady training step: malloc and friends are counted by standing in front of the C
 * library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/encoder.h"
#include "model/optimizer.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_COUNTER 0
#elif defined(__has_feature)
#define HAS_COUNTER !__has_feature(address_sanitizer)
#else
#define HAS_COUNTER 1
#endif

#if HAS_COUNTER
static int n_allocations;

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);
int posix_memalign(void **p, size_t alignment, size_t n);

void *malloc(size_t n)
{
	__atomic_fetch_add(&n_allocations, 1, __ATOMIC_RELAXED);
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	__atomic_fetch_add(&n_allocations, 1, __ATOMIC_RELAXED);
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	__atomic_fetch_add(&n_allocations, 1, __ATOMIC_RELAXED);
	return __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
	__atomic_fetch_add(&n_allocations, 1, __ATOMIC_RELAXED);
	return __libc_memalign(alignment, n);
}

int posix_memalign(void **p, size_t alignment, size_t n)
{
	__atomic_fetch_add(&n_allocations, 1, __ATOMIC_RELAXED);
	*p = __libc_memalign(alignment, n);
	return !*p;
}
#endif

#if HAS_COUNTER
enum { RECORDS = 6, VIEWS = 2 * RECORDS };

static void check_steps(const struct ops *ops, struct encoder *e)
{
	int width = encoder_projector_out(&e->config);
	size_t input = ENCODER_LEADS * (size_t)encoder_samples(&e->config);
	float *x = ops->alloc((size_t)VIEWS * input * sizeof *x);
	float *dp = ops->alloc((size_t)VIEWS * (size_t)width * sizeof *dp);
	float *scratch = ops->alloc(ops->ntxent_scratch(RECORDS, width) * sizeof *scratch);
	struct optimizer o;
	optimizer_init(&o, e->tensors, &(struct optimizer_config){.weight_decay = 0.05f});
	int before = n_allocations;
	assert_true(before > 10);
	for (int i = 0; i < 4; i++) {
		encoder_forward(e, x, NULL, VIEWS);
		struct ntxent l = {.n = RECORDS, .d = width, .z = e->p, .temperature = 0.1f, .dz = dp};
		ops->ntxent(&l, scratch);
		encoder_backward(e, dp);
		optimizer_step(&o, 1e-3f);
		tensors_zero_gradients(e->tensors);
		encoder_gradient_norms(e);
		if (i == 0) /* the first step may warm kernels' own buffers up */
			before = n_allocations;
	}
	int after = n_allocations;
	ops->release(x);
	ops->release(dp);
	ops->release(scratch);
	optimizer_release(&o);
	assert_int_equal(after, before);
}
#endif

static void a_steady_step_allocates_nothing(void **state)
{
	(void)state;
#if HAS_COUNTER
	static const char *const names[] = {"tiny", "resnet18", "resnet18-poster"};
	for (int i = 0; i < 3; i++) {
		struct encoder_config c;
		encoder_preset(&c, names[i], 100, 100);
		if (i > 0)
			encoder_set(&c, "d_model", 16);
		struct encoder *e = encoder_new(ops_cpu(), &c, VIEWS, true);
		encoder_init(e, 1);
		check_steps(ops_cpu(), e);
		encoder_free(e);
	}
#else
	skip();
#endif
}

int main(void)
{
	setenv("EINTHOVEN_THREADS", "1", 1);
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_steady_step_allocates_nothing)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
