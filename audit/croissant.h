/*
 * Records as a Croissant 1.0 dataset (mlcommons.org/croissant): a folder with croissant.json and the table
 * records.csv that it describes, a line per record: what the dataset says of it, not its signal. Raw files
 * stand in it with their digests. It holds what the subjects are called: as confidential as the dataset is.
 *
 *	status = croissant_write("ptbxl.croissant", records, &e);
 */
#ifndef AUDIT_CROISSANT_H
#define AUDIT_CROISSANT_H

#include "common/error.h"
#include "store/artifact.h"

/* 0, or -1 with e filled: another kind than records, a folder that is there. */
int croissant_write(const char *path, const struct artifact *records, struct error *e);

#endif
