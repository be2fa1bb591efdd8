#include "remote/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "remote/cover.h"
#include "remote/stream.h"

#define TITLE	  "einthoven-manifest/1\n"
#define MOST	  ((size_t)64 << 20)
#define LINE_MOST (64 + 2 * ARTIFACT_MAX_KEY + 64 * COVER_MOST + 65) /* with one segment */

int manifest_cut(struct manifest *m, const struct artifact *a, struct error *e)
{
	const char *name;
	json_t *unused;
	*m = (struct manifest){0};
	json_object_foreach (json_object_get(artifact_header(a), "tables"), name, unused) {
		struct manifest_table *t = &m->table[m->n_tables++];
		if (span_cut(&t->span, &t->n, a, name, e) < 0)
			return -1;
	}
	return 0;
}

void manifest_release(struct manifest *m)
{
	for (int i = 0; i < m->n_tables; i++)
		span_free(m->table[i].span, m->table[i].n);
	*m = (struct manifest){0};
}

struct digest manifest_key(const char *id)
{
	char *text = die_printf(TITLE "%s", id);
	struct digest d = digest_of(text, strlen(text));
	free(text);
	return d;
}

/* ---- writing ---- */

static void write_hex(struct bytes *b, const uint8_t *x, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		char two[2] = {digits[x[i] >> 4], digits[x[i] & 15]};
		bytes_add(b, two, 2);
	}
}

static void write_span(struct bytes *b, const struct span *s)
{
	char numbers[64];
	snprintf(numbers, sizeof numbers, "span %llu %llu ", (unsigned long long)s->n_records,
		 (unsigned long long)s->n_bytes);
	bytes_text(b, numbers);
	write_hex(b, s->key, s->key_bytes);
	bytes_text(b, " ");
	for (size_t i = 0; i < cover_count(s->first, s->n_records); i++)
		write_hex(b, s->cover[i].bytes, DIGEST_BYTES);
	for (size_t i = 0; i < span_segments(s); i++) {
		bytes_text(b, " ");
		write_hex(b, s->segment[i].bytes, DIGEST_BYTES);
	}
	bytes_text(b, "\n");
}

void manifest_write(struct bytes *b, const struct manifest *m, const struct header *h)
{
	bytes_text(b, TITLE "artifact ");
	bytes_text(b, h->id);
	bytes_text(b, "\n");
	for (int i = 0; i < m->n_tables; i++) {
		bytes_text(b, "table ");
		bytes_text(b, h->table[i].name);
		bytes_text(b, "\n");
		for (size_t j = 0; j < m->table[i].n; j++)
			write_span(b, &m->table[i].span[j]);
	}
}

/* ---- reading ---- */

/* Spans have at least a quarter of their table's average, but for the last and those before a large record;
 * what a record that is larger needs in segments counts by its bytes. */
size_t manifest_most(const struct header *h)
{
	size_t n = 256;
	for (int i = 0; i < h->n_tables; i++) {
		uint64_t bytes = h->table[i].n_bytes + STREAM_OVERHEAD * h->table[i].count;
		uint64_t spans = 2 + 8 * (bytes / span_average(h->table[i].n_bytes));
		if (spans > MOST / 256)
			return MOST;
		n += 80 + (size_t)spans * LINE_MOST + (size_t)(bytes / SPAN_SEGMENT) * 65;
	}
	return n < MOST ? n : MOST;
}

/* The text, read line by line; all functions give false at the first thing that is not as it must be. */
struct reader {
	const char *at, *end;
	long line;
};

static bool take(struct reader *r, const char *text)
{
	size_t n = strlen(text);
	if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n))
		return false;
	r->at += n;
	return true;
}

static bool is_next(const struct reader *r, const char *text)
{
	struct reader copy = *r;
	return take(&copy, text);
}

