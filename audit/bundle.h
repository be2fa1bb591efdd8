/*
 * A bundle: one tar file with all that a reader without network, store and raw data needs to check a result:
 * the action entries of its whole chain as they are, the headers of its artifacts (each hashes to its id),
 * the tables that hold its numbers (each hashes to its root in the header), the report page, params, public
 * keys and what derives it again. No records, no raw data. docs/audit.md lists the files.
 *
 *	bundle_write("x.tar", &(struct bundle_content){.findings = findings, .walk = &walk}, &e);
 *
 *	struct bundle *b = bundle_open("x.tar", &e);      // every file's SHA-256 is checked
 *	json_t *findings = bundle_walk(b, NULL);
 */
#ifndef AUDIT_BUNDLE_H
#define AUDIT_BUNDLE_H

#include <jansson.h>
#include <stdbool.h>

#include "audit/walk.h"
#include "common/error.h"

struct bundle_content {
	const struct walk *walk;   /* over the store */
	const json_t *findings;	   /* what it found; but for code and params all of it must hold */
	const char *const *params; /* files of params that were given, NULL-terminated; NULL: none */
	const char *trust;	   /* trust.yaml; NULL: none */
	const char *command;	   /* what makes the result again */
	bool is_whole; /* also pages that draw signals of patients; else these are left out and said so */
};

/* 0, or -1 with e filled. Whole or not at all; the same store gives the same bytes. */
int bundle_write(const char *path, const struct bundle_content *c, struct error *e);

struct bundle;

/* NULL with e filled: no bundle, damaged, or one that was made to harm. */
struct bundle *bundle_open(const char *path, struct error *e);
/* The same of bytes in memory, which must outlive it; path: for messages. */
struct bundle *bundle_read(const char *bytes, size_t n_bytes, const char *path, struct error *e);
void bundle_close(struct bundle *b);

/* Of what chain it is: [ID]. Borrowed. */
const json_t *bundle_results(const struct bundle *b);
/* Of objects it knows the headers and the tables that came along. Until bundle_close. */
struct evidence *bundle_evidence(struct bundle *b);

/* What an audit of a bundle finds, as walk_chain has it; a file that nothing in the chain speaks for is a
 * problem too. sources: the checkout to compare with, or NULL. New reference. */
json_t *bundle_walk(struct bundle *b, struct sources *sources);
/* The same of a file. */
json_t *bundle_findings(const char *path, struct sources *sources, struct error *e);

/* Whether a name that a user gave is that of a bundle: it ends in .tar. */
bool bundle_is_name(const char *name);

#endif
