/*
 * A small table of an artifact outside of its store, so that its numbers can be shown to belong to the id:
 * all its records. Their leaves hash to the root in the header, and that to the id (docs/artifact.md).
 *
 *	{"id":HEX,"table":"metrics","records":[{"key":"trained","text":"{...}"},
 *	  {"key":"metrics.csv","file":"report/metrics.csv"},{"key":"index.html","leaf":HEX,"withheld":WHY}]}
 *
 * A record is its text, or a file beside, or, where it is kept back, only its leaf. Which of these it may be
 * is the table's: numbers always stand there, and a file has its record's name.
 */
#ifndef AUDIT_PROOF_H
#define AUDIT_PROOF_H

#include <jansson.h>

#include "common/error.h"
#include "store/artifact.h"

/* The tables that a bundle shows, to an entry without a kind. */
struct proof_table {
	const char *kind, *table;
	const char *folder; /* its records are files there; NULL: text */
	const char *page;   /* the record that may be kept back; NULL: none */
};
extern const struct proof_table proof_tables[];

/* Of a table whose keys and values are text; NULL if they are not, or there is no such table. folder: the
 * records are files there (NULL: stand here); withheld: {KEY:WHY}, may be NULL. New reference. */
json_t *proof_of_table(const struct artifact *a, const char *table, const char *folder,
		       const json_t *withheld);

/* The bytes of a file that a proof names; NULL: there is none. Borrowed. */
typedef const char *proof_file(size_t *n_bytes, const char *name, void *context);

/* 0 if the proof is of this table, its records are of the form above and hash to the root that the header
 * gives for it, else -1 with e filled. */
int proof_check(const json_t *proof, const struct proof_table *t, const json_t *header, proof_file *file,
		void *context, struct error *e);

#endif
