#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/history.h"

static struct history three_epochs_of_two_steps(void)
{
	struct encoder_config c;
	struct history h;
	encoder_preset(&c, "tiny", 500, 100);
	history_init(&h, 6, 2, &c, "ln N");
	for (int64_t i = 0; i < 6; i++) {
		struct contrast_result r = {
			.loss = (float)i, .top1 = 0.5f, .norm = 5, .norms = {3, 4}, .candidates = {4.5, 2}};
		history_add(&h, i, &r, 0.25f, 7);
	}
	history_end_epoch(&h, 3, 11);
	return h;
}

static void columns_have_the_names_that_readers_look_for(void **state)
{
	(void)state;
	struct history h = three_epochs_of_two_steps();
	static const char *const names[HISTORY_COLUMNS] = {"epoch",
							   "loss",
							   "loss_uniform",
							   "lr",
							   "top1",
							   "rankme",
							   "gradient_norm",
							   "gradient_norm_time",
							   "gradient_norm_channel",
							   "skipped"};
	for (int k = 0; k < HISTORY_COLUMNS; k++)
		assert_string_equal(h.name[k], names[k]);
	history_release(&h);
}

static void a_row_holds_its_step(void **state)
{
	(void)state;
	struct history h = three_epochs_of_two_steps();
	static const float expected[HISTORY_COLUMNS] = {1, 3, 4.5f, 0.25f, 0.5f, 11, 5, 3, 4, 0};
	assert_memory_equal(history_row(&h, 3), expected, sizeof expected);
	assert_int_equal(history_bytes(&h), 6 * sizeof expected);
	history_release(&h);
}

static void the_line_shows_the_epochs_means(void **state)
{
	(void)state;
	struct history h = three_epochs_of_two_steps();
	char line[256];
	history_line(line, sizeof line, &h, 1, 128);
	assert_string_equal(
		line, "epoch 2/3  loss 2.500 (ln N 4.500)  top-1 0.50  RankMe 11.0/128  gradient time 3 "
		      "channel 4  lr 0.25");
	struct contrast_result skipped = {.is_skipped = true};
	history_add(&h, 2, &skipped, 0.25f, 7);
	history_line(line, sizeof line, &h, 1, 128);
	assert_non_null(strstr(line, "STEPS SKIPPED"));
	history_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_have_the_names_that_readers_look_for),
		cmocka_unit_test(a_row_holds_its_step),
		cmocka_unit_test(the_line_shows_the_epochs_means),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
