#include "model/memory.h"

#include "model/blocks.h"

static size_t n_counted;

static void *nowhere(size_t n_bytes)
{
	static _Alignas(64) char place[64]; /* never read or written */
	(void)n_bytes;
	return place;
}

static void *count_alloc(size_t n_bytes)
{
	n_counted += n_bytes;
	return nowhere(n_bytes);
}

static void no_release(void *p)
{
	(void)p;
}

static void no_upload(void *device, const void *host, size_t n_bytes)
{
	(void)device, (void)host, (void)n_bytes;
}

static void no_zero(void *p, size_t n_bytes)
{
	(void)p, (void)n_bytes;
}

void memory_count(const struct ops *ops, struct memory_need *n)
{
	struct ops counting = *ops;
	counting.alloc = count_alloc;
	counting.release = no_release;
	counting.upload = no_upload;
	counting.zero = no_zero;
	counting.alloc_host = nowhere;
	counting.release_host = no_release;
	n_counted = 0;
	n->make(&counting, n->settings);
	n->n_bytes = n_counted;
}

int memory_fit(const struct ops *ops, struct memory_need *n)
{
	size_t room = ops->room();
	if (room == SIZE_MAX)
		return 0;
	room -= room / 16;

	memory_count(ops, n);
	int n_blocks = (n->n_views + BLOCKS_VIEWS - 1) / BLOCKS_VIEWS;
	while (n->n_bytes > room && n->micro_batch && n_blocks > 1) {
		n_blocks = (n_blocks + 1) / 2;
		*n->micro_batch = n_blocks * BLOCKS_VIEWS;
		memory_count(ops, n);
	}
	return n->n_bytes > room ? -1 : 0;
}
