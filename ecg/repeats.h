/*
 * What must not stand in a list of records twice: a record (one recording would train and test), and a
 * patient in several folds.
 *
 *	struct repeats *r = repeats_new();
 *	repeats_add(r, "rec/r0", "P7", 3, 12);
 *	repeats_records(r, "labels.csv", &e);     // "labels.csv:19: record rec/r0 stands in line 12 too; ..."
 *	repeats_free(r);
 */
#ifndef ECG_REPEATS_H
#define ECG_REPEATS_H

#include "common/error.h"

struct repeats;

struct repeats *repeats_new(void);
void repeats_free(struct repeats *r);

void repeats_add(struct repeats *r, const char *path, const char *patient, int fold, long line);

/* 0, or -1 with e naming the first line that repeats a record, or puts a patient into another fold, and the
 * line before. */
int repeats_records(struct repeats *r, const char *file, struct error *e);
int repeats_patients(struct repeats *r, const char *file, struct error *e);

#endif
