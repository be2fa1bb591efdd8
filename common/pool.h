/*
 * A pool of threads for loops whose iterations write disjoint memory. Tasks are handed out in any order to
 * any thread, so a task must compute the same thing wherever and whenever it runs: threads may split
 * outputs, never a sum.
 *
 *	static void row(void *context, int task) { ... }
 *	pool_run(row, &context, n_rows);
 *
 * The number of threads is EINTHOVEN_THREADS, or the number of CPUs this process may use; it changes
 * speed only. Waiting threads spin briefly and then sleep, so that a busy machine is not made busier.
 * No allocation after the first pool_run. pool_run must not be called from inside a task (BUG) nor from
 * two threads at once.
 */
#ifndef COMMON_POOL_H
#define COMMON_POOL_H

/* Threads in use, the caller's included; 1 or more. Starts the pool at the first call. */
int pool_threads(void);

/* Run task(context, i) for i in 0..n_tasks-1 and return when all are done. n_tasks 0 returns at once. */
void pool_run(void (*task)(void *context, int i), void *context, int n_tasks);

/* Tasks without haste, for threads of the pool that have nothing else to do (they are woken) and for moments
 * in which the caller of pool_run waits: each is run once, some time before pool_finish returns, which runs
 * what is left on all threads. A short task (20 microseconds) delays little. One offer at a time (else a
 * BUG); tasks use neither pool_self nor what pool_run's tasks write. */
void pool_offer(void (*task)(void *context, int i), void *context, int n_tasks);
void pool_finish(void);

/* Index of the calling thread inside pool_run, 0..pool_threads()-1 (0 outside): for per-thread
 * scratch memory only. */
int pool_self(void);

#endif
