#include "audit/chain.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"

struct gathering {
	const struct lineage *lineage;
	struct chain *chain;
};

static void meet(const char *name, const char *id, void *context)
{
	const struct gathering *g = context;
	const struct lineage_entry *entry = lineage_find(g->lineage, id);
	struct chain *c = g->chain;
	(void)name;
	if (!entry || chain_has(c, id))
		return;
	c->entry = die_realloc(c->entry, (c->n + 1) * sizeof *c->entry);
	c->entry[c->n++] = entry;
}

struct chain chain_of(const struct lineage *l, const char *id)
{
	struct chain c = {0};
	struct gathering g = {l, &c};
	meet(NULL, id, &g);
	for (size_t i = 0; i < c.n; i++)
		lineage_inputs(c.entry[i], meet, &g);
	return c;
}

void chain_release(struct chain *c)
{
	free(c->entry);
	*c = (struct chain){0};
}

const struct lineage_entry *chain_find(const struct chain *c, const char *stage)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->entry[i]->stage, stage))
			return c->entry[i];
	return NULL;
}

bool chain_has(const struct chain *c, const char *id)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->entry[i]->id, id))
			return true;
	return false;
}
