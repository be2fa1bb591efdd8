/* Memory is known before it is taken, and micro-batches are halved until it suffices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernels/workspace.h"
#include "model/contrast.h"
#include "model/finetune.h"

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

static size_t said_of(const struct ops *o, struct memory_need need)
{
	memory_count(o, &need);
	return need.n_bytes;
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
			assert_int_equal(said_of(&o, contrast_need(&s)), taken_by(&o, &s));
		}
		struct contrast_settings s = settings("resnet18");
		assert_int_equal(said_of(&o, contrast_need(&s)), taken_by(&o, &s));
	}
}

static void what_is_said_of_hidden_tokens_is_what_is_taken(void **state)
{
	(void)state;
	for (int target = MASKED_SAMPLES; target <= MASKED_LATENTS; target++)
		for (int i = 0; i < 4; i++) {
			struct ops o = table(i & 1);
			struct contrast_settings s = settings("tiny");
			s.net.dvt.towers = TOWERS_TIME;
			s.loss = i / 2 ? NULL : s.loss;
			s.masked = (struct masked_settings){.target = (enum masked_target)target,
							    .n_layers = 2,
							    .weight = 1,
							    .is_alone = !s.loss};
			assert_int_equal(said_of(&o, contrast_need(&s)), taken_by(&o, &s));
		}
}

static struct finetune_settings of_finetune(const char *preset)
{
	return (struct finetune_settings){.net = settings(preset).net,
					  .n_classes = 5,
					  .n_extra = 12,
					  .max_rows = 256,
					  .max_records = 64,
					  .n_views = 2,
					  .lr = 1e-3f,
					  .encoder_lr = 1e-3f,
					  .decay = 1};
}

static void what_is_said_of_finetune_is_what_is_taken(void **state)
{
	static const char *const presets[] = {"tiny", "resnet18"};
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct ops o = table(i & 1);
		struct finetune_settings s = of_finetune(presets[i / 2]);
		taken = 0;
		finetune_free(finetune_new(&o, &s));
		assert_int_equal(said_of(&o, finetune_need(&s)), taken);
	}
}

/* As much as `micro_batch` needs and no more than a little. */
static int fitted(const struct ops *o, struct memory_need need, int micro_batch)
{
	*need.micro_batch = micro_batch;
	there = said_of(o, need) / 15 * 16 + 64;
	*need.micro_batch = 0;
	assert_int_equal(memory_fit(o, &need), 0);
	assert_true(need.n_bytes <= there);
	return *need.micro_batch;
}

static void the_micro_batch_is_halved_until_it_fits(void **state)
{
	static const int sizes[] = {0, 128, 64};
	struct ops o = table(true);
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct contrast_settings s = settings("tiny");
		struct finetune_settings f = of_finetune("tiny");
		assert_int_equal(fitted(&o, contrast_need(&s), sizes[i]), sizes[i]);
		assert_int_equal(fitted(&o, finetune_need(&f), sizes[i]), sizes[i]);
	}
}

static void what_does_not_fit_is_said(void **state)
{
	struct ops o = table(true);
	struct contrast_settings s = settings("tiny"), resnet18 = settings("resnet18");
	struct memory_need need = contrast_need(&s);
	(void)state;

	there = 1 << 20;
	assert_int_equal(memory_fit(&o, &need), -1);
	assert_int_equal(s.micro_batch, 64);
	assert_int_equal(need.n_bytes, said_of(&o, contrast_need(&s)));
	there = 8 * need.n_bytes;
	s.micro_batch = 192; /* what somebody asks for is left */
	need = contrast_need(&s);
	assert_int_equal(memory_fit(&o, &need), 0);
	assert_int_equal(s.micro_batch, 192);

	there = 1 << 20; /* BatchNorm has no micro-batches */
	need = contrast_need(&resnet18);
	assert_int_equal(memory_fit(&o, &need), -1);
	assert_int_equal(resnet18.micro_batch, 0);
	there = SIZE_MAX;
	assert_int_equal(memory_fit(&o, &need), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_is_what_is_taken),
		cmocka_unit_test(what_is_said_of_hidden_tokens_is_what_is_taken),
		cmocka_unit_test(what_is_said_of_finetune_is_what_is_taken),
		cmocka_unit_test(the_micro_batch_is_halved_until_it_fits),
		cmocka_unit_test(what_does_not_fit_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
