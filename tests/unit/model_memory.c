/* Memory is known before it is taken, and micro-batches are halved until it suffices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernels/workspace.h"
#include "model/contrast.h"

static size_t taken, there;

static void *take(size_t n_bytes)
{
	taken += n_bytes;
	return workspace_alloc(n_bytes);
}

static size_t what_is_there(void)
{
	return there;
}

static struct ops table(bool is_wide)
{
	struct ops o = *ops_cpu();
	o.is_wide = is_wide;
	o.alloc = take;
	o.room = what_is_there;
	return o;
}

static struct contrast_settings settings(const char *preset)
{
	struct contrast_settings s = {.n = 128, .loss = &loss_ntxent, .temperature = 0.1f};
	encoder_preset(&s.net, preset, 100, 100);
	if (s.net.kind == ENCODER_RESNET18)
		encoder_set(&s.net, "d_model", 8);
	return s;
}

static size_t taken_by(const struct ops *o, const struct contrast_settings *s)
{
	taken = 0;
	contrast_free(contrast_new(o, s));
	return taken;
}

static void what_is_said_is_what_is_taken(void **state)
{
	static const int sizes[] = {0, 64, 128};
	(void)state;
	for (int wide = 0; wide < 2; wide++) {
		struct ops o = table(wide);
		for (int i = 0; i < 3; i++) {
			struct contrast_settings s = settings("tiny");
			s.micro_batch = sizes[i];
			assert_int_equal(contrast_bytes(&o, &s), taken_by(&o, &s));
		}
		struct contrast_settings s = settings("resnet18");
		assert_int_equal(contrast_bytes(&o, &s), taken_by(&o, &s));
	}
}

/* As much as `micro_batch` needs and no more than a little. */
static int fitted(const struct ops *o, int micro_batch)
{
	struct contrast_settings s = settings("tiny");
	size_t n_bytes;
	s.micro_batch = micro_batch;
	there = contrast_bytes(o, &s) / 15 * 16 + 64;
	s.micro_batch = 0;
	assert_int_equal(contrast_fit(o, &s, &n_bytes), 0);
	assert_true(n_bytes <= there);
	return s.micro_batch;
}

static void the_micro_batch_is_halved_until_it_fits(void **state)
{
	struct ops o = table(true);
	(void)state;
	assert_int_equal(fitted(&o, 0), 0);
	assert_int_equal(fitted(&o, 128), 128);
	assert_int_equal(fitted(&o, 64), 64);
}

static void what_does_not_fit_is_said(void **state)
{
	struct ops o = table(true);
	struct contrast_settings s = settings("tiny"), resnet18 = settings("resnet18");
	size_t n_bytes;
	(void)state;

	there = 1 << 20;
	assert_int_equal(contrast_fit(&o, &s, &n_bytes), -1);
	assert_int_equal(s.micro_batch, 64);
	assert_int_equal(n_bytes, contrast_bytes(&o, &s));
	there = 8 * n_bytes;
	s.micro_batch = 192; /* what somebody asks for is left */
	assert_int_equal(contrast_fit(&o, &s, &n_bytes), 0);
	assert_int_equal(s.micro_batch, 192);

	there = 1 << 20; /* BatchNorm has no micro-batches */
	assert_int_equal(contrast_fit(&o, &resnet18, &n_bytes), -1);
	assert_int_equal(resnet18.micro_batch, 0);
	there = SIZE_MAX;
	assert_int_equal(contrast_fit(&o, &resnet18, &n_bytes), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_is_what_is_taken),
		cmocka_unit_test(the_micro_batch_is_halved_until_it_fits),
		cmocka_unit_test(what_does_not_fit_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
