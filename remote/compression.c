#include "remote/compression.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "common/die.h"

/* Signals are mostly noise, in which more work finds nothing more than the first level does (a fourteenth).
 * */
enum { HASTY = -1, THOROUGH = 1 };

struct compression {
	ZSTD_CCtx *shrinking;
	ZSTD_DCtx *restoring;
	int level;
};

struct compression *compression_open(bool is_hasty)
{
	struct compression *c = die_calloc(1, sizeof *c);
	c->shrinking = ZSTD_createCCtx();
	c->restoring = ZSTD_createDCtx();
	c->level = is_hasty ? HASTY : THOROUGH;
	if (!c->shrinking || !c->restoring)
		die("out of memory");
	return c;
}

void compression_close(struct compression *c)
{
	if (!c)
		return;
	ZSTD_freeCCtx(c->shrinking);
	ZSTD_freeDCtx(c->restoring);
	free(c);
}

static void make_room(struct bytes *b, size_t n)
{
	if (b->room - b->n >= n && b->first)
		return;
	b->room = b->n + n;
	b->first = die_realloc(b->first, b->room + 1);
}

/* The frame behind what is in body; 0 if it is not a sixteenth shorter. */
static size_t shrink(struct compression *c, struct bytes *body, const void *bytes, size_t n)
{
	size_t most = n - n / 16;
	make_room(body, most);
	size_t got = ZSTD_compressCCtx(c->shrinking, body->first + body->n, most, bytes, n, c->level);
	return ZSTD_isError(got) ? 0 : got;
}

double compression_sample(struct compression *c, struct bytes *body, const void *bytes, size_t n)
{
	const char *middle = (const char *)bytes + (n - COMPRESSION_SAMPLE) / 2;
	size_t got = shrink(c, body, middle, COMPRESSION_SAMPLE);
	return got ? 1 - (double)got / (double)COMPRESSION_SAMPLE : 0;
}

static bool is_worth_it(struct compression *c, struct bytes *body, const void *bytes, size_t n)
{
	return n < 4 * COMPRESSION_SAMPLE || compression_sample(c, body, bytes, n) > 0;
}

bool compression_is_frame(const void *body, size_t n)
{
	static const unsigned char magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
	return n >= sizeof magic && !memcmp(body, magic, sizeof magic);
}

/* However much longer it gets. */
static void wrap(struct compression *c, struct bytes *body, const void *bytes, size_t n)
{
	size_t most = ZSTD_compressBound(n);
	make_room(body, most);
	size_t got = ZSTD_compressCCtx(c->shrinking, body->first + body->n, most, bytes, n, c->level);
	if (ZSTD_isError(got))
		die("libzstd: %s", ZSTD_getErrorName(got));
	body->n += got;
}

void compression_shrink(struct compression *c, struct bytes *body, const void *bytes, size_t n)
{
	size_t got = n > 64 && is_worth_it(c, body, bytes, n) ? shrink(c, body, bytes, n) : 0;
	if (got)
		body->n += got;
	else if (compression_is_frame(bytes, n))
		wrap(c, body, bytes, n);
	else
		bytes_add(body, bytes, n);
}

size_t compression_most(size_t n_plain)
{
	return ZSTD_compressBound(n_plain);
}

static int refuse(const char *what, struct error *e)
{
	return error_set(e, NULL, 0, "content from the remote %s", what);
}

int compression_restore(struct compression *c, struct bytes *plain, const void *body, size_t n, size_t max,
			struct error *e)
{
	if (!compression_is_frame(body, n)) {
		if (n > max)
			return refuse("is longer than it should be", e);
		bytes_add(plain, body, n);
		return 0;
	}

	unsigned long long length = ZSTD_getFrameContentSize(body, n);
	if (length == ZSTD_CONTENTSIZE_UNKNOWN || length == ZSTD_CONTENTSIZE_ERROR || length > max)
		return refuse("is compressed and would be longer than it should be, or does not say", e);
	make_room(plain, (size_t)length);
	size_t got = ZSTD_decompressDCtx(c->restoring, plain->first + plain->n, (size_t)length, body, n);
	if (ZSTD_isError(got) || got != length)
		return refuse("is compressed and damaged", e);
	plain->n += got;
	return 0;
}
