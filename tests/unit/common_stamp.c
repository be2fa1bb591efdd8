#include <fcntl.h>
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

/* Of two at once the one that began first may end last. */
static void a_later_stamp_of_the_same_text_stays(void **state)
{
	(void)state;
	struct error e = {0};
	struct stamp first, second;
	const char *const texts[] = {"same", "other", ""};
	for (int i = 0; i < 3; i++) {
		const char *text = texts[i];
		assert_int_equal(stamp_begin(&first, ".", &e), 0);
		assert_int_equal(stamp_begin(&second, ".", &e), 0);
		assert_int_equal(stamp_end(&second, "./x.stamp", i == 1 ? "same" : text, &e), 0);
		assert_int_equal(stamp_end(&first, "./x.stamp", text, &e), 0);
		assert_true(is_later(mtime("x.stamp"), first.t0) == (i == 0));
	}

	struct timespec ahead = {first.t0.tv_sec + 3600, 0};
	assert_int_equal(stamp_end(&first, "x.stamp", "same", &e), 0);
	assert_int_equal(utimensat(AT_FDCWD, "x.stamp", (struct timespec[2]){ahead, ahead}, 0), 0);
	assert_int_equal(stamp_end(&first, "x.stamp", "same", &e), 0);
	assert_false(is_later(mtime("x.stamp"), first.t0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_edit_after_the_begin_is_newer_than_the_stamp),
		cmocka_unit_test(a_later_stamp_of_the_same_text_stays),
		cmocka_unit_test(nothing_is_left_beside_the_stamp),
		cmocka_unit_test(a_missing_folder_is_named),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
