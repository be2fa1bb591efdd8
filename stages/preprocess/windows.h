/*
 * What is cut from long records: windows of one length, one after another, each a record of its own from here
 * on. The first keeps its record's number and id; window k of record "17" is called "17#k" and keyed by that
 * name. Patient, fold and labels are the record's. A record that fetch left out has one without a signal, so
 * that nobody who counts records misses it.
 *
 *	struct windows w = windows_plan(records, prepare, 0);       // 0: all there are
 *	for (size_t i = 0; i < w.n; i++)
 *		... w.list[i].record, w.list[i].number ...
 *	windows_release(&w);
 */
#ifndef STAGES_PREPROCESS_WINDOWS_H
#define STAGES_PREPROCESS_WINDOWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ecg/prepare.h"
#include "store/artifact.h"

struct window {
	uint64_t key, record; /* of the output and the input */
	int number;	      /* from 0 */
	bool is_last;	      /* of its record */
	bool is_lost; /* no signal: fetch could not read the record, table `excluded` of records says why */
};

struct windows {
	size_t n, n_lost;
	struct window *list; /* ascending keys */
};

/* At most so many of each record. Dies if two share a key. */
struct windows windows_plan(const struct artifact *records, const struct prepare *p, int most);
void windows_release(struct windows *w);

/* The id of a window, from its record's; new reference. */
json_t *windows_id(const char *id, int number);

#endif
