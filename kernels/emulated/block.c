#include "kernels/emulated/block.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernels/emulated/fail.h"
#include "kernels/emulated/fiber.h"

enum state { RUNNABLE, AT_BARRIER, AT_WARP, DONE };

struct member {
	struct gpu_thread t; /* first: gpu_self is the member's */
	struct fiber fiber;
	enum state state;
	const char *site; /* where it waits */
	uint32_t mask, value, result;
	int from;
	unsigned n_warp_barriers;
};

static struct member members[BLOCK_THREADS];
static const struct block *now;
static unsigned n_barriers;
static uint64_t drawn;
struct gpu_thread *gpu_self;

static struct member *self(void)
{
	return (struct member *)(void *)gpu_self;
}

unsigned block_barriers(void)
{
	return n_barriers;
}

unsigned block_warp_barriers(void)
{
	return self()->n_warp_barriers;
}

_Noreturn static void fail_at(const struct member *m, const char *what, const struct member *other)
{
	if (other && other->state == DONE)
		fail("%s: %s: block %u %u %u, thread %d at %s; thread %d has ended", now->kernel, what,
		     now->at.x, now->at.y, now->at.z, m->t.number, m->site, other->t.number);
	if (other)
		fail("%s: %s: block %u %u %u, thread %d at %s; thread %d at %s", now->kernel, what, now->at.x,
		     now->at.y, now->at.z, m->t.number, m->site, other->t.number, other->site);
	fail("%s: %s: block %u %u %u, thread %d at %s", now->kernel, what, now->at.x, now->at.y, now->at.z,
	     m->t.number, m->site);
}

/* ---- order ---- */

static unsigned draw(unsigned n)
{
	drawn ^= drawn << 13;
	drawn ^= drawn >> 7;
	drawn ^= drawn << 17;
	return (unsigned)(drawn >> 33) % n;
}

void block_shuffle(int *order, int n, uint64_t seed)
{
	if (!drawn)
		drawn = seed * 0x9E3779B97F4A7C15u + 1;
	for (int i = 0; i < n; i++)
		order[i] = seed == 1 ? n - 1 - i : i;
	for (int i = n - 1; seed > 1 && i > 0; i--) {
		int j = (int)draw((unsigned)i + 1), kept = order[i];
		order[i] = order[j];
		order[j] = kept;
	}
}

/* ---- waiting ---- */

static void body(void)
{
	fiber_arrive();
	now->run(now->arguments);
	self()->state = DONE;
	fiber_leave(&self()->fiber, true);
}

static void wait_at(enum state state, const char *site)
{
	struct member *m = self();
	m->state = state;
	m->site = site;
	fiber_leave(&m->fiber, false);
}

void gpu_barrier(const char *site)
{
	wait_at(AT_BARRIER, site);
}

static void meet(uint32_t mask, uint32_t value, int from, const char *site)
{
	struct member *m = self();
	m->site = site;
	m->mask = mask;
	m->value = value;
	m->from = from;
	if (!(mask >> m->t.lane & 1))
		fail_at(m, "a mask without the thread's own lane", NULL);
	if (!(mask >> (from & 31) & 1))
		fail_at(m, "a shuffle from a lane outside its mask", NULL);
	wait_at(AT_WARP, site);
}

void gpu_warp_barrier(uint32_t mask, const char *site)
{
	meet(mask, 0, gpu_self->lane, site);
	self()->n_warp_barriers++; /* it orders memory; a shuffle does not */
}

uint32_t gpu_exchange(uint32_t mask, uint32_t value, int from, const char *site)
{
	meet(mask, value, from, site);
	return self()->result;
}

/* ---- going on ---- */

/* Whether all lanes that m's mask names wait with that mask at the same place. */
static bool is_complete(const struct member *m, const struct member *warp, int n_lanes)
{
	for (int k = 0; k < BLOCK_WARP; k++) {
		if (!(m->mask >> k & 1))
			continue;
		if (k >= n_lanes)
			fail_at(m, "a mask that names a lane that the block does not have", NULL);
		if (warp[k].state == DONE)
			fail_at(m, "a shuffle that another lane never reaches", &warp[k]);
		if (warp[k].state != AT_WARP || warp[k].mask != m->mask || warp[k].site != m->site)
			return false;
	}
	return true;
}

static bool release_warp(struct member *warp, int n_lanes)
{
	bool is_released = false;
	for (int i = 0; i < n_lanes; i++) {
		uint32_t mask = warp[i].mask;
		if (warp[i].state != AT_WARP || !is_complete(&warp[i], warp, n_lanes))
			continue;
		for (int k = 0; k < n_lanes; k++)
			if (mask >> k & 1)
				warp[k].result = warp[warp[k].from].value;
		for (int k = 0; k < n_lanes; k++)
			if (mask >> k & 1)
				warp[k].state = RUNNABLE;
		is_released = true;
	}
	return is_released;
}

static bool release_warps(int n)
{
	bool is_released = false;
	for (int w = 0; w < n; w += BLOCK_WARP)
		is_released |= release_warp(members + w, n - w < BLOCK_WARP ? n - w : BLOCK_WARP);
	return is_released;
}

/* Lets those go on that may. False: all have ended. */
static bool release(int n)
{
	const struct member *first = NULL;
	if (release_warps(n))
		return true;

	for (int i = 0; i < n; i++) {
		if (members[i].state == AT_WARP)
			fail_at(&members[i], "a shuffle at which lanes wait for ever", NULL);
		if (members[i].state == AT_BARRIER && !first)
			first = &members[i];
	}
	if (!first)
		return false;

	for (int i = 0; i < n; i++)
		if (members[i].state == DONE || members[i].site != first->site)
			fail_at(first, "a barrier that not all threads reach", &members[i]);
	for (int i = 0; i < n; i++)
		members[i].state = RUNNABLE;
	n_barriers++;
	return true;
}

static void prepare(const struct block *b, int i)
{
	unsigned u = (unsigned)i;
	struct member *m = &members[i];
	m->t = (struct gpu_thread){
		.thread = {u % b->size.x, u / b->size.x % b->size.y, u / b->size.x / b->size.y},
		.block = b->at,
		.block_size = b->size,
		.grid_size = b->grid_size,
		.number = i,
		.lane = i % BLOCK_WARP};
	m->state = RUNNABLE;
	m->site = "its beginning";
	m->n_warp_barriers = 0;
	fiber_prepare(&m->fiber, body, i);
}

void block_run(const struct block *b, uint64_t seed)
{
	static int order[BLOCK_THREADS];
	now = b;
	n_barriers = 0;
	for (int i = 0; i < b->n_threads; i++)
		prepare(b, i);

	do {
		block_shuffle(order, b->n_threads, seed);
		for (int i = 0; i < b->n_threads; i++) {
			struct member *m = &members[order[i]];
			if (m->state == RUNNABLE) {
				gpu_self = &m->t;
				fiber_enter(&m->fiber);
			}
		}
	} while (release(b->n_threads));
}
