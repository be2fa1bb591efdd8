/*
 * Whether the sources of this checkout are those that an artifact was made by. An entry says the code
 * identity (store/code.h) and, since entries keep it, the list of sources that it is the SHA-256 of: each
 * file is compared, and where one differs the commit that the entry names is asked, if git has it. Of an
 * entry without a list the identity is computed from the sources in this build's link (build/code/X.trace).
 *
 *	struct sources *s = sources_open(".", "build/code");
 *	json_t *code = sources_check(s, statement, "pretrain", identity);
 *	sources_close(s);
 */
#ifndef AUDIT_SOURCES_H
#define AUDIT_SOURCES_H

#include <jansson.h>

struct sources;

/* Sources are read relative to the current folder; traces: where the link's are (NULL: nowhere). */
struct sources *sources_open(const char *traces);
void sources_close(struct sources *s);

/* {"identity":HEX,"state":S,"why":TEXT,"files":[PATH],"commit":ID,"commit_state":C,"modified":BOOL}
 * state: "same" (this checkout), "commit" (not this checkout, but the commit the entry names), "differs",
 * "edited" (its list is not what the identity is the hash of), "unknown" (nothing here to compare with).
 * files: which differ from this checkout, or without a list nothing. commit_state: "here" (git has it),
 * "not here", "none". modified: the entry says that its tree was not quite the commit. New reference. */
json_t *sources_check(struct sources *s, const json_t *statement, const char *stage, const char *identity);

#endif
