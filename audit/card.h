/*
 * A model card (Mitchell et al. 2019) filled from the artifacts: Markdown with the YAML front matter that
 * model hubs read. Each number stands with the id of the artifact it is in; what the artifacts do not say is
 * not said.
 *
 *	status = card_write("model.md", a, &e);     // kind model, or scores: the model they judge
 */
#ifndef AUDIT_CARD_H
#define AUDIT_CARD_H

#include "common/error.h"
#include "store/artifact.h"

/* 0, or -1 with e filled. */
int card_write(const char *path, const struct artifact *a, struct error *e);

#endif
