#include "store/digest_pairs.h"

#include <string.h>

#include "common/die.h"
#include "store/sha256_x86.h"

#define BLOCK 64

struct run {
	const uint8_t *at;
	size_t n_blocks;
};

/* A text that is being hashed: its head with what of the body fills that up to whole blocks, the body as it
 * lies there, and its end with the padding. */
struct lane {
	uint32_t state[8];
	struct digest *digest; /* where it goes; NULL: no text */
	struct run run[3];
	int at; /* run[at] has blocks, if there is a text */
	uint8_t first[DIGEST_HEAD_MOST + BLOCK], last[2 * BLOCK];
};

/* FIPS 180-4, section 5.1.1; end: what is left of a text of n_all bytes behind its whole blocks. */
static size_t pad(uint8_t last[2 * BLOCK], const uint8_t *end, size_t n_end, uint64_t n_all)
{
	size_t n = n_end + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
	memset(last, 0, n);
	if (n_end)
		memcpy(last, end, n_end);
	last[n_end] = 0x80;
	for (int i = 0; i < 8; i++)
		last[n - 1 - (size_t)i] = (uint8_t)(8 * n_all >> 8 * i);
	return n / BLOCK;
}

static void skip_empty_runs(struct lane *l)
{
	while (l->at < 3 && !l->run[l->at].n_blocks)
		l->at++;
}

static void begin(struct lane *l, const struct digest_text *t, struct digest *digest)
{
	static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	const uint8_t *body = t->body;
	size_t n_fill = (BLOCK - t->n_head % BLOCK) % BLOCK;
	if (t->n_head > DIGEST_HEAD_MOST)
		BUG("the head of a text is too long");
	if (n_fill > t->n_body)
		n_fill = t->n_body;
	if (t->n_head)
		memcpy(l->first, t->head, t->n_head);
	if (n_fill)
		memcpy(l->first + t->n_head, body, n_fill);

	/* What is first ends with a block, or it is all there is. */
	size_t n_first = t->n_head + n_fill, n_rest = t->n_body - n_fill;
	size_t n_end = n_first % BLOCK + n_rest % BLOCK;
	const uint8_t *end = n_first % BLOCK ? l->first + n_first - n_end
			     : n_end	     ? body + t->n_body - n_end
					     : NULL;
	l->run[0] = (struct run){l->first, n_first / BLOCK};
	l->run[1] = (struct run){n_rest ? body + n_fill : NULL, n_rest / BLOCK};
	l->run[2] = (struct run){l->last, pad(l->last, end, n_end, (uint64_t)t->n_head + t->n_body)};
	l->at = 0;
	l->digest = digest;
	memcpy(l->state, initial, sizeof initial);
	skip_empty_runs(l);
}

static void finish(struct lane *l)
{
	for (int i = 0; i < DIGEST_BYTES; i++)
		l->digest->bytes[i] = (uint8_t)(l->state[i / 4] >> (24 - 8 * (i % 4)));
	l->digest = NULL;
}

static void advance(struct lane *l, size_t n_blocks)
{
	struct run *r = &l->run[l->at];
	r->at += n_blocks * BLOCK;
	r->n_blocks -= n_blocks;
	skip_empty_runs(l);
	if (l->at == 3)
		finish(l);
}

static void step_both(struct lane *a, struct lane *b)
{
	const struct run *x = &a->run[a->at], *y = &b->run[b->at];
	size_t n = x->n_blocks < y->n_blocks ? x->n_blocks : y->n_blocks;
	sha256_x86_two(a->state, x->at, b->state, y->at, n);
	advance(a, n);
	advance(b, n);
}

static void step(struct lane *l)
{
	size_t n = l->run[l->at].n_blocks;
	sha256_x86_one(l->state, l->run[l->at].at, n);
	advance(l, n);
}

void digest_pairs(struct digest *digests, const struct digest_text *texts, size_t n)
{
	struct lane a, b;
	size_t i = 0;
	a.digest = b.digest = NULL;
	while (i < n || a.digest || b.digest) {
		if (!a.digest && i < n)
			begin(&a, &texts[i], &digests[i]), i++;
		if (!b.digest && i < n)
			begin(&b, &texts[i], &digests[i]), i++;
		if (a.digest && b.digest)
			step_both(&a, &b);
		else
			step(a.digest ? &a : &b);
	}
}
