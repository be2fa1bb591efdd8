/*
 * An artifact: an immutable set of tables (ordered records key -> value) in one LMDB file, named by the
 * SHA-256 of its header. The header is canonical JSON:
 *	{"attributes":{...},"format":"einthoven-artifact/1","kind":"signals","schema":1,
 *	 "tables":{"signal":{"bytes":n,"count":n,"root":"<hex>"},...}}
 * bytes = sum of key and value lengths, root = the table's Merkle root (store/digest.h). No time, host or
 * path is in it: equal content gives an equal id whoever made it. The file also keeps each record's leaf
 * digest, so that one record can be checked alone. Layout of the file: docs/artifact.md.
 *
 *	struct artifact_writer *w = artifact_create("signals", 1);      // in $EINTHOVEN_STORE/tmp
 *	artifact_attribute(w, "rate_hz", json_integer(100));
 *	int signal = artifact_table(w, "signal");
 *	artifact_put(w, signal, artifact_key(17).bytes, 8, x, n);       // ascending keys within a table
 *	artifact_publish(w, id);                                        // sync, rename, sync; mode 0444
 *
 *	struct artifact *a = artifact_open(id, "signals");
 *	struct artifact_value v = artifact_get(a, "signal", key, 8);    // checked against its leaf digest
 *
 * Everything here dies (common/die.h) when the environment fails or an object is damaged, naming the object
 * and what to do; a half-written artifact is never visible. Readers may be shared by threads; a writer may
 * not.
 */
#ifndef STORE_ARTIFACT_H
#define STORE_ARTIFACT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/error.h"
#include "common/team.h"
#include "store/digest.h"

struct artifact;
struct artifact_writer;

/* Records of a dataset are keyed by their number, big-endian, so that key order is numeric order. */
struct artifact_key {
	uint8_t bytes[8];
};
struct artifact_key artifact_key(uint64_t record);
/* The inverse; key must hold 8 bytes. */
uint64_t artifact_record(const void *key);
/* A part of a record, such as a view or a lead, is keyed by its record and one byte more. part: 0..255. */
struct artifact_part_key {
	uint8_t bytes[9];
};
struct artifact_part_key artifact_part_key(uint64_t record, int part);

/* The store's folder: $EINTHOVEN_STORE, or .store. Borrowed. */
const char *artifact_store_path(void);
/* Path of an object, <store>/objects/ab/<id>.mdb; yours to free. */
char *artifact_path(const char *id);
/* Whether the object is present in the local store (not whether it is sound), if only in its trash. */
bool artifact_exists(const char *id);
/* The same, and take it out of the trash (store/trash.h) if it is there. */
bool artifact_revive(const char *id);
/* Where it is now: there, or in the trash; NULL: nowhere. Yours to free. */
char *artifact_place(const char *id);

/* ---- writing ---- */

/* A new artifact in the store's tmp folder. kind is "records", "signals", ...; schema its layout's version,
 * from 1. */
struct artifact_writer *artifact_create(const char *kind, int schema);
/* The same for a team (NULL: as above). Only rank 0 has the file; what others put they keep in memory until
 * all ranks call artifact_gather: then rank 0 appends what rank 1 has put since the last gather, then rank
 * 2's, and so on. So each rank puts the records that follow those of the rank before it. Attributes count in
 * rank 0 only; tables are declared by all alike. Rank 0 publishes, the others abandon. */
struct artifact_writer *artifact_create_shared(struct team *team, const char *kind, int schema);
void artifact_gather(struct artifact_writer *w);
/* Set one attribute of the header (steals the reference). Float values must be finite. */
void artifact_attribute(struct artifact_writer *w, const char *name, json_t *value);
/* Declare a table and get its handle; a table may stay empty. At most 16. */
int artifact_table(struct artifact_writer *w, const char *name);
/* Append a record. Keys have 1..511 bytes and ascend (memcmp) within a table; anything else is a BUG. */
void artifact_put(struct artifact_writer *w, int table, const void *key, size_t key_bytes, const void *value,
		  size_t value_bytes);
/* The same for a record whose leaf digest the caller has computed. */
void artifact_put_hashed(struct artifact_writer *w, int table, const void *key, size_t key_bytes,
			 const void *value, size_t value_bytes, const struct digest *leaf);
/* The same for n float32 values, written little-endian; dies naming the key if one is not finite. */
void artifact_put_floats(struct artifact_writer *w, int table, const void *key, size_t key_bytes,
			 const float *x, size_t n);
/* The same for a part of a record. */
void artifact_put_part(struct artifact_writer *w, int table, uint64_t record, int part, const float *x,
		       size_t n);
