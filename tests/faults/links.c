/*
 * links LOOPS: while another process puts links to ./outside in the place of folders of the remote ./team and
 * of the store, and takes them away again, things are put into the remote and what is old is cleaned, LOOPS
 * times. Prints how often that was done and how often refused. What became of ./outside its caller looks at.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "remote/kept.h"
#include "remote/transport.h"

static const char *const swapped[][2] = {{"team/tmp", "team/tmp.link"},
					 {"team/cas", "team/cas.link"},
					 {"team/ac", "team/ac.link"},
					 {"store/arriving", "store/arriving.link"}};
enum { N_SWAPPED = sizeof swapped / sizeof *swapped };

/* There and back, each time for as long as one or two of the calls that it is to fall between. */
static _Noreturn void swap(void)
{
	unsigned state = 1;
	for (int turn = 0;; turn++) {
		static const char *const *pair;
		state = state * 1103515245 + 12345;
		if (turn % 2 == 0)
			pair = swapped[state / 65536 % N_SWAPPED];
		if (renameat2(AT_FDCWD, pair[0], AT_FDCWD, pair[1], RENAME_EXCHANGE) < 0 && errno != ENOENT)
			_exit(1);
		for (volatile unsigned wait = state / 65536 % 20000; wait; wait--)
			;
	}
}

static void make_folders(void)
{
	for (int i = 0; i < N_SWAPPED; i++)
		if (mkdir(swapped[i][0], 0777) < 0 || symlink("../outside", swapped[i][1]) < 0)
			die("%s: %s", swapped[i][0], strerror(errno));
}

/* 1, 0 if it was refused or taken to be there. */
static int put(long i)
{
	static const struct transport_options options = {.timeout_s = 5};
	struct error e = {0};
	char name[80];
	struct transport *t;
	if (transport_open(&t, "team", &options, &e) < 0)
		die("%s", error_text(&e));
	snprintf(name, sizeof name, "%s/%064lx", i % 2 ? "cas" : "ac", i);
	int status = (i % 4 > 1 ? transport_replace : transport_put)(t, name, "some", 4, &e);
	transport_close(t);
	return status == 1;
}

int main(int argc, char **argv)
{
	long loops = argc == 2 ? atol(argv[1]) : 0, n_done = 0;
	make_folders();
	pid_t swapper = fork();
	if (swapper == 0)
		swap();
	for (long i = 0; i < loops; i++) {
		n_done += put(i);
		kept_clean();
		mkdir("store/arriving", 0777); /* which that removes where it is empty */
	}
	int status;
	kill(swapper, SIGKILL);
	if (waitpid(swapper, &status, 0) != swapper || !WIFSIGNALED(status))
		die("what swaps did not");
	printf("%ld put, %ld refused\n", n_done, loops - n_done);
	return n_done == 0 || n_done == loops;
}
