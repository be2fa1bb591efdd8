/*
 * What an artifact's records are when they travel: its spans (remote/span.h), table by table, as text:
 *
 *	einthoven-manifest/1
 *	artifact <id>
 *	table <name>
 *	span <records> <bytes> <key of the first, hex> <cover, hex> <SHA-256 of a segment>...
 *
 * Lines end in a newline, tables stand in the order of the header's, the cover's digests without a blank
 * between. It lies under cas/ by its own digest; ac/<SHA-256 of "einthoven-manifest/1\n" and the id> holds
 * that digest in hex. Both follow from the records alone, so all who send an artifact write the same.
 *
 * Nobody need be trusted with one: the covers of all spans together give the roots that the header names, and
 * the header hashes to the id. So a manifest that manifest_read accepts says truly how many records and which
 * leaf digests each span has, and a span is checked against it as soon as it is here (manifest_check). The
 * segments' digests are only where to look.
 *
 *	struct manifest m;
 *	if (manifest_read(&m, &header, text, n, &e) < 0) ...
 *	... m.table[i].span[j] ...
 *	manifest_release(&m);
 */
#ifndef REMOTE_MANIFEST_H
#define REMOTE_MANIFEST_H

#include "common/error.h"
#include "remote/header.h"
#include "remote/span.h"
#include "store/bytes.h"

struct manifest_table {
	struct span *span;
	size_t n;
};

struct manifest {
	struct manifest_table table[ARTIFACT_MAX_TABLES]; /* in the order of the header's */
	int n_tables;
};

/* Cut all tables of an artifact of this store; segments are not known yet. 0, or -1 with e filled. m is to be
 * released either way. */
int manifest_cut(struct manifest *m, const struct artifact *a, struct error *e);
/* The text, once all segments are known. */
void manifest_write(struct bytes *b, const struct manifest *m, const struct header *h);

/* The most bytes that the manifest of such an artifact has. */
size_t manifest_most(const struct header *h);
/* Read and check against the header. 0, or -1 with e filled. m is to be released either way. */
int manifest_read(struct manifest *m, const struct header *h, const char *text, size_t n_bytes,
		  struct error *e);
void manifest_release(struct manifest *m);

/* Under which name in ac/ its digest is: SHA-256("einthoven-manifest/1\n" id). */
struct digest manifest_key(const char *id);

/* Check a span's bytes: records, keys, leaf digests and cover. *leaves gets their leaf digests (n_records,
 * yours to free). 0, or -1 with e filled. */
int manifest_check(struct digest **leaves, const struct span *s, const uint8_t *bytes, struct error *e);

#endif