static bool take_number(struct reader *r, uint64_t *x)
{
	const char *from = r->at;
	*x = 0;
	for (; r->at < r->end && *r->at >= '0' && *r->at <= '9' && r->at - from < 16; r->at++)
		*x = *x * 10 + (uint64_t)(*r->at - '0');
	return r->at > from && (*from != '0' || r->at == from + 1);
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t hex_length(const struct reader *r)
{
	const char *p = r->at;
	while (p < r->end && nibble(*p) >= 0)
		p++;
	return (size_t)(p - r->at);
}

/* n bytes, written as hex. */
static bool take_hex(struct reader *r, uint8_t *x, size_t n)
{
	if ((size_t)(r->end - r->at) / 2 < n)
		return false;
	for (size_t i = 0; i < n; i++, r->at += 2) {
		int high = nibble(r->at[0]), low = nibble(r->at[1]);
		if (high < 0 || low < 0)
			return false;
		x[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool take_key(struct reader *r, struct span *s)
{
	size_t n = hex_length(r);
	if (n < 2 || n % 2 || n / 2 > ARTIFACT_MAX_KEY)
		return false;
	s->key_bytes = n / 2;
	s->key = die_malloc(s->key_bytes);
	return take_hex(r, s->key, s->key_bytes);
}

/* Room is made only for what the line holds. */
static bool take_digests(struct reader *r, struct digest **digests, size_t n, const char *before)
{
	if ((size_t)(r->end - r->at) / (2 * DIGEST_BYTES) < n)
		return false;
	*digests = die_malloc(n * sizeof **digests);
	for (size_t i = 0; i < n; i++)
		if (!take(r, before) || !take_hex(r, (*digests)[i].bytes, DIGEST_BYTES))
			return false;
	return true;
}

/* What is left of the table: records, and bytes of its stream. */
struct rest {
	uint64_t n_records, n_bytes;
};

static bool take_span(struct reader *r, struct span *s, struct rest *rest)
{
	if (!take(r, "span ") || !take_number(r, &s->n_records) || !take(r, " ") ||
	    !take_number(r, &s->n_bytes) || !take(r, " "))
		return false;
	if (s->n_records < 1 || s->n_records > rest->n_records || s->n_bytes > rest->n_bytes ||
	    s->n_bytes / (STREAM_OVERHEAD + 1) < s->n_records || (s->n_records > 1 && s->n_bytes > SPAN_MOST))
		return false;
	rest->n_records -= s->n_records;
	rest->n_bytes -= s->n_bytes;
	return take_key(r, s) && take(r, " ") &&
	       take_digests(r, &s->cover, cover_count(s->first, s->n_records), "") &&
	       take_digests(r, &s->segment, span_segments(s), " ") && take(r, "\n");
}

static struct span *append(struct manifest_table *t, size_t *room)
{
	if (t->n == *room) {
		*room = 2 * *room + 16;
		t->span = die_realloc(t->span, *room * sizeof *t->span);
	}
	t->span[t->n] = (struct span){0};
	return &t->span[t->n++];
}

static bool ascends(const struct manifest_table *t)
{
	const struct span *s = &t->span[t->n - 1];
	return t->n < 2 || artifact_ascends(s[-1].key, s[-1].key_bytes, s->key, s->key_bytes);
}

/* 0, or -1 with *problem set. */
static int read_table(struct reader *r, struct manifest_table *t, const struct header_table *h,
		      const char **problem)
{
	struct rest rest = {h->count, h->n_bytes + STREAM_OVERHEAD * h->count};
	struct merkle m;
	size_t room = 0;
	merkle_init(&m);
	*problem = "is not as a manifest must be";
	if (!take(r, "table ") || !take(r, h->name) || !take(r, "\n"))
		return -1;
	for (r->line++; is_next(r, "span "); r->line++) {
		struct span *s = append(t, &room);
		s->first = m.count;
		if (!take_span(r, s, &rest) || !ascends(t))
			return -1;
		cover_add(&m, s->cover, s->n_records);
	}

	struct digest root = merkle_root(&m);
	*problem = "ends a table whose spans are not what the artifact's header says";
	return rest.n_records || rest.n_bytes || memcmp(&root, &h->root, sizeof root) ? -1 : 0;
}

int manifest_read(struct manifest *m, const struct header *h, const char *text, size_t n_bytes,
		  struct error *e)
{
	struct reader r = {text, text + n_bytes, 1};
	const char *problem = "is not as a manifest must be";
	*m = (struct manifest){0};
	bool is_good = take(&r, TITLE) && take(&r, "artifact ") && take(&r, h->id) && take(&r, "\n");
	r.line = 3;
	while (is_good && m->n_tables < h->n_tables) {
		int i = m->n_tables++;
		is_good = read_table(&r, &m->table[i], &h->table[i], &problem) == 0;
	}
	if (is_good && r.at == r.end)
		return 0;
	return error_set(e, NULL, 0, "the manifest of artifact %.12s from the remote: line %ld %s", h->id,
			 r.line, is_good ? "is one too many" : problem);
}

/* ---- checking a span ---- */

static int wrong(const char *what, struct error *e)
{
	return error_set(e, NULL, 0, "records from the remote %s; nothing of them is kept", what);
}

/* Texts of records as they lie in a stream, hashed some at a time, so that little memory is enough. */
enum { BATCH = 256 };
struct batch {
	struct digest_text text[BATCH];
	size_t n;
	struct digest *leaves; /* where the next go */
};

static void hash(struct batch *b)
{
	digest_of_many(b->leaves, b->text, b->n);
	b->leaves += b->n;
	b->n = 0;
}

static void add(struct batch *b, const uint8_t *from, const uint8_t *to)
{
	b->text[b->n++] = stream_leaf(from, (size_t)(to - from));
	if (b->n == BATCH)
		hash(b);
}

static int read_leaves(struct digest *leaves, const struct span *s, const uint8_t *bytes, struct error *e)
{
	struct stream stream = {bytes, (size_t)s->n_bytes};
	struct stream_record r, last = {0};
	const uint8_t *from = bytes; /* of the record */
	struct error why = {0};
	struct batch batch = {.leaves = leaves};
	uint64_t n = 0;
	int status;
	for (; (status = stream_next(&stream, &r, &why)) > 0; last = r, from = stream.at, n++) {
		if (n == s->n_records)
			return wrong("are more than the manifest says", e);
		if (n > 0 && !artifact_ascends(last.key, last.key_bytes, r.key, r.key_bytes))
			return wrong("are not in the order of their keys", e);
		if (n == 0 && (r.key_bytes != s->key_bytes || memcmp(r.key, s->key, r.key_bytes)))
			return wrong("do not begin with the key in the manifest", e);
		add(&batch, from, stream.at);
	}
	if (status < 0)
		return error_set(e, NULL, 0,
				 "records from the remote are damaged: %s; nothing of them is kept",
				 error_text(&why));
	hash(&batch);
	return n == s->n_records ? 0 : wrong("are fewer than the manifest says", e);
}

int manifest_check(struct digest **leaves, const struct span *s, const uint8_t *bytes, struct error *e)
{
	struct digest cover[COVER_MOST];
	*leaves = die_malloc(s->n_records * sizeof **leaves);
	int status = read_leaves(*leaves, s, bytes, e);
	if (status == 0) {
		size_t n = cover_of(cover, s->first, *leaves, s->n_records);
		if (memcmp(cover, s->cover, n * sizeof *cover))
			status = wrong("are not those of the artifact (their digests do not lead to its id)",
				       e);
	}
	if (status < 0) {
		free(*leaves);
		*leaves = NULL;
	}
	return status;
}
