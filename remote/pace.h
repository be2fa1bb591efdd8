/*
 * How long a byte takes, as one thread measures it: what is worth doing to it hangs on that. Pieces that are
 * too small to tell are not counted, and the last ones count most.
 *
 *	double began_s = pace_now_s();
 *	... send n bytes ...
 *	pace_note(&sending, began_s, n);
 *	if (sending.s > ...) ...
 */
#ifndef REMOTE_PACE_H
#define REMOTE_PACE_H

#include <stddef.h>

#define PACE_LEAST ((size_t)64 << 10) /* bytes; of fewer one measures the waiting */

struct pace {
	double s; /* a byte; 0: nothing was measured yet */
};

double pace_now_s(void);
/* How long this thread has run. */
double pace_own_s(void);
/* How long this thread has run, or would have if a processor had been free (where the kernel does not count
 * that, only how long it ran). */
double pace_busy_s(void);
/* n bytes took from began_s until now. */
void pace_note(struct pace *p, double began_s, size_t n);

#endif
