/* No allocation in the steady training step: malloc and friends are counted by standing in front of the C
 * library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/dualview.h"
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

static void a_steady_step_allocates_nothing(void **state)
{
	(void)state;
#if HAS_COUNTER
	enum { RECORDS = 6, VIEWS = 2 * RECORDS };
	struct dualview_config c = {.samples = 100, .rate_hz = 100, .towers = TOWERS_BOTH};
	dualview_preset(&c, "tiny");
	const struct ops *ops = ops_cpu();
	struct dualview *d = dualview_new(ops, &c, VIEWS, true);
	dualview_init(d, 1);
	float *x = ops->alloc((size_t)VIEWS * DUALVIEW_LEADS * (size_t)c.samples * sizeof *x);
	float *dp = ops->alloc((size_t)VIEWS * (size_t)c.projector_out * sizeof *dp);
	float *scratch = ops->alloc(ops->ntxent_scratch(RECORDS, c.projector_out) * sizeof *scratch);
	struct optimizer o;
	optimizer_init(&o, &d->tensors, &(struct optimizer_config){.weight_decay = 0.05f});
	int before = n_allocations;
	assert_true(before > 10);
	for (int i = 0; i < 4; i++) {
		dualview_forward(d, x, NULL, VIEWS);
		struct ntxent l = {
			.n = RECORDS, .d = c.projector_out, .z = d->p, .temperature = 0.1f, .dz = dp};
		ops->ntxent(&l, scratch);
		dualview_backward(d, dp);
		optimizer_step(&o, 1e-3f);
		tensors_zero_gradients(&d->tensors);
		dualview_gradient_norms(d);
		if (i == 0) /* the first step may warm kernels' own buffers up */
			before = n_allocations;
	}
	int after = n_allocations;
	ops->release(x);
	ops->release(dp);
	ops->release(scratch);
	optimizer_release(&o);
	dualview_free(d);
	assert_int_equal(after, before);
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
