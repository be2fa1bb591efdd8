#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/die.h"
#include "common/json.h"
#include "remote/manifest.h"
#include "remote/stream.h"
#include "tests/unit/own_store.h"

/* n records of some kB each, one of them (NONE: none) changed. */
enum { NONE = -1, VALUE_MOST = 24000 };
static size_t value_bytes = 12000;
static void make(char id[DIGEST_HEX], int n, int changed)
{
	static uint8_t value[VALUE_MOST];
	struct artifact_writer *w = artifact_create("signals", 1);
	int signal = artifact_table(w, "signal"), label = artifact_table(w, "label");
	artifact_table(w, "empty");
	artifact_attribute(w, "rate_hz", json_integer(100));
	for (int i = 0; i < n; i++) {
		uint32_t x = (uint32_t)i + (i == changed ? 1000000 : 0);
		for (size_t k = 0; k < value_bytes; k++)
			value[k] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
		artifact_put(w, signal, artifact_key((uint64_t)i).bytes, 8, value,
			     value_bytes - (size_t)i % 100);
	}
	for (int i = 0; i < n; i++)
		artifact_put(w, label, artifact_key((uint64_t)i).bytes, 8, &i, sizeof i);
	artifact_publish(w, id);
}

struct sample {
	struct artifact *a;
	struct header header;
	struct manifest manifest;
	struct bytes text;
};

/* The bytes of a span, as a sender makes them; its segments are filled. */
static uint8_t *span_bytes(const struct sample *s, int table, size_t i)
{
	const struct span *span = &s->manifest.table[table].span[i];
	struct bytes b = {0};
	struct artifact_cursor *c = artifact_walk_from(s->a, s->header.table[table].name, span->key,
						       span->key_bytes, span->n_records);
	while (artifact_next(c))
		stream_add(&b, c->key, c->key_bytes, c->value, c->value_bytes);
	assert_int_equal(b.n, span->n_bytes);
	return (uint8_t *)b.first;
}

static void open_sample(struct sample *s, int n, int changed)
{
	char id[DIGEST_HEX];
	size_t n_header;
	struct error e = {0};
	make(id, n, changed);
	*s = (struct sample){.a = artifact_open(id, NULL)};
	char *header = json_canonical(artifact_header(s->a), &n_header);
	assert_int_equal(header_read(&s->header, id, header, n_header, &e), 0);
	assert_int_equal(manifest_cut(&s->manifest, s->a, &e), 0);
	free(header);
	for (int t = 0; t < s->manifest.n_tables; t++)
		for (size_t i = 0; i < s->manifest.table[t].n; i++) {
			struct span *span = &s->manifest.table[t].span[i];
			uint8_t *bytes = span_bytes(s, t, i);
			span->segment = die_malloc(sizeof *span->segment);
			*span->segment = digest_of(bytes, span->n_bytes);
			free(bytes);
		}
	manifest_write(&s->text, &s->manifest, &s->header);
}

static void close_sample(struct sample *s)
{
	manifest_release(&s->manifest);
	header_release(&s->header);
	artifact_close(s->a);
	free(s->text.first);
}

static int read_text(const struct sample *s, const char *text, size_t n, struct error *e)
{
	struct manifest m;
	int status = manifest_read(&m, &s->header, text, n, e);
	manifest_release(&m);
	return status;
}

static void what_is_written_is_read_back(void **state)
{
	(void)state;
	struct sample s;
	struct manifest m;
	struct error e = {0};
	struct bytes again = {0};
	open_sample(&s, 500, NONE);
	assert_true(s.text.n <= manifest_most(&s.header));
	assert_int_equal(manifest_read(&m, &s.header, s.text.first, s.text.n, &e), 0);
	manifest_write(&again, &m, &s.header);
	assert_int_equal(again.n, s.text.n);
	assert_memory_equal(again.first, s.text.first, again.n);
	manifest_release(&m);
	free(again.first);
	close_sample(&s);
}

static void every_changed_byte_of_what_is_checked_is_refused(void **state)
{
	(void)state;
	struct sample s;
	open_sample(&s, 60, NONE);
	size_t n_refused = 0;
	for (size_t i = 0; i < s.text.n; i++) {
		struct error e = {0};
		s.text.first[i] ^= 1;
		int status = read_text(&s, s.text.first, s.text.n, &e);
		s.text.first[i] ^= 1;
		n_refused += status < 0;
		assert_true(status == 0 || e.text[0]);
	}
	/* What may change: the segments' digests, and keys as long as they ascend; these show when the
	 * records are here. */
	size_t n_spans = 0, n_free = 0;
	for (int t = 0; t < s.manifest.n_tables; t++)
		for (size_t i = 0; i < s.manifest.table[t].n; i++, n_spans++)
			n_free += 64 + 2 * s.manifest.table[t].span[i].key_bytes;
	assert_true(n_spans > 5);
	assert_true(n_refused >= s.text.n - n_free);
	close_sample(&s);
}

