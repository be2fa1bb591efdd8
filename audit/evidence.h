/*
 * What an audit reads of a chain: the action entries and whether the artifacts they name are what they say.
 * A store has the artifacts whole; a bundle has their headers.
 *
 *	struct evidence *e = evidence_of_store();
 *	const struct lineage_entry *made = lineage_find(evidence_lineage(e), id);
 *	json_t *object = evidence_object(e, id);       // {"state":"sound"}
 *	evidence_close(e);
 */
#ifndef AUDIT_EVIDENCE_H
#define AUDIT_EVIDENCE_H

#include <jansson.h>

#include "store/lineage.h"

struct evidence;

struct evidence *evidence_of_store(void);
void evidence_close(struct evidence *e);

/* Borrowed until evidence_close. */
const struct lineage *evidence_lineage(const struct evidence *e);

/* {"state":S,"why":TEXT}: "sound", every digest recomputed; "header", of which only the header is here and
 * hashes to the id; "damaged"; "unreadable"; "absent". New reference. */
json_t *evidence_object(const struct evidence *e, const char *id);

/* Why entries were passed over, [TEXT]: they cannot be read or say nothing, so whose they were is not known.
 * Borrowed. */
const json_t *evidence_passed_over(const struct evidence *e);

/* The header of an artifact; NULL: not here. New reference. */
json_t *evidence_header(const struct evidence *e, const char *id);

/* ---- for who has evidence elsewhere ---- */

struct evidence_source {
	void (*list)(lineage_add *add, void *to, json_t *passed_over, void *context);
	json_t *(*object)(const char *id, void *context);
	json_t *(*header)(const char *id, void *context);
	void *context; /* must outlive the evidence */
};
struct evidence *evidence_from(const struct evidence_source *source);

#endif
