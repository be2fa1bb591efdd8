#include "store/conflicts.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/printable.h"
#include "store/action.h"

struct listing {
	FILE *out;
	char key[DIGEST_HEX]; /* of the last one printed */
	size_t n;
};

static const char *stage_of(const json_t *statement)
{
	const json_t *subject = json_array_get(json_object_get(statement, "subject"), 0);
	const char *name = json_string_value(json_object_get(subject, "name"));
	return name ? name : "?";
}

static void print_entry(FILE *out, const struct action_entry *entry, const char *what)
{
	char word[96];
	fprintf(out, "  %-6s %.12s  %s\n", what, *entry->id ? entry->id : "?",
		verdict_word(&entry->verdict, word));
}

static void print_holding(FILE *out, const char *key)
{
	char id[DIGEST_HEX] = "";
	struct action_entry entry = {key, id, NULL, {0}};
	struct error e = {0};
	json_t *statement = action_read(key, id, &entry.verdict, &e);
	char *line = die_printf("action %s (%s)", key, stage_of(statement));
	fprintf(out, "%s\n", printable(line));
	free(line);
	print_entry(out, &entry, "holds");
	json_decref(statement);
}

static void print_conflict(const struct action_entry *entry, const char *path, void *context)
{
	struct listing *l = context;
	l->n++;
	if (!l->out)
		return;
	if (strcmp(l->key, entry->key) != 0) {
		print_holding(l->out, entry->key);
		memcpy(l->key, entry->key, DIGEST_HEX);
	}
	print_entry(l->out, entry, "other");
	fprintf(l->out, "         %s\n", path);
}

size_t conflicts_list(FILE *out)
{
	struct listing l = {.out = out};
	action_each_conflict(print_conflict, &l);
	return l.n;
}
