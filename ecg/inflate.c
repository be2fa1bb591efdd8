#include "ecg/inflate.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>

#include "common/die.h"
#include "common/library.h"

/* What is used of zlib: each name becomes a pointer of the function's own type. */
#define FUNCTIONS(F)                                                                                         \
	F(inflateInit2_)                                                                                     \
	F(inflate)                                                                                           \
	F(inflateEnd)                                                                                        \
	F(crc32)

static struct {
	FUNCTIONS(LIBRARY_MEMBER)
} lib;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	void *library = library_open("libz.so.1", "zlib");
#define FIND(name) library_find(library, "zlib", #name, &lib.name);
	FUNCTIONS(FIND)
}

struct inflate {
	z_stream stream;
};

struct inflate *inflate_open(void)
{
	struct inflate *z = die_calloc(1, sizeof *z);
	pthread_once(&once, load);
	if (lib.inflateInit2_(&z->stream, -MAX_WBITS, ZLIB_VERSION, (int)sizeof z->stream) != Z_OK)
		die("zlib: out of memory, or a version other than this program was built for");
	return z;
}

void inflate_close(struct inflate *z)
{
	if (!z)
		return;
	lib.inflateEnd(&z->stream);
	free(z);
}

static uInt bounded(size_t n)
{
	return n < INT_MAX ? (uInt)n : INT_MAX;
}

int inflate_step(struct inflate *z, const uint8_t **in, size_t *n_in, uint8_t **out, size_t *n_out)
{
	z_stream *s = &z->stream;
	uInt given = bounded(*n_in), room = bounded(*n_out);
	s->next_in = (z_const Bytef *)(uintptr_t)*in;
	s->avail_in = given;
	s->next_out = *out;
	s->avail_out = room;

	int status = lib.inflate(s, Z_NO_FLUSH);
	*in += given - s->avail_in;
	*n_in -= given - s->avail_in;
	*out += room - s->avail_out;
	*n_out -= room - s->avail_out;
	if (status == Z_MEM_ERROR)
		die("zlib: out of memory");
	return status == Z_STREAM_END ? 1 : status == Z_OK || status == Z_BUF_ERROR ? 0 : -1;
}

uint32_t inflate_crc(uint32_t crc, const void *bytes, size_t n_bytes)
{
	const uint8_t *at = bytes;
	pthread_once(&once, load);
	for (uInt n; n_bytes; at += n, n_bytes -= n)
		crc = (uint32_t)lib.crc32(crc, at, n = bounded(n_bytes));
	return crc;
}
