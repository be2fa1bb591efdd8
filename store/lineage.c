#include "store/lineage.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/printable.h"
#include "store/action.h"
#include "store/artifact.h"

struct lineage {
	struct lineage_entry *entries;
	size_t n, room;
};

static const json_t *definition(const json_t *statement)
{
	return json_object_get(json_object_get(statement, "predicate"), "buildDefinition");
}

static const char *metadata(const json_t *statement, const char *name)
{
	const json_t *run = json_object_get(json_object_get(statement, "predicate"), "runDetails");
	return json_text(json_object_get(run, "metadata"), name);
}

static void append(const struct action_entry *read, void *context)
{
	struct lineage *l = context;
	if (l->n == l->room) {
		l->room = 2 * l->room + 64;
		l->entries = die_realloc(l->entries, l->room * sizeof *l->entries);
	}
	struct lineage_entry *entry = &l->entries[l->n++];
	*entry = (struct lineage_entry){.statement = json_incref((json_t *)read->statement),
					.verdict = read->verdict};
	memcpy(entry->id, read->id, DIGEST_HEX);
	memcpy(entry->key, read->key, DIGEST_HEX);
	entry->action = json_object_get(json_object_get(definition(entry->statement), "internalParameters"),
					"action");
	const char *stage = json_string_value(json_object_get(entry->action, "stage"));
	entry->stage = stage ? stage : "?";
}

static int compare(const void *a, const void *b)
{
	const struct lineage_entry *x = a, *y = b;
	int order = strcmp(x->id, y->id);
	if (!order)
		order = y->verdict.is_taken - x->verdict.is_taken;
	if (!order)
		order = strcmp(metadata(x->statement, "startedOn"), metadata(y->statement, "startedOn"));
	return order ? order : strcmp(x->key, y->key);
}

static void pass_over(const struct error *e, void *context)
{
	(void)context;
	warn("%s; passing over it", error_text(e));
}

static void list_store(lineage_add *add, void *to, void *context)
{
	(void)context;
	action_each(add, pass_over, to);
}

struct lineage *lineage_open(void)
{
	return lineage_gather(list_store, NULL);
}

struct lineage *lineage_gather(void (*list)(lineage_add *add, void *to, void *context), void *context)
{
	struct lineage *l = die_calloc(1, sizeof *l);
	list(append, l, context);
	if (l->n)
		qsort(l->entries, l->n, sizeof *l->entries, compare);
	return l;
}

void lineage_close(struct lineage *l)
{
	for (size_t i = 0; i < l->n; i++)
		json_decref(l->entries[i].statement);
	free(l->entries);
	free(l);
}

