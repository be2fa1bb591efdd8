#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/die.h"
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

static void put_word(FILE *f, long at, const uint8_t *bytes)
{
	fseek(f, at, SEEK_SET);
	assert_int_equal(fwrite(bytes, 1, 4, f), 4);
	fflush(f);
}

/* Of each word of four bytes wherever it begins: all bits 0, all 1, another sign, one more, one less, its
 * bytes in another order. */
static int damages_of(uint8_t made[][4], const uint8_t word[4])
{
	uint32_t x, of[6];
	memcpy(&x, word, sizeof x);
	of[0] = 0, of[1] = UINT32_MAX, of[2] = x ^ 0x80000000u, of[3] = x + 1, of[4] = x - 1;
	of[5] = x >> 16 | x << 16;
	int n = 0;
	for (int i = 0; i < 6; i++)
		if (of[i] != x)
			memcpy(made[n++], &of[i], 4);
	return n;
}

static void no_damage_of_a_single_word_is_taken(void **state)
{
	(void)state;
	die_hush(); /* a thousand warnings say nothing */
	/* words of 0 and of ffffffff, which a sum modulo 2^32 - 1 cannot tell apart */
	int64_t step = -1;
	float weights[6] = {0, 0, 1, -1, 0, 0};
	struct checkpoint_part parts[] = {{&step, sizeof step}, {weights, sizeof weights}, {0}};
	checkpoint_save(path, key, parts);

	uint8_t file[512], made[6][4];
	FILE *f = fopen(path, "r+b");
	long n = (long)fread(file, 1, sizeof file, f), n_damages = 0;
	for (long at = 0; at + 4 <= n; at++) {
		int n_made = damages_of(made, file + at);
		for (int i = 0; i < n_made; i++, n_damages++) {
			put_word(f, at, made[i]);
			if (checkpoint_load(path, key, parts))
				fail_msg("byte %ld: damage %d was taken", at, i);
		}
		put_word(f, at, file + at);
	}
	assert_true(checkpoint_load(path, key, parts));
	assert_true(n_damages > 800);
	fclose(f);
}

/* As version 1 wrote it: its sum is no SHA-256, so what it holds is not taken. */
static void a_checkpoint_of_version_1_is_refused(void **state)
{
	(void)state;
	save(18);
	FILE *f = fopen(path, "r+b");
	fseek(f, (long)strlen("einthoven-checkpoint/"), SEEK_SET);
	assert_int_equal(fputc('1', f), '1');
	fclose(f);
	assert_int_equal(load(key, 5), -1);
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
		cmocka_unit_test_setup_teardown(no_damage_of_a_single_word_is_taken, make_path, remove_path),
		cmocka_unit_test_setup_teardown(a_checkpoint_of_version_1_is_refused, make_path, remove_path),
		cmocka_unit_test_setup(a_folder_that_was_removed_is_made_again, make_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
