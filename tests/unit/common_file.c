#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/args.h"
#include "common/file.h"

static char folder[] = "/tmp/common_file.XXXXXX", back[4096];

static int enter(void **state)
{
	(void)state;
	return !getcwd(back, sizeof back) || !mkdtemp(folder) || chdir(folder);
}

static int leave(void **state)
{
	(void)state;
	char command[100];
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return chdir(back) || system(command);
}

static void content_is(const char *path, const char *expected, size_t n_expected)
{
	struct error e = {0};
	char *bytes;
	size_t n;
	assert_int_equal(file_read(&bytes, &n, path, 1 << 20, &e), 0);
	assert_int_equal(n, n_expected);
	assert_memory_equal(bytes, expected, n);
	assert_int_equal(bytes[n], 0);
	free(bytes);
}

static void what_was_written_is_read(void **state)
{
	(void)state;
	struct error e = {0};
	static char large[100001];
	memset(large, 'x', sizeof large);
	assert_int_equal(file_replace("a", "one\0two", 7, &e), 0);
	content_is("a", "one\0two", 7);
	assert_int_equal(file_replace("a", large, sizeof large, &e), 0);
	content_is("a", large, sizeof large);
	assert_int_equal(file_replace("a", "", 0, &e), 0);
	content_is("a", "", 0);
}

static void a_file_over_the_limit_is_refused(void **state)
{
	(void)state;
	struct error e = {0}, why = {0};
	char *bytes;
	size_t n;
	assert_int_equal(file_replace("b", "12345", 5, &e), 0);
	assert_int_equal(file_read(&bytes, &n, "b", 5, &e), 0);
	free(bytes);
	assert_int_equal(file_read(&bytes, &n, "b", 4, &why), -1);
	assert_null(bytes);
	assert_non_null(strstr(why.text, "b: file is larger than the 4 bytes"));
}

static void failures_name_the_file_and_the_cause(void **state)
{
	(void)state;
	struct error a = {0}, b = {0}, c = {0};
	char *bytes;
	size_t n;
	assert_int_equal(file_read(&bytes, &n, "none", 10, &a), -1);
	assert_string_equal(a.text, "none: cannot open: No such file or directory");
	assert_int_equal(file_read(&bytes, &n, ".", 10, &b), -1);
	assert_string_equal(b.text, ".: cannot read: Is a directory");
	assert_int_equal(a.cause, ENOENT);
	assert_int_equal(b.cause, 0); /* it will be a folder the next time, too */

	struct error nowhere = {0}, circle = {0};
	assert_int_equal(symlink("none", "nowhere"), 0);
	assert_int_equal(file_read(&bytes, &n, "nowhere", 10, &nowhere), -1);
	assert_int_equal(nowhere.cause, 0);
	assert_int_equal(symlink("circle", "circle"), 0);
	assert_int_equal(file_read(&bytes, &n, "circle", 10, &circle), -1);
	assert_int_equal(circle.cause, 0);
	assert_int_equal(file_replace("none/x", "", 0, &c), -1);
	assert_non_null(strstr(c.text, "none/x"));
}

static void an_equal_file_keeps_its_time(void **state)
{
	(void)state;
	struct error e = {0};
	struct timespec old[2] = {{1000000000, 0}, {1000000000, 0}};
	struct stat s;
	assert_int_equal(file_replace("c", "same", 4, &e), 0);
	assert_int_equal(utimensat(-100, "c", old, 0), 0);
	assert_int_equal(file_replace_if_different("c", "same", 4, &e), 0);
	assert_int_equal(stat("c", &s), 0);
	assert_int_equal(s.st_mtime, 1000000000);
	assert_int_equal(file_replace_if_different("c", "sam", 3, &e), 0);
	content_is("c", "sam", 3);
	assert_int_equal(stat("c", &s), 0);
	assert_int_not_equal(s.st_mtime, 1000000000);
	assert_int_equal(file_replace_if_different("c", "sample", 6, &e), 0);
	content_is("c", "sample", 6);
}

static void folders_are_made_with_those_above(void **state)
{
	(void)state;
	struct error e = {0}, why = {0};
	char path[200];
	snprintf(path, sizeof path, "%s/x//y/z/", folder);
	assert_int_equal(file_make_folder(path, &e), 0);
	assert_int_equal(file_make_folder("x/y/z", &e), 0);
	assert_true(file_exists("x/y/z"));
	assert_int_equal(file_replace("x/plain", "", 0, &e), 0);
	assert_int_equal(file_make_folder("x/plain/q", &why), -1);
	assert_non_null(strstr(why.text, "x/plain: is not a folder"));
	assert_int_equal(file_sync_folder("x/plain", &e), 0);
}

static void nothing_else_is_left_in_the_folder(void **state)
{
	(void)state;
	struct error e = {0};
	assert_int_equal(file_make_folder("alone", &e), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(file_replace("alone/file", "x", 1, &e), 0);
	assert_int_equal(unlink("alone/file"), 0);
	assert_int_equal(rmdir("alone"), 0);
}

/* ---- command lines ---- */

static const char *build;
static bool is_quiet;
static const char **lists;
static const struct arg options[] = {{"build", "DIR", "a folder", .text = &build},
				     {"quiet", NULL, "say nothing", .flag = &is_quiet},
				     {"set", "X", "may repeat", .list = &lists},
				     {0}};
static const struct args args = {.purpose = "Test", .synopsis = "test [options]", .options = options};

static void options_and_operands_are_told_apart(void **state)
{
	(void)state;
	char *argv[] = {"dir/prog", "one",   "--build", "b",  "--set=1", "-",
			"--quiet",  "--set", "--2",	"--", "--build", NULL};
	int n = args_parse(11, argv, &args);
	assert_int_equal(n, 3);
	assert_string_equal(argv[0], "one");
	assert_string_equal(argv[1], "-");
	assert_string_equal(argv[2], "--build");
	assert_null(argv[3]);
	assert_string_equal(build, "b");
	assert_true(is_quiet);
	assert_string_equal(lists[0], "1");
	assert_string_equal(lists[1], "--2");
	assert_null(lists[2]);
	free(lists);
	lists = NULL;
}

static int exit_code_of(int argc, char **argv)
{
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))
			_exit(9);
		args_parse(argc, argv, &args);
		_exit(7);
	}
	int status;
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void wrong_options_exit_2_and_help_0(void **state)
{
	(void)state;
	static char *const wrong[] = {"--bui", "--build", "--buildx=1", "--quiet=1",
				      "-b",    "-quiet",  "---",	"--=1"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char *argv[] = {"prog", wrong[i], NULL};
		assert_int_equal(exit_code_of(2, argv), 2);
	}
	char *help[] = {"prog", "--build", "x", "--help", NULL}, *fine[] = {"prog", "--build=", NULL};
	assert_int_equal(exit_code_of(4, help), 0);
	assert_int_equal(exit_code_of(2, fine), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(a_file_over_the_limit_is_refused),
		cmocka_unit_test(failures_name_the_file_and_the_cause),
		cmocka_unit_test(an_equal_file_keeps_its_time),
		cmocka_unit_test(folders_are_made_with_those_above),
		cmocka_unit_test(nothing_else_is_left_in_the_folder),
		cmocka_unit_test(options_and_operands_are_told_apart),
		cmocka_unit_test(wrong_options_exit_2_and_help_0),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
