/*
 * The runs of a tree and what they name: <runs>/<run>/<stage>.id, and of a comparison
 * <runs>/<run>/arms/<arm>/<stage>.id.
 *
 *	runs_each("build/runs", see, &context, &e);    // see("default/halves@2", "pretrain", id, context)
 */
#ifndef STORE_RUNS_H
#define STORE_RUNS_H

#include "common/error.h"
#include "store/digest.h"

/* Call f for each .id file, run by run in the order of names: run is "<run>" or "<run>/<arm>" ("." for files
 * in the folder itself), stage the file's name without ".id". 0, or -1 with e filled: a folder cannot be
 * opened, or one of the files holds no id; then all others were seen, and e is about the first. */
int runs_each(const char *runs,
	      void (*f)(const char *run, const char *stage, const char id[DIGEST_HEX], void *context),
	      void *context, struct error *e);

#endif
