#include "store/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "common/team.h"
#include "store/artifact.h"

/* How long further signals of a kind count as the first. */
static const double REPEAT_INT_S = 0.3, REPEAT_S = 10;

static volatile bool is_interrupted;
static volatile sig_atomic_t first_signal;
static struct timespec first_time;
static char text_int[96], text_other[96];

static double since_first_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - first_time.tv_sec) + 1e-9 * (double)(now.tv_nsec - first_time.tv_nsec);
}

static void say(const char *text)
{
	size_t n = 0;
	while (text[n])
		n++;
	(void)!write(STDERR_FILENO, text, n);
}

static void on_signal(int number)
{
	int saved = errno;
	if (!first_signal) {
		first_signal = number;
		clock_gettime(CLOCK_MONOTONIC, &first_time);
		is_interrupted = true;
		say(number == SIGINT ? text_int : text_other);
	} else if (since_first_s() > (number == SIGINT ? REPEAT_INT_S : REPEAT_S)) {
		signal(number, SIG_DFL);
		raise(number); /* comes when this handler returns */
	}
	errno = saved;
}

static void catch_one(int number)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, old;
	sigemptyset(&action.sa_mask);
	for (const int *other = (const int[]){SIGINT, SIGTERM, SIGUSR1, SIGHUP, 0}; *other; other++)
		sigaddset(&action.sa_mask, *other);
	if (number == SIGHUP && sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
		return;
	sigaction(number, &action, NULL);
}

void interrupt_catch(const char *who)
{
	if (who) {
		snprintf(text_int, sizeof text_int, "%.40s: stopping; once more ends at once\n", who);
		snprintf(text_other, sizeof text_other,
			 "%.40s: told to stop, stopping; Ctrl-C ends at once\n", who);
	}
	catch_one(SIGINT);
	catch_one(SIGTERM);
	catch_one(SIGUSR1);
	catch_one(SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a write over ulimit -f then fails with EFBIG and a message */
	artifact_watch(&is_interrupted, interrupt_stop);
}

const volatile bool *interrupt_flag(void)
{
	return &is_interrupted;
}

void interrupt_stop(void)
{
	int status = 128 + (first_signal ? (int)first_signal : SIGTERM); /* or it came to another rank */
	warn("interrupted; nothing was published");
	team_status(status);
	exit(status);
}
