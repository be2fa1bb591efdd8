/*
 * The entries behind an artifact, its own first, each once: for what is written of a chain. What of it holds
 * is audit/walk.h.
 *
 *	struct lineage *l = lineage_open();
 *	struct chain c = chain_of(l, id);
 *	for (size_t i = 0; i < c.n; i++)
 *		... c.entry[i]->stage ...
 *	chain_release(&c);
 *	lineage_close(l);
 */
#ifndef AUDIT_CHAIN_H
#define AUDIT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "store/lineage.h"

struct chain {
	const struct lineage_entry **entry; /* borrowed from the lineage */
	size_t n;
};

/* Artifacts without an entry are passed over. */
struct chain chain_of(const struct lineage *l, const char *id);
void chain_release(struct chain *c);

/* The first entry of a stage, or NULL. */
const struct lineage_entry *chain_find(const struct chain *c, const char *stage);
/* Whether an artifact is in it. */
bool chain_has(const struct chain *c, const char *id);

#endif
