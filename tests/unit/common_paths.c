#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/paths.h"

static char folder[] = "/tmp/pathsXXXXXX";
static const char header[] = "# Local files that stages read; made by build/bin/params.\n";

static int enter(void **state)
{
	(void)state;
	return mkdtemp(folder) ? chdir(folder) : -1;
}

static int leave(void **state)
{
	(void)state;
	char command[64];
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static void touch(const char *path)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
}

/* rules: what paths_finish gives for path, "@" standing for the working folder. */
static void gives(const char *path, const char *rules)
{
	char *here = getcwd(NULL, 0), *expected = NULL;
	size_t n;
	FILE *out = open_memstream(&expected, &n);
	fputs(header, out);
	for (; *rules; rules++)
		*rules == '@' ? fputs(here, out) : fputc(*rules, out);
	fclose(out);

	struct paths *p = paths_new("R");
	paths_add(p, "fetch", path);
	char *text = paths_finish(p);
	assert_string_equal(text, expected);
	free(text);
	free(expected);
	free(here);
}

#define GUARD "ifneq '$(CURDIR)' '@'\nR/params.stamp: FORCE\nendif\n"

static void a_file_is_a_prerequisite_of_its_stage(void **state)
{
	(void)state;
	gives("/a/b.zip", "R/fetch.stamp: /a/b.zip\n/a/b.zip:\n");
	gives("a/b.zip", "R/fetch.stamp: @/a/b.zip\n@/a/b.zip:\n" GUARD);
	gives("my data/b.zip", "R/fetch.stamp: @/my\\ data/b.zip\n@/my\\ data/b.zip:\n" GUARD);
	gives("/donn\xc3\xa9"
	      "es",
	      "R/fetch.stamp: /donn\xc3\xa9"
	      "es\n/donn\xc3\xa9"
	      "es:\n");
}

static void no_name_is_a_target_of_the_makefile(void **state)
{
	(void)state;
	static const char *const names[] = {"clean", "./clean", ".//clean", ".IGNORE", ".POSIX", "FORCE"};
	char rules[256];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(rules, sizeof rules, "R/fetch.stamp: @/%s\n@/%s:\n" GUARD, names[i], names[i]);
		gives(names[i], rules);
	}
}

static void urls_and_nothing_are_left_out(void **state)
{
	(void)state;
	gives("", "");
	gives("https://example.org/a.zip", "");
}

static void what_make_cannot_express_is_checked_each_time(void **state)
{
	(void)state;
	static const char *const odd[] = {"/a$b", "/a#b", "/a:b",  "/a%b", "/a*",   "/a=b", "/a&b",
					  "/a;b", "/a|b", "/a\nb", "/~a",  "/a\\b", "/a(b", "/a "};
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		gives(odd[i], "R/fetch.stamp: FORCE\n");
}

static void a_folder_counts_with_its_files_and_two_levels(void **state)
{
	(void)state;
	assert_int_equal(
		mkdir("d", 0700) | mkdir("d/r", 0700) | mkdir("d/r/00", 0700) | mkdir("d/r/00/x", 0700), 0);
	touch("d/f");
	touch("d/.hidden");
	touch("d/r/g");
	gives("d", "R/fetch.stamp: @/d\n@/d:\nR/fetch.stamp: @/d/f\n@/d/f:\nR/fetch.stamp: @/d/r\n@/d/r:\n"
		   "R/fetch.stamp: @/d/r/00\n@/d/r/00:\n" GUARD);
}

static void a_named_file_deep_inside_counts(void **state)
{
	(void)state;
	assert_int_equal(mkdir("s", 0700) | mkdir("s/set", 0700) | mkdir("s/set/meta", 0700), 0);
	touch("s/set/meta/list.csv");
	static const char *const names[] = {"meta/list.csv", "set/meta/list.csv", "list.csv", "../s", ""};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct paths *p = paths_new("R");
		paths_add_inside(p, "fetch", "s", names[i]);
		paths_add_inside(p, "fetch", "no/folder", names[i]);
		char *text = paths_finish(p);
		assert_int_equal(strstr(text, "/s/set/meta/list.csv:\n") != NULL, i < 2);
		free(text);
	}
}

static void a_crowded_folder_is_checked_each_time(void **state)
{
	(void)state;
	assert_int_equal(mkdir("crowd", 0700), 0);
	for (int i = 0; i < 1001; i++) {
		char name[32];
		snprintf(name, sizeof name, "crowd/%d", i);
		touch(name);
	}
	struct paths *p = paths_new("R");
	paths_add(p, "fetch", "crowd");
	char *text = paths_finish(p);
	assert_non_null(strstr(text, "R/fetch.stamp: FORCE\n"));
	assert_true(strlen(text) < 120000);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_a_prerequisite_of_its_stage),
		cmocka_unit_test(no_name_is_a_target_of_the_makefile),
		cmocka_unit_test(urls_and_nothing_are_left_out),
		cmocka_unit_test(what_make_cannot_express_is_checked_each_time),
		cmocka_unit_test(a_folder_counts_with_its_files_and_two_levels),
		cmocka_unit_test(a_named_file_deep_inside_counts),
		cmocka_unit_test(a_crowded_folder_is_checked_each_time),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
