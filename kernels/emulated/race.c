/*
 * Accesses of a kernel that nothing orders. gcc and clang call the functions at the end of this file at
 * each load and store of what is compiled with -fsanitize=thread; linked without the compiler's library,
 * calls come here. Every word of memory has a record: who wrote it last in this launch, and the last two
 * who read it. Linked into the variant of the emulation that looks for races, and into no other.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "kernels/emulated/block.h"
#include "kernels/emulated/fail.h"
#include "kernels/emulated/launch.h"

struct mark {
	int block, thread; /* thread from 1: 0 is nobody */
	unsigned barriers, warp_barriers;
};

struct record {
	uintptr_t word;
	unsigned long launch;
	struct mark write, read[2];
};

/* Addresses of words, their low bits: two words with one record forget each other. */
enum { N_RECORDS = 1 << 26 };
static struct record *records;

static bool is_ordered(const struct mark *old, const struct mark *new, bool is_shared)
{
	if (!old->thread || (old->thread == new->thread && old->block == new->block))
		return true;
	if (old->block != new->block)
		return is_shared; /* each block has shared memory of its own */
	if (old->barriers != new->barriers)
		return true;
	bool is_warp = (old->thread - 1) / BLOCK_WARP == (new->thread - 1) / BLOCK_WARP;
	return is_warp && old->warp_barriers != new->warp_barriers;
}

static void look(const struct mark *old, const struct mark *new, const char *what, const void *p)
{
	bool is_shared = launch_is_shared(p);
	if (!is_ordered(old, new, is_shared))
		fail("race: %s, %s memory: block %d thread %d, then block %d thread %d, both behind barrier "
		     "%u",
		     what, is_shared ? "shared" : "global", old->block, old->thread - 1, new->block,
		     new->thread - 1, new->barriers);
}

static struct record *record_of(uintptr_t word)
{
	if (!records)
		records = mmap(NULL, N_RECORDS * sizeof *records, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (records == MAP_FAILED)
		fail("race: no addresses for records");
	struct record *r = &records[word % N_RECORDS];
	if (r->word != word || r->launch != launch_count())
		*r = (struct record){.word = word, .launch = launch_count()};
	return r;
}

static void access_word(uintptr_t word, bool is_write)
{
	struct record *r = record_of(word);
	const void *p = (const void *)(word * 4);
	struct mark m = {launch_block(), gpu_self->number + 1, block_barriers(), block_warp_barriers()};

	look(&r->write, &m, is_write ? "a write behind a write" : "a read behind a write", p);
	if (is_write) {
		look(&r->read[0], &m, "a write behind a read", p);
		look(&r->read[1], &m, "a write behind a read", p);
		r->write = m;
		return;
	}
	if (r->read[0].thread != m.thread || r->read[0].block != m.block)
		r->read[1] = r->read[0];
	r->read[0] = m;
}

/* A fiber's own stack is not memory that threads share: addresses near this function's frame. */
static bool is_own(uintptr_t p)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	return p > here - (64 << 10) && p < here + (64 << 10);
}

static void access_bytes(const void *p, size_t n, bool is_write)
{
	uintptr_t from = (uintptr_t)p;
	if (!launch_is_running() || is_own(from))
		return;
	for (uintptr_t word = from / 4; word <= (from + n - 1) / 4; word++)
		access_word(word, is_write);
}

#define WRITES(name, n)                                                                                      \
	void __tsan_##name(void *p);                                                                         \
	void __tsan_##name(void *p)                                                                          \
	{                                                                                                    \
		access_bytes(p, n, true);                                                                    \
	}
#define READS(name, n)                                                                                       \
	void __tsan_##name(void *p);                                                                         \
	void __tsan_##name(void *p)                                                                          \
	{                                                                                                    \
		access_bytes(p, n, false);                                                                   \
	}
READS(read1, 1)
READS(read2, 2)
READS(read4, 4)
READS(read8, 8)
READS(read16, 16)
READS(unaligned_read2, 2)
READS(unaligned_read4, 4)
READS(unaligned_read8, 8)
READS(unaligned_read16, 16)
WRITES(write1, 1)
WRITES(write2, 2)
WRITES(write4, 4)
WRITES(write8, 8)
WRITES(write16, 16)
WRITES(unaligned_write2, 2)
WRITES(unaligned_write4, 4)
WRITES(unaligned_write8, 8)
WRITES(unaligned_write16, 16)

void __tsan_read_range(void *p, size_t n);
void __tsan_read_range(void *p, size_t n)
{
	access_bytes(p, n, false);
}

void __tsan_write_range(void *p, size_t n);
void __tsan_write_range(void *p, size_t n)
{
	access_bytes(p, n, true);
}

/* clang's, for structs */
void *__tsan_memcpy(void *to, const void *from, size_t n);
void *__tsan_memcpy(void *to, const void *from, size_t n)
{
	access_bytes(from, n, false);
	access_bytes(to, n, true);
	return memcpy(to, from, n);
}

void *__tsan_memset(void *to, int value, size_t n);
void *__tsan_memset(void *to, int value, size_t n)
{
	access_bytes(to, n, true);
	return memset(to, value, n);
}

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(void *p);
void __tsan_func_entry(void *p)
{
	(void)p;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}
