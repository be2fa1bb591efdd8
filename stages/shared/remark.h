/*
 * Sentences about classes, for people: one for a class, one for several together, so that 71
 * classes do not give 71.
 *
 *	json_t *text = remark_classes(classes, is_absent, "Fold 10 has no record of class %s.",
 *				      "Fold 10 has no record of %d classes (%s).");
 */
#ifndef STAGES_SHARED_REMARK_H
#define STAGES_SHARED_REMARK_H

#include <jansson.h>
#include <stdbool.h>

/* classes: array of names, meant[c] those the sentence is about. NULL: none is; otherwise a new reference.
 * `one` has a %s for the name; `many` a %d for how many and then a %s for their names. */
json_t *remark_classes(const json_t *classes, const bool *meant, const char *one, const char *many);

#endif
