/*
 * What a stage leaves in its run's folder once its result is in the store: for Make <stage>.id,
 * .key.json, .txt and, last, .stamp, which holds the id too (docs/pipeline.md); for people the files of the
 * artifact in <stage>/. All are replaced only if they differ, so that Make stops where content is equal. Dies
 * when the folder cannot be written.
 */
#ifndef STORE_OUTCOME_H
#define STORE_OUTCOME_H

#include "common/stamp.h"
#include "store/request.h"

/* Before anything is read: make the folder, take T0 of its clock and remove what killed
 * processes left in it. */
void outcome_begin(struct stamp *t0, const struct request *r);

/* Leave all, and print the result to stdout. */
void outcome_leave(const struct request *r, const struct stamp *t0);

#endif
