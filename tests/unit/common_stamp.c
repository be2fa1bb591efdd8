#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/stamp.h"

static char folder[] = "/tmp/stampXXXXXX";

static int enter(void **state)
{
	(void)state;
	return mkdtemp(folder) ? chdir(folder) : -1;
}

static int leave(void **state)
{
	(void)state;
	unlink("input");
	unlink("x.stamp");
	return rmdir(folder);
}

static struct timespec mtime(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_mtim;
}

static void edit(void)
{
	FILE *f = fopen("input", "w");
	assert_non_null(f);
	fputs("x", f);
	fclose(f);
}

static bool is_later(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

/* However close to the begin an edit comes, it is later than the stamp; however close before, it is not. */
static void an_edit_after_the_begin_is_newer_than_the_stamp(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		struct error e = {0};
		struct stamp s;
		edit();
		struct timespec before = mtime("input");
		assert_int_equal(stamp_begin(&s, ".", &e), 0);
		edit();
		assert_int_equal(stamp_end(&s, "x.stamp", "text", &e), 0);
		assert_false(is_later(before, mtime("x.stamp")));
		assert_true(is_later(mtime("input"), mtime("x.stamp")));
	}
}

static void nothing_is_left_beside_the_stamp(void **state)
{
	(void)state;
	struct error e = {0};
	struct stamp s;
	assert_int_equal(stamp_begin(&s, ".", &e), 0);
	assert_int_equal(stamp_end(&s, "x.stamp", "text", &e), 0);
	assert_int_equal(unlink("x.stamp"), 0);
	unlink("input");
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(chdir(folder), 0);
}

static void a_missing_folder_is_named(void **state)
{
	(void)state;
	struct error e = {0};
	struct stamp s;
	assert_int_equal(stamp_begin(&s, "/nonexistent/folder", &e), -1);
	assert_non_null(strstr(e.text, "/nonexistent/folder"));
	e.text[0] = '\0';
	assert_int_equal(stamp_end(&s, "/nonexistent/folder/x.stamp", "text", &e), -1);
	assert_non_null(strstr(e.text, "/nonexistent/folder/x.stamp"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_edit_after_the_begin_is_newer_than_the_stamp),
		cmocka_unit_test(nothing_is_left_beside_the_stamp),
		cmocka_unit_test(a_missing_folder_is_named),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
