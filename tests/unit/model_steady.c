/* No allocation in the steady training step: malloc and friends are counted by standing in front of the C
 * library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "numbers/philox.h"
#include "model/contrast.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_COUNTER 0
#elif defined(__has_feature)
#define HAS_COUNTER (!__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer))
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
enum { RECORDS = 6, VIEWS = 2 * RECORDS, SAMPLES = 100, WARM = 2, STEPS = 8 };

/* Another mask every step: the lead stem then sees another number of signals. */
static void draw(float *x, uint8_t *keep, uint32_t step)
{
	struct philox r = philox_open(1, PURPOSE_NOISE, 0, step);
	for (int i = 0; i < VIEWS * ENCODER_LEADS * SAMPLES; i++)
		x[i] = (float)philox_normal(&r);
	for (int i = 0; i < VIEWS * ENCODER_LEADS; i++)
		keep[i] = i % ENCODER_LEADS == 0 || philox_below(&r, 2);
}

static void check_steps(const struct encoder_config *config)
{
	static float x[VIEWS * ENCODER_LEADS * SAMPLES];
	static uint8_t keep[VIEWS * ENCODER_LEADS];
	static const uint64_t patient[RECORDS] = {1, 2, 3, 4, 5, 5};
	struct contrast_settings s = {.net = *config,
				      .n = RECORDS,
				      .loss = &loss_ntxent,
				      .temperature = 0.1f,
				      .seed = 1,
				      .optimizer = {.weight_decay = 0.05f, .max_norm = 1}};
	struct contrast *c = contrast_new(ops_cpu(), &s);
	int before = n_allocations;

	assert_true(before > 10);
	for (uint32_t i = 0; i < STEPS; i++) {
		draw(x, keep, i);
		if (i < WARM) /* the largest a step can be */
			memset(keep, 1, sizeof keep);
		contrast_step(c, x, keep, patient, 1e-3f);
		if (i + 1 == WARM) /* kernels' own buffers have grown to this network's size */
			before = n_allocations;
	}

	int after = n_allocations;
	contrast_free(c);
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
		encoder_preset(&c, names[i], SAMPLES, 100);
		if (i > 0)
			encoder_set(&c, "d_model", 16);
		check_steps(&c);
	}
#else
	skip();
#endif
}

int main(void)
{
	setenv("EINTHOVEN_THREADS", "3", 1);
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_steady_step_allocates_nothing)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
