/*
 * What an action entry claims, taken out of its statement (store/provenance.h): nothing here is checked.
 *
 *	const char *commit = claims_commit(statement);     // NULL: none
 *	json_t *raw = claims_raw(statement);               // [{"name":"ptb-xl.zip","sha256":HEX,"uri":TEXT}]
 */
#ifndef AUDIT_CLAIMS_H
#define AUDIT_CLAIMS_H

#include <jansson.h>
#include <stdbool.h>

/* The complete params, paths included; NULL: none. Borrowed. */
const json_t *claims_params(const json_t *statement);
/* The git commit of its sources, or NULL. Borrowed. */
const char *claims_commit(const json_t *statement);
/* Whether the entry says that its sources were not quite that commit's. */
bool claims_is_modified(const json_t *statement);
/* The list of sources that the code identity is the SHA-256 of (store/code.h), yours to free; NULL: none. */
char *claims_sources(const json_t *statement);
/* The raw data it read, each with its digest. New reference. */
json_t *claims_raw(const json_t *statement);
/* "2026-11-29T11:40:12.345Z", or "". Borrowed. */
const char *claims_started(const json_t *statement);
const char *claims_finished(const json_t *statement);
/* How long it ran; 0 if it does not say. */
double claims_seconds(const json_t *statement);

#endif
