#include "store/merkle.h"

#include <string.h>

#include "common/die.h"

static struct digest join(const struct digest *left, const struct digest *right)
{
	uint8_t bytes[1 + 2 * DIGEST_BYTES] = {1};
	memcpy(bytes + 1, left->bytes, DIGEST_BYTES);
	memcpy(bytes + 1 + DIGEST_BYTES, right->bytes, DIGEST_BYTES);
	return digest_of(bytes, sizeof bytes);
}

void merkle_init(struct merkle *m)
{
	m->count = 0;
}

static int height(uint64_t count)
{
	return __builtin_popcountll(count);
}

void merkle_add_subtree(struct merkle *m, const struct digest *subtree, int level)
{
	struct digest node = *subtree;
	int top = height(m->count);
	if (m->count & ((UINT64_C(1) << level) - 1))
		BUG("a subtree does not begin at a multiple of its size");
	for (uint64_t bits = m->count >> level; bits & 1; bits >>= 1)
		node = join(&m->stack[--top], &node);
	m->stack[top] = node;
	m->count += UINT64_C(1) << level;
}

void merkle_add(struct merkle *m, const struct digest *leaf)
{
	merkle_add_subtree(m, leaf, 0);
}

struct digest merkle_root(const struct merkle *m)
{
	int top = height(m->count);
	if (!top)
		return digest_of("", 0);
	struct digest node = m->stack[--top];
	while (top)
		node = join(&m->stack[--top], &node);
	return node;
}
