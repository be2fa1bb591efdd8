/*
 * "Did you mean": the known name most like one that was mistyped.
 *
 *	nearest_name("temprature", names, n)        // "temperature"
 */
#ifndef COMMON_NEAREST_H
#define COMMON_NEAREST_H

#include <stddef.h>

/* Of n candidates the one that the fewest slips turn into name (a letter more, less or other, two swapped),
 * at most one in three letters; NULL if none is that close. Borrowed from candidates. */
const char *nearest_name(const char *name, const char *const *candidates, size_t n);

#endif