static void every_beginning_is_refused(void **state)
{
	(void)state;
	struct sample s;
	open_sample(&s, 60, NONE);
	for (size_t n = 0; n < s.text.n; n++) {
		char *copy = die_malloc(n + 1);
		memcpy(copy, s.text.first, n);
		assert_int_equal(read_text(&s, copy, n, &(struct error){0}), -1);
		free(copy);
	}
	bytes_text(&s.text, "\n");
	assert_int_equal(read_text(&s, s.text.first, s.text.n, &(struct error){0}), -1);
	close_sample(&s);
}

static void a_span_is_checked_without_the_others(void **state)
{
	(void)state;
	struct sample s;
	open_sample(&s, 200, NONE);
	for (int t = 0; t < s.manifest.n_tables; t++)
		for (size_t i = 0; i < s.manifest.table[t].n; i++) {
			struct digest *leaves;
			const struct span *span = &s.manifest.table[t].span[i];
			uint8_t *bytes = span_bytes(&s, t, i);
			assert_int_equal(manifest_check(&leaves, span, bytes, &(struct error){0}), 0);
			free(leaves);
			for (size_t at = 0; at < span->n_bytes; at += 1 + span->n_bytes / 97) {
				struct error e = {0};
				bytes[at] ^= 0x10;
				assert_int_equal(manifest_check(&leaves, span, bytes, &e), -1);
				assert_true(e.text[0]);
				bytes[at] ^= 0x10;
			}
			free(bytes);
		}
	close_sample(&s);
}

static bool has_segment(const struct sample *s, const struct digest *d)
{
	for (int t = 0; t < s->manifest.n_tables; t++)
		for (size_t i = 0; i < s->manifest.table[t].n; i++)
			if (!memcmp(s->manifest.table[t].span[i].segment, d, sizeof *d))
				return true;
	return false;
}

static void one_changed_record_changes_few_segments(void **state)
{
	(void)state;
	struct sample before, after;
	uint64_t n_new = 0, n_all = 0;
	value_bytes = VALUE_MOST; /* 12 leads of 1,000 samples */
	open_sample(&before, 500, NONE);
	for (int changed = 0; changed < 500; changed += 83) {
		uint64_t n;
		open_sample(&after, 500, changed);
		n = after.text.n; /* the manifest is new in any case */
		n_all = header_bytes(&after.header);
		for (int t = 0; t < after.manifest.n_tables; t++)
			for (size_t i = 0; i < after.manifest.table[t].n; i++)
				if (!has_segment(&before, after.manifest.table[t].span[i].segment))
					n += after.manifest.table[t].span[i].n_bytes;
		n_new = n > n_new ? n : n_new;
		close_sample(&after);
	}
	assert_true(n_new > 0);
	assert_true(n_new * 100 < 3 * n_all); /* 12 MB in pieces of 16 to 256 KiB */
	value_bytes = VALUE_MOST / 2;
	close_sample(&before);
}

static void spans_have_the_size_that_is_promised(void **state)
{
	(void)state;
	struct sample s;
	open_sample(&s, 2000, NONE);
	const struct manifest_table *t = &s.manifest.table[2]; /* empty, label, signal */
	uint64_t average = span_average(s.header.table[2].n_bytes), sum = 0;
	assert_int_equal(average, 128 << 10);
	for (size_t i = 0; i < t->n; i++) {
		sum += t->span[i].n_bytes;
		assert_true(t->span[i].n_bytes <= 4 * average);
		assert_true(i + 1 == t->n || t->span[i].n_bytes >= average / 4);
	}
	assert_true(sum / t->n > average / 2 && sum / t->n < 2 * average);
	assert_int_equal(s.manifest.table[0].n, 0);
	assert_true(s.manifest.table[1].n >= 1 && s.manifest.table[1].n <= 3); /* 48 kB, from 16 KiB on */
	close_sample(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_written_is_read_back),
					   cmocka_unit_test(every_changed_byte_of_what_is_checked_is_refused),
					   cmocka_unit_test(every_beginning_is_refused),
					   cmocka_unit_test(a_span_is_checked_without_the_others),
					   cmocka_unit_test(one_changed_record_changes_few_segments),
					   cmocka_unit_test(spans_have_the_size_that_is_promised)};
	return cmocka_run_group_tests(tests, make_store, remove_store);
}
