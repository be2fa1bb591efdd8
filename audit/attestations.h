/*
 * The attestations of a chain as one file that tools of in-toto read: JSON Lines, the DSSE envelope of each
 * action entry, the result's first (in-toto's "bundle", <name>.intoto.jsonl). An unsigned entry has no
 * envelope: its line is the statement itself.
 *
 *	status = attestations_write("probe.intoto.jsonl", id, &e);
 */
#ifndef AUDIT_ATTESTATIONS_H
#define AUDIT_ATTESTATIONS_H

#include "common/error.h"

/* 0, or -1 with e filled. Warns how many are unsigned. */
int attestations_write(const char *path, const char *id, struct error *e);

#endif
