/*
 * The raw files at the end of a chain: what the entry says they hash to, and, where they are at hand, what
 * they hash to now.
 *
 *	raw_check(list, entry, true, "build/bin");      // appends {"name","sha256","state","path","why",..}
 */
#ifndef AUDIT_RAW_H
#define AUDIT_RAW_H

#include <jansson.h>
#include <stdbool.h>

#include "store/lineage.h"

/* state: "same", "differs", "not at hand" (nothing where the params say), "unread" (a URL, which RERUN=1
 * reads again; a folder without programs; an entry that is not taken; or is_read is false), "generated"
 * (synthetic: nothing is read). programs: the folder of the stages; fetch there says what a folder of raw
 * data comes to. NULL: none. */
void raw_check(json_t *list, const struct lineage_entry *entry, bool is_read, const char *programs);

#endif
