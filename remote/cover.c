#include "remote/cover.h"

/* Of the largest complete subtree that begins at leaf `first` and has no more than n leaves. */
static int height_at(uint64_t first, uint64_t n)
{
	int most = 63 - __builtin_clzll(n);
	int aligned = first ? __builtin_ctzll(first) : 63;
	return aligned < most ? aligned : most;
}

size_t cover_count(uint64_t first, uint64_t n)
{
	size_t count = 0;
	for (; n; count++) {
		uint64_t size = UINT64_C(1) << height_at(first, n);
		first += size;
		n -= size;
	}
	return count;
}

static struct digest subtree(const struct digest *leaves, uint64_t n)
{
	struct merkle m;
	merkle_init(&m);
	for (uint64_t i = 0; i < n; i++)
		merkle_add(&m, &leaves[i]);
	return merkle_root(&m);
}

size_t cover_of(struct digest *cover, uint64_t first, const struct digest *leaves, uint64_t n)
{
	size_t count = 0;
	while (n) {
		uint64_t size = UINT64_C(1) << height_at(first, n);
		cover[count++] = subtree(leaves, size);
		leaves += size;
		first += size;
		n -= size;
	}
	return count;
}

void cover_add(struct merkle *m, const struct digest *cover, uint64_t n)
{
	while (n) {
		int height = height_at(m->count, n);
		merkle_add_subtree(m, cover++, height);
		n -= UINT64_C(1) << height;
	}
}
