/*
 * Where the page's numbers come from, as the action entries of the store tell it: which sources, params and
 * raw data, and when. Of this nothing may be in the report artifact, whose id is to be that of its numbers:
 * one artifact can come from several actions, and each of them ran at some time. It is put into the files as
 * they are written out for people.
 *
 *	json_t *chain = chain_behind(id_of_report);
 *	{"made": when the report was, RFC 3339, or null,
 *	 "stages": in the order of the pipeline
 *		[{"stage", "code": [hex], "commits": [hex], "numerics": [text]}],
 *	 "records": [{"id", "raw": [{"name","sha256"}]}
 *		     or {"id", "synthetic": {"generator","seed","records","rate_hz"}}],
 *	 "artifacts": {ID: {"stage","key","code","inputs","params","finished"}},
 *	 "unknown": [ids without an entry]}
 *
 * commits: of the sources, empty if they were not those of a commit. params: complete, of paths the last
 * name.
 */
#ifndef STAGES_REPORT_CHAIN_H
#define STAGES_REPORT_CHAIN_H

#include <jansson.h>

/* New reference. */
json_t *chain_behind(const char *id);

#endif
