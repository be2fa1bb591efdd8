/*
 * A chain, a model or a dataset in the forms that archives and other programs take: `store export ID FILE`,
 * the form by the end of FILE.
 *
 *	.intoto.jsonl   the attestations of the chain (audit/attestations.h)
 *	.md             of a model, or scores: a model card (audit/card.h)
 *	.croissant      of records: a folder with their description and table (audit/croissant.h)
 *	.crate          a folder: a Workflow Run RO-Crate of the chain (audit/crate.h)
 */
#ifndef AUDIT_DEPOSIT_H
#define AUDIT_DEPOSIT_H

#include <stdbool.h>

#include "common/error.h"
#include "store/artifact.h"

bool deposit_is_name(const char *path);

/* 0, or -1 with e filled. */
int deposit_export(const struct artifact *a, const char *path, struct error *e);

#endif
