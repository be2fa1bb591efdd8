/*
 * The walk of an audit: from results back to the raw data, each artifact once, and for each of them what
 * could be verified. Everything found is one JSON document, which audit/table.h prints for people.
 *
 *	{"format":"einthoven-audit/1","results":[ID],"holds":BOOL,"problems":[TEXT],
 *	 "steps":[{"id","stage","kind","key","numerics","inputs":{NAME:ID},"started","finished","seconds",
 *	   "arms":[NAME],"object":{..},"entry":{..},"signature":{..},"code":{..},"params":{..},
 *	   "problems":[TEXT]}],
 *	 "raw":[{"name","sha256","state","path","made"}]}
 *
 * object: audit/evidence.h; code: audit/sources.h; params: audit/settings.h; raw: audit/raw.h; entry:
 * {"state":"keyed" | "absent"}; signature: {"state":"unsigned" | "signed by NAME" | "revoked key" ...,
 * "by":NAME,"key":BASE64,"is_taken":BOOL} (trust/verdict.h).
 */
#ifndef AUDIT_WALK_H
#define AUDIT_WALK_H

#include <jansson.h>
#include <stdbool.h>

#include "audit/evidence.h"
#include "audit/settings.h"
#include "audit/sources.h"

struct walk {
	const struct evidence *evidence;
	const struct settings *settings; /* NULL: no run to compare with */
	struct sources *sources;	 /* NULL: no checkout to compare with */
	bool is_raw_read;		 /* hash the raw files that are at hand */
	const char *programs;		 /* folder of the stages' programs; NULL: none is asked */
};

/* results: JSON array of ids. New reference. */
json_t *walk_chain(const struct walk *w, const json_t *results);

/* The entry by which this artifact was made: the one the run used, else of those that name it the first.
 * NULL: none. Borrowed from the evidence. */
const struct lineage_entry *walk_entry(const struct walk *w, const char *id);

#endif
