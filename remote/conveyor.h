/*
 * Jobs 0..n-1 done by several threads and taken in their order, so that who takes them sees the same sequence
 * however the threads ran. What is done and not yet given back, or being done, never costs more than a budget
 * (but for a single job that does).
 *
 *	struct conveyor *c = conveyor_start(&(struct conveyor_work){...}, n);
 *	for (size_t i = 0; conveyor_take(c, &e) > 0; i++) { ... the i-th result ...; conveyor_give_back(c); }
 *	conveyor_stop(c);
 */
#ifndef REMOTE_CONVEYOR_H
#define REMOTE_CONVEYOR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

struct conveyor_work {
	void *context;
	/* What one thread needs for its jobs; NULL with e filled: it cannot. end undoes it. */
	void *(*begin)(void *context, struct error *e);
	void (*end)(void *own);
	/* Do job i; the result goes into the context. 0, or -1 with e filled: no further job begins. */
	int (*run)(void *context, void *own, size_t i, struct error *e);
	/* What job i takes of the budget, in bytes. */
	size_t (*cost)(void *context, size_t i);
	size_t budget;
	bool is_free_when_done; /* a job costs only while it runs; else until it is given back */
	int n_threads;
};

struct conveyor;

struct conveyor *conveyor_start(const struct conveyor_work *work, size_t n);
/* Wait for the next job in order: 1, 0 after the last, -1 with e filled: a job failed. */
int conveyor_take(struct conveyor *c, struct error *e);
/* What was taken last is not used any more. */
void conveyor_give_back(struct conveyor *c);
/* Wait for the threads and free. Jobs that nobody has begun are not. */
void conveyor_stop(struct conveyor *c);

#endif
