/*
 * Artifacts in other programs' formats: `store export ID FILE`.
 *
 *	embeddings   .npz           each table as [n][values] float32 with its records; numpy.load reads it;
 *	                            beside the rows of `label`: id, patient, path, classes (names with ';'
 *	                            between)
 *	model        .safetensors   the tensors under their names and shapes; config and views as metadata
 *	scores       .csv           a line per record of folds 9 and 10: record, id, patient, path, fold,
 *	                            classes (names, ';' between), a probability per class
 */
#ifndef STORE_EXPORT_H
#define STORE_EXPORT_H

#include "store/artifact.h"

/* Write path anew, whole or not at all. 0, or -1 with e filled: a kind that has no such format, a file that
 * cannot be written. */
int export_artifact(const struct artifact *a, const char *path, struct error *e);

/* If there is a key (store/signing.h), write <path>.sig, which says that this file was exported from that
 * artifact (trust/sigstore.h). 0, or -1 with e filled. */
int export_sign(const char *path, const char *artifact, struct error *e);

#endif
