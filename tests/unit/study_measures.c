/* What a model's history says of its training: the top-1 of the last epoch, where views are contrasted. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/die.h"
#include "common/json.h"
#include "stages/study/measures.h"
#include "tests/unit/own_store.h"

/* As measured of two epochs of two steps, the last of which was skipped; NAN: it is none. */
static double top1_of(const char *objective)
{
	static const float rows[][3] = {{0, .1f, 0}, {0, .2f, 0}, {1, .75f, 0}, {1, 0, 1}};
	char id[DIGEST_HEX];
	struct artifact_writer *w = artifact_create("model", 1);
	artifact_attribute(w, "objective", json_string(objective));
	artifact_attribute(w, "history_columns", json_pack("[s,s,s]", "epoch", "top1", "skipped"));
	int table = artifact_table(w, "history");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		artifact_put(w, table, artifact_key(i).bytes, 8, rows[i], sizeof rows[i]);
	artifact_publish(w, id);

	struct artifact *model = artifact_open(id, "model");
	json_t *values = json_object();
	measures_training(values, model);
	const json_t *top1 = json_object_get(values, "top1");
	double out = top1 ? json_number_value(top1) : (double)NAN;
	json_decref(values);
	artifact_close(model);
	return out;
}

static void top1_is_of_the_last_epochs_steps_that_were_taken(void **state)
{
	(void)state;
	assert_float_equal(top1_of("ntxent"), .75, 0);
	assert_float_equal(top1_of("vicreg"), .75, 0);
}

static void where_nothing_is_contrasted_there_is_none(void **state)
{
	(void)state;
	assert_true(isnan(top1_of("masked")));
	assert_true(isnan(top1_of("jepa")));
	assert_float_equal(top1_of("masked_ntxent"), .75, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(top1_is_of_the_last_epochs_steps_that_were_taken),
		cmocka_unit_test(where_nothing_is_contrasted_there_is_none),
	};
	return cmocka_run_group_tests(tests, make_store, remove_store);
}
