/*
 * Arms in a sentence: those that are seeds of one NAME take little room, and none of their own where all of
 * them are meant.
 *
 *	char *names = naming_of(meant, all);    // "halves, finetuned@1 @3", of halves@1 halves@2 ...
 */
#ifndef STAGES_EVALUATE_NAMING_H
#define STAGES_EVALUATE_NAMING_H

#include <jansson.h>

/* Arrays of names; all: of the whole study. Yours to free. */
char *naming_of(const json_t *names, const json_t *all);

#endif
