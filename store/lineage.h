/*
 * Which action made which artifact, from the action entries of the local store: the chain from a result
 * back to the raw files.
 *
 *	struct lineage *l = lineage_open();
 *	const struct lineage_entry *entry = lineage_find(l, id);      // NULL: no entry names this artifact
 *	lineage_close(l);
 */
#ifndef STORE_LINEAGE_H
#define STORE_LINEAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "store/action.h"
#include "store/digest.h"
#include "trust/verdict.h"

struct lineage;

struct lineage_entry {
	char id[DIGEST_HEX], key[DIGEST_HEX];
	json_t *statement;    /* store/provenance.h */
	const json_t *action; /* store/action.h; borrowed from statement */
	const char *stage;    /* borrowed from it */
	struct verdict verdict;
};

/* Read all entries; one that cannot be read is named on stderr and passed over. */
struct lineage *lineage_open(void);
/* The same of entries from elsewhere: list calls add(entry, to) for each. */
typedef void lineage_add(const struct action_entry *entry, void *to);
struct lineage *lineage_gather(void (*list)(lineage_add *add, void *to, void *context), void *context);
void lineage_close(struct lineage *l);

/* The entry that made id: of several first one that may be a hit, then the one
 * whose run began first. Borrowed until lineage_close. */
const struct lineage_entry *lineage_find(const struct lineage *l, const char *id);
/* All entries, in the order of ids; *n how many. Borrowed. */
const struct lineage_entry *lineage_all(const struct lineage *l, size_t *n);

/* Call f for each input id of an entry. */
void lineage_inputs(const struct lineage_entry *entry,
		    void (*f)(const char *name, const char *id, void *context), void *context);

/* The id of input `name` of the action that made id; false if no entry says so. */
bool lineage_input(char input[DIGEST_HEX], const struct lineage *l, const char *id, const char *name);

/* What the entry says of the run: SLSA's buildDefinition. Borrowed. */
const json_t *lineage_definition(const struct lineage_entry *entry);

/* Call f for each piece of raw data that the entry's action read: "listing" and the SHA-256 in hex. */
void lineage_sources(const struct lineage_entry *entry,
		     void (*f)(const char *name, const char *sha256, void *context), void *context);

/* Print how id came to be, each artifact of the chain once, the result first and what it was
 * made of under it. */
void lineage_print(FILE *out, const struct lineage *l, const char *id);

#endif
