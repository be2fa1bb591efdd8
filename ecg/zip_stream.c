#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/inflate.h"
#include "ecg/zip_file.h"

#define PACKED_BYTES 65536
#define LOCAL	     30	      /* bytes of a local header */
#define SIZES_FOLLOW (1 << 3) /* flag: sizes and CRC stand behind the data, not before it */

struct zip_stream {
	const struct zip *zip;
	struct zip_member member;
	uint64_t at;		 /* of the next packed bytes in the file */
	uint64_t n_packed;	 /* not read yet */
	uint64_t n_bytes;	 /* not given yet */
	uint32_t crc;		 /* of those given */
	struct inflate *inflate; /* NULL: stored */
	const uint8_t *in;
	size_t n_in;
	uint8_t packed[PACKED_BYTES];
};

static int damaged(const struct zip_stream *s, const char *what, struct error *e)
{
	return error_set(e, s->zip->path, 0, "%s: damaged: %s", s->member.name, what);
}

static bool is_size(uint64_t local, uint64_t listed)
{
	return local == listed || local == UINT32_MAX;
}

/* The header before the data must say what the directory says. */
static int skip_local(struct zip_stream *s, struct error *e)
{
	const struct zip_member *m = &s->member;
	uint8_t b[LOCAL];
	if (zip_file_read(s->zip, b, sizeof b, m->at, e) < 0)
		return -1;

	unsigned flags = (unsigned)zip_file_number(b + 6, 2);
	bool is_same =
		zip_file_number(b, 4) == 0x04034b50 && zip_file_number(b + 8, 2) == m->method && !(flags & 1);
	if (is_same && !(flags & SIZES_FOLLOW))
		is_same = zip_file_number(b + 14, 4) == m->crc &&
			  is_size(zip_file_number(b + 18, 4), m->n_packed) &&
			  is_size(zip_file_number(b + 22, 4), m->n_bytes);
	s->at = m->at + LOCAL + zip_file_number(b + 26, 2) + zip_file_number(b + 28, 2);
	if (!is_same)
		return damaged(s, "the header before its data is not what the zip's directory says", e);
	if (s->at + m->n_packed > s->zip->directory_at)
		return damaged(s, "its data reaches into the zip's directory", e);
	return 0;
}

struct zip_stream *zip_stream_open(const struct zip *z, const struct zip_member *m, struct error *e)
{
	struct zip_stream *s = die_malloc(sizeof *s);
	memset(s, 0, offsetof(struct zip_stream, packed));
	s->zip = z;
	s->member = *m;
	s->n_packed = m->n_packed;
	s->n_bytes = m->n_bytes;
	if (skip_local(s, e) < 0) {
		zip_stream_close(s);
		return NULL;
	}
	s->inflate = m->method == ZIP_DEFLATED ? inflate_open() : NULL;
	return s;
}

void zip_stream_close(struct zip_stream *s)
{
	if (!s)
		return;
	inflate_close(s->inflate);
	free(s);
}

static int refill(struct zip_stream *s, struct error *e)
{
	size_t n = s->n_packed < PACKED_BYTES ? (size_t)s->n_packed : PACKED_BYTES;
	if (zip_file_read(s->zip, s->packed, n, s->at, e) < 0)
		return -1;
	s->in = s->packed;
	s->n_in = n;
	s->at += n;
	s->n_packed -= n;
	return 0;
}

/* Inflate at most n bytes: how many, 0 when the stream has ended, -1 with e filled. */
static long inflated(struct zip_stream *s, uint8_t *bytes, size_t n, struct error *e)
{
	uint8_t *at = bytes;
	int status = 0;
	while (status == 0 && at == bytes) {
		if (!s->n_in && s->n_packed && refill(s, e) < 0)
			return -1;
		size_t before = s->n_in;
		status = inflate_step(s->inflate, &s->in, &s->n_in, &at, &n);
		if (status < 0)
			return damaged(s, "it cannot be inflated", e);
		if (status == 0 && at == bytes && !before && !s->n_packed)
			return damaged(s, "its packed data ends too soon", e);
	}
	return at - bytes;
}

/* All listed bytes are given: then the packed data must end too. */
static int finish(struct zip_stream *s, struct error *e)
{
	uint8_t beyond;
	long more = s->inflate ? inflated(s, &beyond, 1, e) : 0;
	if (more < 0)
		return -1;
	if (more)
		return error_set(e, s->zip->path, 0,
				 "%s: holds more than the %llu bytes that the zip's directory lists",
				 s->member.name, (unsigned long long)s->member.n_bytes);
	return s->crc == s->member.crc ? 0 : damaged(s, "its CRC is wrong", e);
}

static long stored(struct zip_stream *s, uint8_t *bytes, size_t n, struct error *e)
{
	if (zip_file_read(s->zip, bytes, n, s->at, e) < 0)
		return -1;
	s->at += n;
	return (long)n;
}

long zip_stream_read(struct zip_stream *s, void *bytes, size_t n, struct error *e)
{
	n = n < s->n_bytes ? n : (size_t)s->n_bytes;
	if (!n)
		return s->n_bytes ? 0 : finish(s, e);
	long got = s->inflate ? inflated(s, bytes, n, e) : stored(s, bytes, n, e);
	if (got == 0)
		return damaged(s, "it holds fewer bytes than the zip's directory lists", e);
	if (got > 0) {
		s->crc = inflate_crc(s->crc, bytes, (size_t)got);
		s->n_bytes -= (uint64_t)got;
	}
	return got;
}
