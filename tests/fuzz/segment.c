/* A segment as a remote may send it: what can be restored is no longer than was allowed; a span of these
 * records that a manifest would describe so is accepted, and with any other cover refused. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "remote/compression.h"
#include "remote/cover.h"
#include "remote/manifest.h"
#include "remote/stream.h"

enum { MOST = 1 << 20 };

/* Leaf digests of the records up to the first that is none; *n_bytes: theirs. */
static struct digest *leaves_of(const struct bytes *plain, struct span *s)
{
	struct stream stream = {(const uint8_t *)plain->first, plain->n};
	struct stream_record r;
	struct error e = {0};
	struct digest *leaves = die_malloc((plain->n / STREAM_OVERHEAD + 1) * sizeof *leaves);
	int status;
	while ((status = stream_next(&stream, &r, &e)) > 0) {
		if (!s->n_records) {
			s->key = die_malloc(r.key_bytes);
			s->key_bytes = r.key_bytes;
			memcpy(s->key, r.key, r.key_bytes);
		}
		leaves[s->n_records++] = digest_leaf(r.key, r.key_bytes, r.value, r.value_bytes);
	}
	if (status < 0 && !e.text[0])
		abort(); /* refused without a reason */
	s->n_bytes = plain->n - stream.n_left;
	return leaves;
}

static int check(const struct span *s, const struct bytes *plain)
{
	struct digest *leaves;
	struct error e = {0};
	int status = manifest_check(&leaves, s, (const uint8_t *)plain->first, &e);
	free(leaves);
	if (status < 0 && !e.text[0])
		abort();
	return status;
}

static void check_span(const struct bytes *plain)
{
	struct span s = {.first = 5};
	struct digest *leaves = leaves_of(plain, &s);
	if (s.n_records) {
		s.cover = die_malloc(cover_count(s.first, s.n_records) * sizeof *s.cover);
		cover_of(s.cover, s.first, leaves, s.n_records);
		int status = check(&s, plain); /* keys may not ascend */
		s.cover[0].bytes[0] ^= 1;
		if (check(&s, plain) == 0)
			abort();
		s.cover[0].bytes[0] ^= 1;
		if (status == 0 && check(&s, plain) < 0)
			abort();
	}
	free(s.cover);
	free(s.key);
	free(leaves);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct compression *c = compression_open(true);
	struct bytes plain = {0};
	struct error e = {0};
	int status = compression_restore(c, &plain, bytes, n_bytes, MOST, &e);
	if (plain.n > MOST || (status < 0 && !e.text[0]))
		abort();
	if (status == 0)
		check_span(&plain);
	compression_close(c);
	free(plain.first);
	return 0;
}
