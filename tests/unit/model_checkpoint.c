#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/checkpoint.h"

static const char key[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static const char other_key[] = "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static char path[64];

static int make_path(void **state)
{
	(void)state;
	snprintf(path, sizeof path, "/tmp/einthoven-checkpoint-%d", (int)getpid());
	return 0;
}

static int remove_path(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void save(int64_t step)
{
	float weights[5] = {1, 2, 3, 4, 5};
	checkpoint_save(path, key,
			(struct checkpoint_part[]){{&step, sizeof step}, {weights, sizeof weights}, {0}});
}

/* The step read, or -1 if the checkpoint was refused and nothing was touched. */
static int64_t load(const char *of, size_t n_weights)
{
	int64_t step = -7;
	float weights[8] = {9, 9, 9, 9, 9, 9, 9, 9};
	bool is_loaded =
		checkpoint_load(path, of,
				(struct checkpoint_part[]){
					{&step, sizeof step}, {weights, n_weights * sizeof *weights}, {0}});
	if (is_loaded)
		assert_true(weights[0] == 1 && weights[4] == 5);
	else
		assert_true(step == -7 && weights[0] == 9 && weights[4] == 9);
	return is_loaded ? step : -1;
}

static void what_was_saved_last_is_loaded(void **state)
{
	(void)state;
	assert_int_equal(load(key, 5), -1); /* no file */
	save(17);
	save(18);
	assert_int_equal(load(key, 5), 18);
}

static void another_training_or_another_size_is_refused(void **state)
{
	(void)state;
	save(18);
	assert_int_equal(load(other_key, 5), -1);
	assert_int_equal(load(key, 6), -1);
	assert_int_equal(load(key, 4), -1);
}

static void any_flipped_byte_or_missing_end_is_refused(void **state)
{
	(void)state;
	save(18);
	FILE *f = fopen(path, "r+b");
	fseek(f, 0, SEEK_END);

	long n = ftell(f);
	for (long i = 0; i < n; i++) {
		fseek(f, i, SEEK_SET);
		int byte = fgetc(f);
		fseek(f, i, SEEK_SET);
		fputc(byte ^ 0x10, f);
		fflush(f);
		assert_int_equal(load(key, 5), -1);
		fseek(f, i, SEEK_SET);
		fputc(byte, f);
		fflush(f);
	}

	assert_int_equal(load(key, 5), 18);
	fclose(f);
	for (long size = n - 1; size >= 0; size -= 9) {
		assert_int_equal(truncate(path, size), 0);
		assert_int_equal(load(key, 5), -1);
	}
}

static void a_folder_that_was_removed_is_made_again(void **state)
{
	(void)state;
	char folder[sizeof path];
	strcpy(folder, path);
	snprintf(path, sizeof path, "%.40s/training", folder);
	save(17);
	assert_int_equal(load(key, 5), 17);
	unlink(path);
	assert_int_equal(rmdir(folder), 0);
	save(18);
	assert_int_equal(load(key, 5), 18);
	unlink(path);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_saved_last_is_loaded, make_path, remove_path),
		cmocka_unit_test_setup_teardown(another_training_or_another_size_is_refused, make_path,
						remove_path),
		cmocka_unit_test_setup_teardown(any_flipped_byte_or_missing_end_is_refused, make_path,
						remove_path),
		cmocka_unit_test_setup(a_folder_that_was_removed_is_made_again, make_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
