/* Arrays that may be larger than memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/scratch.h"

static long anonymous_kb(void)
{
	char line[256];
	long kb = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (fgets(line, sizeof line, f))
		sscanf(line, "RssAnon: %ld kB", &kb);
	fclose(f);
	return kb;
}

static void arrays_are_zeros_and_keep_what_is_written(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 100, SCRATCH_FROM - 1, SCRATCH_FROM, SCRATCH_FROM + 12345};
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		uint8_t *x = scratch_new(sizes[s]);
		assert_int_equal((uintptr_t)x % 64, 0);
		for (size_t i = 0; i < sizes[s]; i += 4097) {
			assert_int_equal(x[i], 0);
			x[i] = (uint8_t)(i / 4097 + 1);
		}
		for (size_t i = 0; i < sizes[s]; i += 4097)
			assert_int_equal(x[i], (uint8_t)(i / 4097 + 1));
		scratch_free(x, sizes[s]);
	}
	scratch_free(NULL, 1);
}

static void a_large_array_is_no_anonymous_memory(void **state)
{
	(void)state;
	size_t n = 8 * SCRATCH_FROM;
	long before_kb = anonymous_kb();
	char *x = scratch_new(n);
	memset(x, 1, n);
	assert_in_range(anonymous_kb(), 0, before_kb + 4096);
	scratch_free(x, n);
}

/* Ends the program at once, not with a signal when the array is used. */
static void a_disk_without_room_is_an_error(void **state)
{
	(void)state;
	static const struct {
		const char *folder;
		size_t n_bytes;
	} cases[] = {{"/nowhere/at/all", SCRATCH_FROM}, {"", (size_t)1 << 60}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int status;
		pid_t child = fork();
		if (child == 0) {
			if (*cases[i].folder)
				setenv("TMPDIR", cases[i].folder, 1);
			freopen("/dev/null", "w", stderr);
			scratch_new(cases[i].n_bytes);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrays_are_zeros_and_keep_what_is_written),
		cmocka_unit_test(a_large_array_is_no_anonymous_memory),
		cmocka_unit_test(a_disk_without_room_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