/* Finish, publish and free; id gets the 64 hex digits. An object of this id that is there already is
 * replaced, since it has the same records; that heals a damaged one. */
void artifact_publish(struct artifact_writer *w, char id[DIGEST_HEX]);
/* The same for an artifact whose id is known: false, and nothing is published, if it would have another. */
bool artifact_publish_as(struct artifact_writer *w, const char *id);
/* Drop the temporary file and free. NULL is allowed. */
void artifact_abandon(struct artifact_writer *w);
/* From now on artifact_put calls stop (which must not return) once the flag is set: how Ctrl-C ends a stage
 * that does not look at the flag itself. A team stops in artifact_gather, all ranks together. */
void artifact_watch(const volatile bool *is_interrupted, void (*stop)(void));

/* ---- reading ---- */

struct artifact_value {
	const void *bytes; /* borrowed until artifact_close; not aligned to more than 2 bytes; NULL: no such
			      record */
	size_t n_bytes;
};

/* Open an object of the local store for reading; dies if it is absent, of another kind (kind NULL: any),
 * shorter than its own pages say, or its header does not hash to its id. */
struct artifact *artifact_open(const char *id, const char *kind);
/* The same for any kind, but a damaged or absent object gives NULL with e filled; so does one that cannot be
 * read now, with the cause in e: that says nothing of its bytes. */
struct artifact *artifact_try(const char *id, struct error *e);
void artifact_close(struct artifact *a);
/* Note that the object was used, and take it out of the trash: gc keeps what was used lately. The time is
 * that of the file, or for who may not touch a colleague's file of <store>/used/ab/<id>. */
void artifact_touch(const char *id);
/* When it was last used or made; 0: it is not there. */
time_t artifact_used(const char *id);

const char *artifact_id(const struct artifact *a);
const char *artifact_kind(const struct artifact *a);
/* The whole header, or one attribute (NULL if absent). Borrowed. */
const json_t *artifact_header(const struct artifact *a);
const json_t *artifact_get_attribute(const struct artifact *a, const char *name);
/* Typed attributes; die if absent or of another type. */
int64_t artifact_integer(const struct artifact *a, const char *name);
double artifact_number(const struct artifact *a, const char *name);
const char *artifact_text(const struct artifact *a, const char *name);

bool artifact_has_table(const struct artifact *a, const char *table);
uint64_t artifact_count(const struct artifact *a, const char *table);
/* One record, its leaf digest checked. */
struct artifact_value artifact_get(const struct artifact *a, const char *table, const void *key,
				   size_t key_bytes);
struct artifact_value artifact_get_record(const struct artifact *a, const char *table, uint64_t record);
struct artifact_value artifact_get_part(const struct artifact *a, const char *table, uint64_t record,
					int part);

/* Walk a table in key order:  for (struct artifact_cursor *c = artifact_walk(a, "signal"); artifact_next(c);)
 * c->key... artifact_next returns false at the end and then frees the cursor; to stop early, artifact_stop.
 * Values are checked. */
struct artifact_cursor {
	const void *key, *value;
	size_t key_bytes, value_bytes;
	struct digest leaf;
};
struct artifact_cursor *artifact_walk(const struct artifact *a, const char *table);
/* The same from a key that is in the table on, up to the n-th record from there. */
struct artifact_cursor *artifact_walk_from(const struct artifact *a, const char *table, const void *key,
					   size_t key_bytes, uint64_t n);
bool artifact_next(struct artifact_cursor *c);
/* The same for a record that is passed over: only its key, its leaf digest and its length are read, value is
 * NULL. */
bool artifact_skip(struct artifact_cursor *c);
/* The same without dying: 1, 0 at the end, -1 with e filled if damaged; the cursor is freed but for 1. */
int artifact_try_next(struct artifact_cursor *c, struct error *e);
int artifact_try_skip(struct artifact_cursor *c, struct error *e);
/* The same with a value that was NOT checked, for who hashes many at once (digest_of_many) and compares with
 * leaf. Only inside guard_call may it be read; where a digest is another, or the guard gave up, walk there
 * again with artifact_try_next, which says what it is. */
int artifact_try_peek(struct artifact_cursor *c, struct error *e);
void artifact_stop(struct artifact_cursor *c);

/* Check everything: header, keys' order, every leaf, every root, counts. 0, or -1 with e naming
 * what is damaged, or, with its cause, why that cannot be told now. It reads in a child process, because LMDB
 * can crash on a damaged file in ways that no guard catches. */
int artifact_verify(const char *id, struct error *e);
/* The same in this process. */
int artifact_verify_here(const char *id, struct error *e);

#endif
