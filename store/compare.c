#include "store/compare.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/printable.h"
#include "store/explain.h"
#include "store/value.h"

/* Two cursors moving through tables in key order, as in a merge. */
struct pair {
	struct artifact_cursor *a, *b; /* NULL: at its end */
	const struct artifact *from_a, *from_b;
	const char *table;
};

static void step(struct artifact_cursor **c)
{
	if (*c && !artifact_next(*c))
		*c = NULL;
}

static int order_of(const struct pair *p)
{
	if (!p->a || !p->b)
		return p->a ? -1 : 1;
	size_t shared = p->a->key_bytes < p->b->key_bytes ? p->a->key_bytes : p->b->key_bytes;
	int order = memcmp(p->a->key, p->b->key, shared);
	return order ? order : (p->a->key_bytes > p->b->key_bytes) - (p->a->key_bytes < p->b->key_bytes);
}

static bool is_equal(const struct artifact_cursor *a, const struct artifact_cursor *b)
{
	return a->value_bytes == b->value_bytes && !memcmp(a->value, b->value, a->value_bytes);
}

static void print_record(FILE *out, const struct pair *p, int order)
{
	const struct artifact_cursor *c = order <= 0 ? p->a : p->b;
	const struct artifact *from = order <= 0 ? p->from_a : p->from_b;
	struct artifact_value v = {c->value, c->value_bytes};
	char *key = value_key(from, c->key, c->key_bytes);
	char *what = order ? value_text(from, p->table, c->key, v, 60)
			   : value_difference(p->from_a, p->from_b, p->table, c->key, v,
					      (struct artifact_value){p->b->value, p->b->value_bytes});
	fprintf(out, "  %c %s  %s\n", order < 0 ? '-' : order > 0 ? '+' : '~', key, what);
	free(key);
	free(what);
}

static void compare_records(FILE *out, const struct artifact *a, const struct artifact *b, const char *table,
			    int n_records)
{
	struct pair p = {artifact_walk(a, table), artifact_walk(b, table), a, b, table};
	unsigned long long n_less = 0, n_more = 0, n_changed = 0;
	step(&p.a);
	step(&p.b);

	while (p.a || p.b) {
		int order = order_of(&p);
		bool differs = order || !is_equal(p.a, p.b);
		if (differs && n_less + n_more + n_changed < (unsigned long long)n_records)
			print_record(out, &p, order);
		n_less += order < 0;
		n_more += order > 0;
		n_changed += differs && !order;
		if (order <= 0)
			step(&p.a);
		if (order >= 0)
			step(&p.b);
	}

	fprintf(out, "  %llu records differ, %llu only in the first, %llu only in the second\n", n_changed,
		n_less, n_more);
}

static const char *root_of(const struct artifact *a, const char *table)
{
	return json_string_value(json_object_get(
		json_object_get(json_object_get(artifact_header(a), "tables"), table), "root"));
}

static bool compare_tables(FILE *out, const struct artifact *a, const struct artifact *b, int n_records)
{
	bool differs = false;
	const char *name;
	json_t *table;
	json_object_foreach (json_object_get(artifact_header(a), "tables"), name, table) {
		if (!artifact_has_table(b, name) || !strcmp(root_of(a, name), root_of(b, name)))
			continue;
		differs = true;
		char *line = printable(die_printf("table %s", name));
		fprintf(out, "%s\n", line);
		free(line);
		compare_records(out, a, b, name, n_records);
	}
	return differs;
}

/* The header without the tables' roots, which differ whenever a record does. */
static json_t *outline(const struct artifact *a)
{
	json_t *header = json_deep_copy(artifact_header(a)), *tables = json_object_get(header, "tables"),
	       *table;
	const char *name;
	json_object_foreach (tables, name, table)
		json_object_del(table, "root");
	return header;
}

static const json_t *action_of(const struct lineage *l, const struct artifact *a)
{
	const struct lineage_entry *entry = lineage_find(l, artifact_id(a));
	return entry ? entry->action : NULL;
}

bool compare_artifacts(FILE *out, const struct artifact *a, const struct artifact *b, const struct lineage *l,
		       int n_records)
{
	const json_t *x = action_of(l, a), *y = action_of(l, b);
	json_t *from = outline(a), *to = outline(b);
	int n = x && y ? explain_difference(out, "action ", x, y) : 0;
	if (!x || !y)
		fprintf(out, "action not known of %s\n", x ? "the second" : y ? "the first" : "either");
	n += explain_difference(out, "header ", from, to);
	json_decref(from);
	json_decref(to);
	return compare_tables(out, a, b, n_records) || n;
}
