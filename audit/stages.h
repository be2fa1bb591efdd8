/*
 * The stages of this project: of programs that an audit finds beside itself it starts these alone. What an
 * entry from elsewhere calls its stage is only a name.
 *
 *	for (const char *const *stage = stages; *stage; stage++) ...
 *	if (stages_has(entry->stage)) ...
 */
#ifndef AUDIT_STAGES_H
#define AUDIT_STAGES_H

#include <stdbool.h>

/* The furthest from the raw data first; NULL-terminated. */
extern const char *const stages[];

bool stages_has(const char *name);

#endif
