#include "store/holders.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "store/artifact.h"
#include "store/objects.h"
#include "store/origin.h"

enum { SHOWN = 5 }; /* records of an artifact */

static void add(struct holders *h, const char *id, json_t *records)
{
	h->list = die_realloc(h->list, (h->n + 1) * sizeof *h->list);
	struct holder *x = &h->list[h->n++];
	memcpy(x->id, id, DIGEST_HEX);
	x->records = records;
	json_object_set_new(h->ids, id, json_true());
}

bool holders_has(const struct holders *h, const char *id)
{
	return json_object_get(h->ids, id);
}

/* ---- what was made of them ---- */

struct reach {
	const json_t *ids;
	bool is_hit;
};

static void look(const char *name, const char *id, void *context)
{
	struct reach *r = context;
	(void)name;
	r->is_hit |= json_object_get(r->ids, id) != NULL;
}

/* Entries one of whose inputs is among them, until there are no more. */
static void add_made(struct holders *h, const struct lineage *l)
{
	size_t n, before;
	const struct lineage_entry *entry = lineage_all(l, &n);
	do {
		before = h->n;
		for (size_t i = 0; i < n; i++) {
			struct reach r = {.ids = h->ids};
			if (holders_has(h, entry[i].id))
				continue;
			lineage_inputs(&entry[i], look, &r);
			if (r.is_hit)
				add(h, entry[i].id, NULL);
		}
	} while (h->n > before);
}

/* ---- rows ---- */

static void take(uint64_t record, const json_t *origin, void *context)
{
	const json_t *id = json_object_get(origin, "id");
	json_array_append_new(context, json_is_string(id) ? json_deep_copy(id)
							  : json_sprintf("%llu", (unsigned long long)record));
}

static void look_into(struct holders *h, const char *id, const char *patient)
{
	struct error e = {0};
	json_t *records = json_array();
	struct artifact *a = artifact_try(id, &e);
	if (!a || origin_search(a, "patient", patient, take, records, &e) < 0) {
		warn("%s; whether it holds the patient cannot be told", error_text(&e));
		h->n_damaged++;
	}
	if (json_array_size(records))
		add(h, id, records);
	else
		json_decref(records);
	if (a)
		artifact_close(a);
}

/* ---- their order ---- */

struct depth {
	const struct lineage *l;
	int most;
};

static int depth_of(const struct lineage *l, const char *id);

static void deepen(const char *name, const char *id, void *context)
{
	struct depth *d = context;
	int of_input = depth_of(d->l, id);
	(void)name;
	d->most = of_input > d->most ? of_input : d->most;
}

/* Stages between an artifact and the raw data. */
static int depth_of(const struct lineage *l, const char *id)
{
	struct depth d = {l, 0};
	const struct lineage_entry *entry = lineage_find(l, id);
	if (entry)
		lineage_inputs(entry, deepen, &d);
	return 1 + d.most;
}

static int compare(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;
	return x->depth != y->depth ? x->depth - y->depth : strcmp(x->id, y->id);
}

static void sort(struct holders *h, const struct lineage *l)
{
	for (size_t i = 0; i < h->n; i++)
		h->list[i].depth = depth_of(l, h->list[i].id);
	if (h->n)
		qsort(h->list, h->n, sizeof *h->list, compare);
}

static struct holders *new_holders(void)
{
	struct holders *h = die_calloc(1, sizeof *h);
	h->ids = json_object();
	return h;
}

struct holders *holders_find(const char *patient, const char *within, const struct lineage *l)
{
	struct holders *h = new_holders(), *limit = within ? new_holders() : NULL;
	char(*ids)[DIGEST_HEX];
	size_t n = objects_list(&ids);

	if (limit) {
		add(limit, within, NULL);
		add_made(limit, l);
	}
	for (size_t i = 0; i < n; i++)
		if (!limit || holders_has(limit, ids[i]))
			look_into(h, ids[i], patient);
	h->n_rows = h->n;
	add_made(h, l);
	sort(h, l);

	free(ids);
	holders_free(limit);
	return h;
}

void holders_free(struct holders *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++)
		json_decref(h->list[i].records);
	free(h->list);
	json_decref(h->ids);
	free(h);
}

/* ---- printing ---- */

static void print_records(FILE *out, const json_t *records)
{
	size_t n = json_array_size(records);
	fprintf(out, "%zu record%s:", n, n == 1 ? "" : "s");
	for (size_t i = 0; i < n && i < SHOWN; i++)
		fprintf(out, "%s %s", i ? "," : "", json_string_value(json_array_get(records, i)));
	fprintf(out, "%s\n", n > SHOWN ? ", ..." : "");
}

void holders_print(FILE *out, const struct holders *h, const struct lineage *l)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct holder *x = &h->list[i];
		const struct lineage_entry *entry = lineage_find(l, x->id);
		if (!artifact_exists(x->id))
			continue;
		fprintf(out, "%.12s  %-11s ", x->id, entry ? entry->stage : "-");
		if (x->records)
			print_records(out, x->records);
		else
			fprintf(out, "made of these\n");
	}
}