const struct lineage_entry *lineage_find(const struct lineage *l, const char *id)
{
	size_t low = 0, high = l->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(l->entries[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < l->n && !strcmp(l->entries[low].id, id) ? &l->entries[low] : NULL;
}

const struct lineage_entry *lineage_all(const struct lineage *l, size_t *n)
{
	*n = l->n;
	return l->entries;
}

void lineage_inputs(const struct lineage_entry *entry,
		    void (*f)(const char *name, const char *id, void *context), void *context)
{
	const char *name;
	json_t *id;
	struct digest d;
	json_object_foreach (json_object_get(entry->action, "inputs"), name, id) {
		if (json_is_string(id) && digest_parse(&d, json_string_value(id)) == 0)
			f(name, json_string_value(id), context);
	}
}

struct wanted {
	const char *name;
	char *id;
};

static void keep_wanted(const char *name, const char *id, void *context)
{
	struct wanted *w = context;
	if (!strcmp(name, w->name))
		memcpy(w->id, id, DIGEST_HEX);
}

bool lineage_input(char input[DIGEST_HEX], const struct lineage *l, const char *id, const char *name)
{
	const struct lineage_entry *entry = lineage_find(l, id);
	*input = 0;
	if (entry)
		lineage_inputs(entry, keep_wanted, &(struct wanted){name, input});
	return *input;
}

const json_t *lineage_definition(const struct lineage_entry *entry)
{
	return definition(entry->statement);
}

void lineage_sources(const struct lineage_entry *entry,
		     void (*f)(const char *name, const char *sha256, void *context), void *context)
{
	static const char prefix[] = "source:";
	size_t i;
	const json_t *item;
	json_array_foreach (json_object_get(lineage_definition(entry), "resolvedDependencies"), i, item) {
		const json_t *digest = json_object_get(json_object_get(item, "digest"), "sha256");
		const char *name = json_string_value(json_object_get(item, "name"));
		if (name && json_is_string(digest) && !strncmp(name, prefix, strlen(prefix)))
			f(name + strlen(prefix), json_string_value(digest), context);
	}
}

/* ---- printing ---- */

/* One line; what others wrote is in it. Frees it. */
static void print_line(FILE *out, char *line)
{
	fprintf(out, "%s\n", printable(line));
	free(line);
}

struct queue {
	char (*ids)[DIGEST_HEX];
	size_t n;
};

static void enqueue(const char *name, const char *id, void *context)
{
	struct queue *q = context;
	(void)name;
	for (size_t i = 0; i < q->n; i++)
		if (!strcmp(q->ids[i], id))
			return;
	q->ids = die_realloc(q->ids, (q->n + 1) * sizeof *q->ids);
	memcpy(q->ids[q->n++], id, DIGEST_HEX);
}

static void print_input(const char *name, const char *id, void *context)
{
	print_line(context, die_printf("  input   %.12s  %s", id, name));
}

static void print_member(FILE *out, const char *label, const json_t *value)
{
	if (!value || json_is_null(value))
		return;
	char *text = json_canonical(value, NULL);
	print_line(out, die_printf("  %-7s %s", label, text));
	free(text);
}

/* Raw files and the commit: dependencies that are neither an input nor the code, which
 * have their own lines. */
static void print_dependencies(FILE *out, const json_t *list)
{
	size_t i;
	json_t *item;
	json_array_foreach (list, i, item) {
		const char *name = json_string_value(json_object_get(item, "name"));
		if (name && (!strncmp(name, "input:", 6) || !strncmp(name, "code:", 5)))
			continue;
		const char *algorithm = NULL, *first = "";
		json_t *digest;
		json_object_foreach (json_object_get(item, "digest"), algorithm, digest) {
			first = json_string_value(digest) ? json_string_value(digest) : "";
			break;
		}
		const char *uri = json_string_value(json_object_get(item, "uri"));
		print_line(out, die_printf("  %-7s %s  %s", algorithm ? algorithm : "uri", first,
					   uri	  ? uri
					   : name ? name
						  : ""));
	}
}

static void print_entry(FILE *out, const struct lineage_entry *entry)
{
	const json_t *d = lineage_definition(entry);
	const char *code = json_string_value(json_object_get(entry->action, "code"));
	char word[96];
	print_line(out, die_printf("  action  %s", entry->key));
	print_line(out, die_printf("  trust   %s%s%s", verdict_word(&entry->verdict, word),
				   entry->verdict.is_taken ? "" : ": no hit, it ",
				   entry->verdict.is_taken ? "" : entry->verdict.why));
	print_line(out, die_printf("  run     %s to %s", metadata(entry->statement, "startedOn"),
				   metadata(entry->statement, "finishedOn")));
	print_line(out, die_printf("  code    %s", code ? code : "?"));
	print_member(out, "params", json_object_get(json_object_get(d, "externalParameters"), "params"));
	print_member(out, "content", json_object_get(entry->action, "content"));
	lineage_inputs(entry, print_input, out);
	print_dependencies(out, json_object_get(d, "resolvedDependencies"));
}

void lineage_print(FILE *out, const struct lineage *l, const char *id)
{
	struct queue q = {0};
	enqueue(NULL, id, &q);
	for (size_t i = 0; i < q.n; i++) {
		const struct lineage_entry *entry = lineage_find(l, q.ids[i]);
		if (i)
			fputc('\n', out);
		print_line(out, die_printf("%s %s%s", entry ? entry->stage : "artifact", q.ids[i],
					   artifact_exists(q.ids[i]) ? "" : "  (not in this store)"));
		if (!entry) {
			fprintf(out, "  no action of this store made it\n");
			continue;
		}
		print_entry(out, entry);
		lineage_inputs(entry, enqueue, &q);
	}
	free(q.ids);
}
