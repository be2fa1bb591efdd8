#include "store/chain.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "store/action.h"
#include "store/artifact.h"

struct chain {
	FILE *out;
	char (*ids)[DIGEST_HEX];
	size_t n, n_entries, n_bad;
	json_t *sources; /* "name sha256", as members */
};

static void enqueue(const char *name, const char *id, void *context)
{
	struct chain *c = context;
	(void)name;
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->ids[i], id))
			return;
	c->ids = die_realloc(c->ids, (c->n + 1) * sizeof *c->ids);
	memcpy(c->ids[c->n++], id, DIGEST_HEX);
}

/* What is wrong with the object, or NULL. */
static const char *check_object(const char *id, struct error *e)
{
	if (!artifact_exists(id))
		return "is not in this store, so it cannot be verified";
	return artifact_verify(id, e) < 0 ? error_text(e) : NULL;
}

static const char *check_entry(const struct lineage_entry *entry)
{
	if (!entry)
		return "no action entry of this store says how it was made";
	return entry->verdict.is_taken ? NULL : entry->verdict.why;
}

/* Raw data: what the chain ends at. */
static void note_source(const char *name, const char *sha256, void *context)
{
	struct chain *c = context;
	char *line = die_printf("%s  SHA-256 %s", name, sha256);
	json_object_set_new(c->sources, line, json_true());
	free(line);
}

static void check(struct chain *c, const struct lineage *l, const char *id)
{
	struct error e = {0};
	const struct lineage_entry *entry = lineage_find(l, id);
	const char *object = check_object(id, &e), *action = check_entry(entry);
	char word[96];
	fprintf(c->out, "%-4s %-11s %.12s", object || action ? "BAD" : "ok", entry ? entry->stage : "?", id);
	if (entry)
		fprintf(c->out, "  action %.12s  %s", entry->key, verdict_word(&entry->verdict, word));
	fprintf(c->out, "%s%s%s%s\n", object ? "  " : "", object ? object : "",
		!action ? ""
		: entry ? "  its entry "
			: "  ",
		action ? action : "");
	c->n_entries += entry != NULL;
	c->n_bad += (object != NULL) + (action != NULL);
	if (!entry)
		return;
	lineage_sources(entry, note_source, c);
	lineage_inputs(entry, enqueue, c);
}

size_t chain_verify(FILE *out, const struct lineage *l, const char *id)
{
	struct chain c = {.out = out, .sources = json_object()};
	const char *line;
	json_t *unused;
	enqueue(NULL, id, &c);
	for (size_t i = 0; i < c.n; i++) {
		char now[DIGEST_HEX];
		memcpy(now, c.ids[i], DIGEST_HEX); /* the list grows */
		check(&c, l, now);
	}
	json_object_foreach (c.sources, line, unused)
		fprintf(out, "raw  %s\n", line);
	fprintf(out, "%zu objects and %zu action entries of the chain verified, %zu damaged or absent\n", c.n,
		c.n_entries, c.n_bad);
	json_decref(c.sources);
	free(c.ids);
	return c.n_bad;
}
