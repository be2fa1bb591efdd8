#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/progress.h"

static char shown[8192];
static int kept = -1;

static void stderr_to(int fd)
{
	fflush(stderr);
	kept = dup(STDERR_FILENO);
	assert_true(kept >= 0 && dup2(fd, STDERR_FILENO) >= 0);
}

static void stderr_back(void)
{
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	close(kept);
}

static void run(uint64_t n, uint64_t total)
{
	struct progress p;
	progress_start(&p, "fetch", "records", total);
	for (uint64_t i = 0; i < n; i++) {
		progress_note(&p, "loss %.2f", 3.21);
		progress_step(&p, 1);
	}
	progress_end(&p);
}

static void run_to_file(uint64_t n, uint64_t total)
{
	FILE *f = tmpfile();
	assert_non_null(f);
	stderr_to(fileno(f));
	run(n, total);
	stderr_back();
	rewind(f);
	shown[fread(shown, 1, sizeof shown - 1, f)] = '\0';
	fclose(f);
}

static void run_to_terminal(uint64_t n, uint64_t total, unsigned short columns)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	struct winsize size = {.ws_col = columns, .ws_row = 24};
	assert_true(slave >= 0 && ioctl(slave, TIOCSWINSZ, &size) == 0);
	stderr_to(slave);
	run(n, total);
	stderr_back();

	size_t length = 0; /* the terminal hands it over in pieces; the end is the only new line */
	do {
		ssize_t got = read(master, shown + length, sizeof shown - 1 - length);
		assert_true(got > 0);
		length += (size_t)got;
		shown[length] = '\0';
	} while (!strchr(shown, '\n'));

	close(slave);
	close(master);
}

static void short_work_off_a_terminal_is_one_plain_line(void **state)
{
	(void)state;
	run_to_file(1000, 1000);
	assert_non_null(strstr(shown, "fetch: 1000/1000 records, "));
	assert_non_null(strstr(shown, "loss 3.21\n"));
	assert_null(strchr(shown, '\r'));
	assert_ptr_equal(strchr(shown, '\n') + 1, shown + strlen(shown));
}

static void an_unknown_total_has_no_eta(void **state)
{
	(void)state;
	run_to_file(7, 0);
	assert_non_null(strstr(shown, "fetch: 7 records, "));
	assert_null(strstr(shown, "ETA"));
	run_to_file(7, 5); /* more than announced: say what is known */
	assert_non_null(strstr(shown, "fetch: 7 records, "));
}

static void a_terminal_gets_a_bar_redrawn_in_place(void **state)
{
	(void)state;
	struct timespec start, end;
	int n_redraws = 0;
	clock_gettime(CLOCK_MONOTONIC, &start);
	run_to_terminal(1000, 1000, 120);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_non_null(strstr(shown, "[####################] 1000/1000 records"));
	assert_non_null(strstr(shown, "[....................] 1/1000 records"));
	for (const char *s = shown; (s = strstr(s, "\r\033[K")); s++)
		n_redraws++;
	double took_s = (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
	assert_true(n_redraws >= 2 &&
		    n_redraws <= 2 + (int)(took_s * 10)); /* the first, the last, ten a second */
}

static void a_narrow_terminal_is_never_wrapped(void **state)
{
	(void)state;
	run_to_terminal(10, 10, 30);
	for (char *line = strtok(shown, "\r\n"); line; line = strtok(NULL, "\r\n"))
		assert_true(strlen(line) <= strlen("\033[K") + 29);
}

static void quiet_says_nothing(void **state)
{
	(void)state;
	setenv("EINTHOVEN_QUIET", "1", 1);
	run_to_file(1000, 1000);
	unsetenv("EINTHOVEN_QUIET");
	assert_string_equal(shown, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_work_off_a_terminal_is_one_plain_line),
		cmocka_unit_test(an_unknown_total_has_no_eta),
		cmocka_unit_test(a_terminal_gets_a_bar_redrawn_in_place),
		cmocka_unit_test(a_narrow_terminal_is_never_wrapped),
		cmocka_unit_test(quiet_says_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
