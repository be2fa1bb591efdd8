/*
 * An action: everything that decides a stage's result, as one canonical JSON document; its
 * SHA-256 is the action key.
 *	{"artifact":"einthoven-artifact/1","code":"<hex>","content":null,"format":"einthoven-action/1",
 *	 "inputs":{"views":"<id>"},"kind":"model","numerics":"cpu/2","params":{...},"stage":"pretrain"}
 * numerics is the contract under which equal sources give equal bits (docs/numerics.md). Whatever keeps it
 * (threads, instruction set, device) is not in the action, nor are paths, host, time and the store's place.
 * An action entry, <store>/actions/ab/<key>.json, says which artifact an action gave; it is a provenance
 * statement (store/provenance.h). The first writer wins.
 *
 *	json_t *action = action_new(&(struct action){.stage = "pretrain", .kind = "model", ...});
 *	action_key(key, action);
 *	if (!action_find(key, id)) { ... run ...; action_record(key, id, statement); }
 */
#ifndef STORE_ACTION_H
#define STORE_ACTION_H

#include <jansson.h>
#include <stdbool.h>

#include "common/error.h"
#include "store/digest.h"

struct action {
	const char *stage, *kind; /* of the artifact it gives */
	const char *code;	  /* identity, hex */
	const char *numerics;	  /* class */
	json_t *params, *inputs;  /* inputs: name -> id or null */
	json_t *content;	  /* NULL: none */
};

/* Takes the references params, inputs and content. New reference. */
json_t *action_new(const struct action *a);

void action_key(char key[DIGEST_HEX], const json_t *action);

/* <store>/actions/ab/<key>.json; yours to free. */
char *action_path(const char *key);

/* The artifact this action gave, if it is known and the object is in the store: true and id. An entry that
 * cannot be read, belongs to another key or whose object is gone counts as absent. */
bool action_find(const char *key, char id[DIGEST_HEX]);

/* Publish the entry. If there is one already it stays and id becomes what it names, unless it cannot be read
 * or what it names is gone. Dies when the store cannot be written. */
void action_record(const char *key, char id[DIGEST_HEX], const json_t *statement);

/* Read an entry: new reference, or NULL with e filled; id (may be NULL) gets its artifact. */
json_t *action_read(const char *key, char id[DIGEST_HEX], struct error *e);

/* Whether an entry's action hashes to its key; if not, the entry was edited. */
bool action_is_keyed(const char *key, const json_t *statement);

/* Call f for each entry of the store that can be read, in no order; the entry is f's only until it returns.
 * For one that cannot be read, call bad (NULL: pass over it) with the reason. */
void action_each(void (*f)(const char *key, const char *id, const json_t *statement, void *context),
		 void (*bad)(const char *why, void *context), void *context);

#endif
