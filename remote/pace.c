#include "remote/pace.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double read_s(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double pace_now_s(void)
{
	return read_s(CLOCK_MONOTONIC);
}

double pace_own_s(void)
{
	return read_s(CLOCK_THREAD_CPUTIME_ID);
}

double pace_busy_s(void)
{
	char text[96];
	unsigned long long ran_ns, waited_ns;
	int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
	if (sscanf(text, "%llu %llu", &ran_ns, &waited_ns) == 2)
		return 1e-9 * (double)(ran_ns + waited_ns);
	return pace_own_s();
}

void pace_note(struct pace *p, double began_s, size_t n)
{
	if (n < PACE_LEAST)
		return;
	double s = (pace_now_s() - began_s) / (double)n;
	p->s = p->s > 0 ? 0.75 * p->s + 0.25 * s : s;
}
