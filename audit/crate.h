/*
 * A chain as a Workflow Run RO-Crate 0.5 (w3id.org/ro/wfrun/workflow): a folder with the pipeline's make file
 * as the workflow, an action per stage that ran, and, of each artifact, its header and its action entry. What
 * archives of research data take.
 *
 *	status = crate_write("probe.crate", scores, &e);      // in a checkout: pipeline.mk is copied
 */
#ifndef AUDIT_CRATE_H
#define AUDIT_CRATE_H

#include "common/error.h"
#include "store/artifact.h"

/* 0, or -1 with e filled. */
int crate_write(const char *path, const struct artifact *a, struct error *e);

#endif
