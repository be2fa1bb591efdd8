/*
 * The raw files at the end of a chain: what the entry says they hash to, and, where they are at hand, what
 * they hash to now.
 *
 *	raw_check(&list, statement, id);      // appends {"name","sha256","state","path","why","made":id}
 */
#ifndef AUDIT_RAW_H
#define AUDIT_RAW_H

#include <jansson.h>
#include <stdbool.h>

/* state: "same", "differs", "not at hand" (no file where the params say), "unread" (a folder or a URL, which
 * RERUN=1 reads again; or is_read is false), "generated" (synthetic records: nothing is read). */
void raw_check(json_t *list, const json_t *statement, const char *id, bool is_read);

#endif
