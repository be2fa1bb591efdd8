#include "remote/pace.h"

#include <time.h>

double pace_now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void pace_note(struct pace *p, double began_s, size_t n)
{
	if (n < PACE_LEAST)
		return;
	double s = (pace_now_s() - began_s) / (double)n;
	p->s = p->s > 0 ? 0.75 * p->s + 0.25 * s : s;
}
