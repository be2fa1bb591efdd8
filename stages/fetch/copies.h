/*
 * Records that are one recording under several names: what a list of files cannot show, and what would train
 * and test alike.
 *
 *	struct copies *c = copies_new();
 *	copies_add(c, i, r->line, &record);              // of each record of the dataset, as it is read
 *	if (copies_find(c, dataset, &e) > 0)             // reads again those that may be
 *		die("%s", copies_first(c, dataset_catalog(dataset)));
 *	copies_free(c);
 *
 * A copy has the same leads, rate, gains and samples; rewritten in other units, cut or resampled it is not
 * noticed. A record none of whose leads ever moves is nobody's copy: a recorder that was off says nothing of
 * whom. Memory: 16 bytes a record.
 */
#ifndef STAGES_FETCH_COPIES_H
#define STAGES_FETCH_COPIES_H

#include <stddef.h>

#include "common/error.h"
#include "ecg/dataset.h"

struct copies;

struct copies *copies_new(void);
void copies_free(struct copies *c);

/* Record i of the catalogue, which stands in that line; nothing of r is kept. */
void copies_add(struct copies *c, size_t i, long line, const struct record *r);

/* How many records are copies of one in a line before theirs, rows of one file not counted; -1 with e filled
 * if a file cannot be read again. Once all are added. */
long copies_find(struct copies *c, struct dataset *d, struct error *e);

/* After copies_find found some: "record B is the same recording as record A, sample by sample (3 such
 * records)". Yours to free. */
char *copies_first(const struct copies *c, const struct catalog *catalog);
/* The others, on stderr, if they are few. */
void copies_name_others(const struct copies *c, const struct catalog *catalog);

#endif
