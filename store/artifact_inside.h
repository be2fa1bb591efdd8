/*
 * What the parts of the reader share (artifact_read.c opens and looks up, artifact_walk.c goes through a
 * table); nobody else includes this. What is read of the file is read under guard_call (store/guard.h).
 */
#ifndef STORE_ARTIFACT_INSIDE_H
#define STORE_ARTIFACT_INSIDE_H

#include <lmdb.h>

#include "store/artifact.h"
#include "store/artifact_layout.h"

struct artifact_table {
	const char *name; /* of the header's member */
	MDB_dbi data, leaf;
	uint64_t count;
};

struct artifact {
	char id[DIGEST_HEX];
	char *path;
	size_t file_bytes;
	json_t *header;
	MDB_env *env;
	MDB_txn *txn;
	struct artifact_table table[ARTIFACT_MAX_TABLES];
	int n_tables;
	MDB_val header_value;
	const char *problem; /* found under guard_call */
	int cause;	     /* of it, as errno, if that says nothing of the bytes; else 0 */
};

/* -1 with e filled: "object 3fa9... is damaged: <where><what>", or, with a cause, that it cannot be read. */
int artifact_say(const struct artifact *a, const char *where, const char *what, int cause, struct error *e);

/* Dies if there is none of that name. */
const struct artifact_table *artifact_need_table(const struct artifact *a, const char *name);

/* Whether a record hashes to what is kept as its leaf digest. */
bool artifact_is_leaf_of(const MDB_val *leaf, const MDB_val *key, const MDB_val *value);

#endif
