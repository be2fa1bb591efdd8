#include "stages/preprocess/windows.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/die.h"
#include "common/json.h"
#include "ecg/identifier.h"

json_t *windows_id(const char *id, int number)
{
	return number ? json_sprintf("%s#%d", id, number + 1) : json_string(id);
}

static json_t *read_json(const struct artifact *records, const char *table, uint64_t record)
{
	struct error e = {0};
	struct artifact_value v = artifact_get_record(records, table, record);
	json_t *value = v.bytes ? json_read(v.bytes, v.n_bytes, table, &e) : NULL;
	if (!value)
		die("records %s: record %" PRIu64 ": %s", artifact_id(records), record,
		    v.bytes ? error_text(&e) : "no header or subject: run fetch again");
	return value;
}

/* The key of window `number` > 0. */
static uint64_t key_of(const json_t *subject, uint64_t record, int number)
{
	const char *given = json_string_value(json_object_get(subject, "id"));
	char *id = given ? die_strdup(given) : die_printf("%" PRIu64, record);
	json_t *name = windows_id(id, number);
	uint64_t key = identifier_key(json_string_value(name));
	json_decref(name);
	free(id);
	return key;
}

static void add(struct windows *w, size_t *max, const struct window *window)
{
	if (w->n == *max)
		w->list = die_realloc(w->list, (*max = *max ? 2 * *max : 1024) * sizeof *w->list);
	w->list[w->n++] = *window;
}

/* The record's windows but for the first. */
static void add_others(struct windows *w, size_t *max, const struct artifact *records,
		       const struct prepare *p, uint64_t record, int most)
{
	json_t *header = read_json(records, "header", record),
	       *subject = read_json(records, "subject", record);
	int n = prepare_windows(p, header);
	n = most && most < n ? most : n;
	w->list[w->n - 1].is_last = n <= 1;
	for (int k = 1; k < n; k++)
		add(w, max, &(struct window){key_of(subject, record, k), record, k, k == n - 1, false});
	json_decref(header);
	json_decref(subject);
}

static int by_key(const void *a, const void *b)
{
	const struct window *x = a, *y = b;
	return (x->key > y->key) - (x->key < y->key);
}

static void add_lost(struct windows *w, size_t *max, const struct artifact *records)
{
	if (!artifact_has_table(records, "excluded"))
		return;
	for (struct artifact_cursor *c = artifact_walk(records, "excluded"); artifact_skip(c); w->n_lost++) {
		uint64_t record = artifact_record(c->key);
		add(w, max, &(struct window){record, record, 0, true, true});
	}
}

struct windows windows_plan(const struct artifact *records, const struct prepare *p, int most)
{
	struct windows w = {0};
	size_t max = 0;
	for (struct artifact_cursor *c = artifact_walk(records, "signal"); artifact_skip(c);) {
		if (c->key_bytes != 8)
			die("records %s: table signal: a key of %zu bytes, expected 8", artifact_id(records),
			    c->key_bytes);
		uint64_t record = artifact_record(c->key);
		add(&w, &max, &(struct window){record, record, 0, true, false});
		if (most != 1)
			add_others(&w, &max, records, p, record, most);
	}

	add_lost(&w, &max, records);
	if (w.n)
		qsort(w.list, w.n, sizeof *w.list, by_key);
	for (size_t i = 1; i < w.n; i++)
		if (w.list[i].key == w.list[i - 1].key)
			die("records %s: window %d of record %" PRIu64 " and window %d of record %" PRIu64
			    " have one key: give the records other ids",
			    artifact_id(records), w.list[i].number + 1, w.list[i].record,
			    w.list[i - 1].number + 1, w.list[i - 1].record);
	return w;
}

void windows_release(struct windows *w)
{
	free(w->list);
	*w = (struct windows){0};
}
