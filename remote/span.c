#include "remote/span.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "remote/cover.h"
#include "remote/stream.h"

#define LEAST_AVERAGE ((uint64_t)64 << 10)
#define MOST_AVERAGE  ((uint64_t)4 << 20)
#define SPANS_WANTED  256

uint64_t span_average(uint64_t table_bytes)
{
	uint64_t average = LEAST_AVERAGE;
	while (average < MOST_AVERAGE && average * SPANS_WANTED < table_bytes)
		average *= 2;
	return average;
}

struct cutter {
	uint64_t average;
	struct span *spans;
	size_t n, room;
	struct digest *leaves; /* of the span that is open */
	size_t leaves_room;
};

static struct span *begin(struct cutter *c, const struct artifact_cursor *at, uint64_t number)
{
	if (c->n == c->room) {
		c->room = 2 * c->room + 16;
		c->spans = die_realloc(c->spans, c->room * sizeof *c->spans);
	}
	struct span *s = &c->spans[c->n++];
	*s = (struct span){.first = number, .key = die_malloc(at->key_bytes), .key_bytes = at->key_bytes};
	memcpy(s->key, at->key, at->key_bytes);
	return s;
}

static void extend(struct cutter *c, struct span *s, const struct digest *leaf, uint64_t n_bytes)
{
	if (s->n_records == c->leaves_room) {
		c->leaves_room = 2 * c->leaves_room + 64;
		c->leaves = die_realloc(c->leaves, c->leaves_room * sizeof *c->leaves);
	}
	c->leaves[s->n_records++] = *leaf;
	s->n_bytes += n_bytes;
}

static void end(struct cutter *c, struct span *s)
{
	s->cover = die_malloc(cover_count(s->first, s->n_records) * sizeof *s->cover);
	cover_of(s->cover, s->first, c->leaves, s->n_records);
}

static bool is_cut_behind(const struct digest *leaf, uint64_t n_bytes, uint64_t average)
{
	uint64_t x = 0;
	for (int i = 0; i < 8; i++)
		x = x << 8 | leaf->bytes[i];
	return n_bytes >= average || x >> 1 < (UINT64_C(1) << 63) / average * n_bytes;
}

static int cut(struct cutter *c, struct artifact_cursor *at, struct error *e)
{
	struct span *open = NULL;
	int status;
	for (uint64_t number = 0; (status = artifact_try_skip(at, e)) > 0; number++) {
		uint64_t n_bytes = STREAM_OVERHEAD + at->key_bytes + at->value_bytes;
		if (open && open->n_bytes + n_bytes > 4 * c->average) {
			end(c, open);
			open = NULL;
		}
		if (!open)
			open = begin(c, at, number);
		extend(c, open, &at->leaf, n_bytes);
		if (open->n_bytes >= c->average / 4 && is_cut_behind(&at->leaf, n_bytes, c->average)) {
			end(c, open);
			open = NULL;
		}
	}
	if (status == 0 && open)
		end(c, open);
	return status;
}

int span_cut(struct span **spans, size_t *n, const struct artifact *a, const char *table, struct error *e)
{
	const json_t *t = json_object_get(json_object_get(artifact_header(a), "tables"), table);
	uint64_t n_bytes = (uint64_t)json_integer_value(json_object_get(t, "bytes"));
	struct cutter c = {.average = span_average(n_bytes)};
	int status = cut(&c, artifact_walk(a, table), e);
	free(c.leaves);
	if (status < 0) {
		span_free(c.spans, c.n);
		return -1;
	}
	*spans = c.spans;
	*n = c.n;
	return 0;
}

size_t span_segments(const struct span *s)
{
	return s->n_bytes <= SPAN_MOST ? 1 : (size_t)((s->n_bytes + SPAN_SEGMENT - 1) / SPAN_SEGMENT);
}

size_t span_segment_bytes(const struct span *s, size_t i)
{
	if (s->n_bytes <= SPAN_MOST)
		return (size_t)s->n_bytes;
	uint64_t rest = s->n_bytes - i * SPAN_SEGMENT;
	return (size_t)(rest < SPAN_SEGMENT ? rest : SPAN_SEGMENT);
}

void span_free(struct span *spans, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(spans[i].key);
		free(spans[i].cover);
		free(spans[i].segment);
	}
	free(spans);
}
