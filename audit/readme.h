/*
 * The page that a bundle begins with, for who has nothing else: what this is, what is in it, how to check it
 * without any program of ours, and how to derive it again.
 */
#ifndef AUDIT_README_H
#define AUDIT_README_H

#include <jansson.h>

/* about: bundle.json. Markdown; yours to free. */
char *readme_text(const json_t *about, const json_t *findings);

#endif
