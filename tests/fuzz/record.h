/*
 * What every reader of recordings owes: a record of one to twelve leads whose bytes are as many as its header
 * says, or a reason.
 *
 *	struct error e = {0};
 *	struct record r = {0};
 *	record_check(edf_read(&r, "fuzz.edf", bytes, n_bytes, &e), &r, &e);
 */
#ifndef TESTS_FUZZ_RECORD_H
#define TESTS_FUZZ_RECORD_H

#include <stdlib.h>

#include "ecg/record.h"

/* Aborts if it is not so; releases r. */
static inline void record_check(int result, struct record *r, const struct error *e)
{
	if (result < 0) {
		if (!e->text[0])
			abort();
		return;
	}
	size_t n = json_array_size(json_object_get(r->header, "leads"));
	size_t samples = (size_t)json_integer_value(json_object_get(r->header, "samples"));
	if (n < 1 || n > LEADS || samples < 1 || json_array_size(json_object_get(r->header, "gain")) != n ||
	    (r->n_bytes != samples * n * 2 && r->n_bytes != samples * n * 4))
		abort();
	record_release(r);
}

#endif
