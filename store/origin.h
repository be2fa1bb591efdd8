/*
 * What the user calls the records of an artifact. Table `origin` of signals and of what is made of them:
 * record -> canonical JSON {"id":TEXT,"path":TEXT,"patient":TEXT}; members that are not known are absent.
 * docs/data.md, Ids.
 *
 *	char *name = origin_name(embeddings, record);   // "JS00017"; a record without origin: its number
 */
#ifndef STORE_ORIGIN_H
#define STORE_ORIGIN_H

#include <jansson.h>
#include <stdint.h>

#include "store/artifact.h"

/* The record's id as the dataset gives it, or its number in decimal. Yours to free. */
char *origin_name(const struct artifact *a, uint64_t record);

/* All that is known; an empty object if nothing is. In artifacts of kind records from table `subject`, which
 * has more members. New reference. Dies if it is no JSON object. */
json_t *origin_read(const struct artifact *a, uint64_t record);

/* Call f for each record whose origin has this text as this member, in the order of keys; origin is f's only
 * until it returns. 0, or -1 with e filled: the table is damaged. */
int origin_search(const struct artifact *a, const char *member, const char *text,
		  void (*f)(uint64_t record, const json_t *origin, void *context), void *context,
		  struct error *e);

#endif
