/*
 * What stands for a source of records in the action key: a digest of the bytes behind its path. Dies, naming
 * the file, where something cannot be read.
 */
#ifndef STAGES_FETCH_IDENTITY_H
#define STAGES_FETCH_IDENTITY_H

#include "ecg/layout.h"
#include "store/digest.h"

struct digest identity_of_file(const char *path);

/* The dataset's SHA256SUMS.txt stands for its signals: each is checked against it when it is read. The tables
 * are hashed here too, so that an edited label is an error (or, without sums for it, another key), never a
 * hit. *name: of what it is the digest, for the provenance. */
struct digest identity_of_folder(const char *path, const struct layout_choice *choice, const char **name);

#endif
