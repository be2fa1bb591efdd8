/*
 * Records that cannot be read: how many, of which folds, and why the first of them.
 *
 *	unreadable_add(&u, record, &e);
 *	char *too_many = unreadable_check(&u, n_records, max_excluded);   // NULL: they are few enough
 */
#ifndef STAGES_FETCH_UNREADABLE_H
#define STAGES_FETCH_UNREADABLE_H

#include <stddef.h>

#include "common/error.h"
#include "ecg/catalog.h"
#include "ecg/fold.h"

enum { UNREADABLE_SHOWN = 20 }; /* so many are named */

struct unreadable {
	size_t n, by_fold[FOLDS];
	struct {
		const char *name; /* in the catalogue */
		struct error why;
	} shown[UNREADABLE_SHOWN];
};

void unreadable_add(struct unreadable *u, const struct catalog_record *r, const struct error *why);

/* All n_records are read: name those of u. If they are more than the share `limit`, what to end with: the
 * first of them, and the limit that would do; yours to free. */
char *unreadable_check(const struct unreadable *u, size_t n_records, double limit);

#endif
