#include "common/pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/die.h"

/* One word hands out tasks: round in the high half, tasks not yet taken in the low half. A thread that wakes
 * late can therefore never take a task of a later round with the function of an earlier one. */
static _Atomic uint64_t ticket;
static _Atomic uint32_t n_unfinished; /* tasks of this round that have not returned */
static _Atomic uint32_t n_asleep;     /* workers waiting on the condition */
static void (*run_task)(void *context, int i);
static void *run_context;
static int n_run_tasks;

/* What was offered: tasks not yet taken, as above, and those that have not returned. */
static _Atomic uint64_t offer;
static _Atomic uint32_t n_offers_unfinished;
static void (*offer_task)(void *context, int i);
static void *offer_context;
static int n_offer_tasks;

static int n_threads;
static bool is_running;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER, finished = PTHREAD_COND_INITIALIZER;
static bool is_caller_asleep;
static pthread_once_t start_once = PTHREAD_ONCE_INIT;
static _Thread_local int self;

/* About 20 microseconds: longer than the gap between two ops of a step, shorter than a time slice. Without a
 * second CPU to spin on, spinning would only delay the thread waited for. */
enum { N_SPINS = 400 };
static int n_spins;

static void relax(void)
{
#if defined __x86_64__
	__builtin_ia32_pause();
#endif
}

static uint32_t round_now(void)
{
	return (uint32_t)(atomic_load(&ticket) >> 32);
}

/* All workers that sleep; after what they are to do was stored. */
static void wake(void)
{
	if (atomic_load(&n_asleep) > 0) {
		pthread_mutex_lock(&lock);
		pthread_cond_broadcast(&work);
		pthread_mutex_unlock(&lock);
	}
}

/* Take tasks of this round until none is left. */
static void drain(uint32_t round)
{
	uint64_t t = atomic_load_explicit(&ticket, memory_order_acquire);
	for (;;) {
		if ((uint32_t)(t >> 32) != round || (uint32_t)t == 0)
			return;
		if (!atomic_compare_exchange_weak_explicit(&ticket, &t, t - 1, memory_order_acq_rel,
							   memory_order_acquire))
			continue;
		run_task(run_context, n_run_tasks - (int)(uint32_t)t);
		if (atomic_fetch_sub_explicit(&n_unfinished, 1, memory_order_acq_rel) == 1) {
			pthread_mutex_lock(&lock);
			if (is_caller_asleep)
				pthread_cond_signal(&finished);
			pthread_mutex_unlock(&lock);
		}
		t = atomic_load_explicit(&ticket, memory_order_acquire);
	}
}

/* Run one of the tasks on offer; false if there is none. */
static bool run_offered(void)
{
	uint64_t t = atomic_load_explicit(&offer, memory_order_acquire);
	while ((uint32_t)t != 0)
		if (atomic_compare_exchange_weak_explicit(&offer, &t, t - 1, memory_order_acq_rel,
							  memory_order_acquire)) {
			offer_task(offer_context, n_offer_tasks - (int)(uint32_t)t);
			atomic_fetch_sub_explicit(&n_offers_unfinished, 1, memory_order_acq_rel);
			return true;
		}
	return false;
}

static bool has_offer(void)
{
	return (uint32_t)atomic_load(&offer) != 0;
}

/* The number of the next round after `seen`, as soon as there is one; until then what is on offer is run. */
static uint32_t next_round(uint32_t seen)
{
	for (;;) {
		for (int i = 0; i < n_spins; i++) {
			if (round_now() != seen)
				return round_now();
			if (!run_offered())
				relax();
		}
		pthread_mutex_lock(&lock);
		atomic_fetch_add(&n_asleep, 1);
		while (round_now() == seen && !has_offer())
			pthread_cond_wait(&work, &lock);
		atomic_fetch_sub(&n_asleep, 1);
		pthread_mutex_unlock(&lock);
		if (round_now() != seen)
			return round_now();
		run_offered();
	}
}

static void *worker(void *index)
{
	self = (int)(intptr_t)index;
	for (uint32_t round = 0;;) {
		round = next_round(round);
		drain(round);
	}
	return NULL;
}

static int wanted_threads(void)
{
	const char *text = getenv("EINTHOVEN_THREADS");
	if (text && *text) {
		char *end;
		errno = 0;
		long n = strtol(text, &end, 10);
		if (errno || *end || n < 1 || n > 1024)
			die("EINTHOVEN_THREADS=%s: expected a number from 1 to 1024", text);
		return (int)n;
	}
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
		return CPU_COUNT(&set);
	return 1;
}

static void start(void)
{
	cpu_set_t set;
	int n_cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
	n_threads = wanted_threads();
	n_spins = n_threads <= n_cpus ? N_SPINS : 0;
	for (int i = 1; i < n_threads; i++) {
		pthread_t thread;
		int failure = pthread_create(&thread, NULL, worker, (void *)(intptr_t)i);
		if (failure)
			die("cannot start thread %d of %d (error %d); set EINTHOVEN_THREADS lower", i,
			    n_threads, failure);
		pthread_detach(thread);
	}
}

int pool_threads(void)
{
	pthread_once(&start_once, start);
	return n_threads;
}

static void wait_finished(void)
{
	for (int i = 0; i < n_spins; i++) {
		if (atomic_load_explicit(&n_unfinished, memory_order_acquire) == 0)
			return;
		if (!run_offered())
			relax();
	}
	pthread_mutex_lock(&lock);
	is_caller_asleep = true;
	while (atomic_load(&n_unfinished) != 0)
		pthread_cond_wait(&finished, &lock);
	is_caller_asleep = false;
	pthread_mutex_unlock(&lock);
}

void pool_run(void (*task)(void *context, int i), void *context, int n_tasks)
{
	pthread_once(&start_once, start);
	if (is_running)
		BUG("pool_run called from inside a task");
	if (n_tasks <= 0)
		return;
	is_running = true;

	if (n_threads == 1 || n_tasks == 1) {
		for (int i = 0; i < n_tasks; i++)
			task(context, i);
		is_running = false;
		return;
	}

	run_task = task;
	run_context = context;
	n_run_tasks = n_tasks;
	atomic_store(&n_unfinished, (uint32_t)n_tasks);

	uint32_t round = round_now() + 1;
	atomic_store(&ticket,
		     (uint64_t)round << 32 | (uint32_t)n_tasks); /* seq_cst: before reading n_asleep */
	wake();

	drain(round);
	wait_finished();
	is_running = false;
}

void pool_offer(void (*task)(void *context, int i), void *context, int n_tasks)
{
	if (atomic_load(&n_offers_unfinished) != 0)
		BUG("pool_offer before the last offer was finished");
	if (n_tasks <= 0)
		return;
	pthread_once(&start_once, start);
	offer_task = task;
	offer_context = context;
	n_offer_tasks = n_tasks;
	atomic_store(&n_offers_unfinished, (uint32_t)n_tasks);
	uint32_t round = (uint32_t)(atomic_load(&offer) >> 32) + 1;
	atomic_store(&offer, (uint64_t)round << 32 | (uint32_t)n_tasks);
	wake();
}

static void run_all_offered(void *context, int i)
{
	(void)context;
	(void)i;
	while (run_offered())
		;
}

void pool_finish(void)
{
	if (has_offer())
		pool_run(run_all_offered, NULL, pool_threads());
	while (atomic_load(&n_offers_unfinished) != 0) /* one that a waiting thread took is still running */
		sched_yield();
}

int pool_self(void)
{
	return self;
}
