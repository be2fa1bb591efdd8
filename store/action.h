/*
 * An action: everything that decides a stage's result, as one canonical JSON document; its
 * SHA-256 is the action key.
 *	{"artifact":"einthoven-artifact/1","code":"<hex>","content":null,"format":"einthoven-action/1",
 *	 "inputs":{"views":"<id>"},"kind":"model","numerics":"cpu/2","params":{...},"stage":"pretrain"}
 * numerics is the contract under which equal sources give equal bits (docs/numerics.md). Whatever keeps it
 * (threads, instruction set, device) is not in the action, nor are paths, host, time and the store's place.
 * An action entry, <store>/actions/ab/<key>.json, says which artifact an action gave: a provenance statement
 * (store/provenance.h), as it is or, if there is a key to sign with (store/signing.h), in a DSSE envelope
 * (trust/envelope.h). It is a hit if nothing is wrong with it and, where there is a trust.yaml, somebody who
 * is listed there signed it. The first such entry stays; another result for the same action is kept as
 * <store>/conflicts/<key>/<SHA-256 of the entry>.json.
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
#include "trust/verdict.h"

/* An entry of more bytes is none. */
#define ACTION_ENTRY_MAX ((size_t)1 << 20)

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

/* The artifact this action gave, if it is known and the object is in the store: true and id. An entry that is
 * no hit (see above) or whose object is gone counts as absent; what is wrong with it is said, once. Dies
 * where there is one and the environment lets nobody read it. */
bool action_find(const char *key, char id[DIGEST_HEX]);

/* Sign, if there is a key, and publish the entry. If there is one already that is a hit it stays and id
 * becomes what it names, unless that is gone. Dies when the store cannot be written, and when an entry that
 * is there cannot be read: it stays. */
void action_record(const char *key, char id[DIGEST_HEX], const json_t *statement);

/* The same with an entry that was made elsewhere, verbatim: refused unless it may be a hit here. 0, or -1
 * with e filled, its cause set if it is the store's own entry that cannot be read. */
int action_adopt(const char *key, const char *text, size_t n, struct error *e);

/* Keep an entry of an action beside the one that it has, under conflicts/. Dies as above. */
void action_set_aside(const char *key, const char *text, size_t n);

/* Read an entry: a new reference to its statement, or NULL with e filled; id gets its artifact, v (both may
 * be NULL) what is held of it. An entry that is only not trusted is read: v->is_taken says whether it may be
 * a hit. One that says nothing (the first four kinds of trust/verdict.h) is not. */
json_t *action_read(const char *key, char id[DIGEST_HEX], struct verdict *v, struct error *e);

/* The same for bytes from elsewhere; name stands for the file in messages. key NULL: of whatever action. */
json_t *action_parse(const char *text, size_t n, const char *name, const char *key, char id[DIGEST_HEX],
		     struct verdict *v, struct error *e);

struct action_entry {
	const char *key, *id;
	const json_t *statement;
	struct verdict verdict;
};

/* Call f for each entry of the store that can be read, in no order; the entry is f's only until it returns.
 * For one that cannot be read, call bad (NULL: pass over it) with the reason; it has a cause if
 * that says nothing of the entry. */
void action_each(void (*f)(const struct action_entry *entry, void *context),
		 void (*bad)(const struct error *e, void *context), void *context);

/* The same for what is kept under conflicts/; path is the file's. Also those that say nothing: their id is
 * "", their statement NULL. */
void action_each_conflict(void (*f)(const struct action_entry *entry, const char *path, void *context),
			  void *context);

#endif
