/*
 * Removing a patient from the store: the artifacts that hold one (store/holders.h), what was made of them,
 * their action entries and pins, the checkpoints of unfinished work on them, and what pulls have begun to
 * bring. Their ids are noted (store/forgotten.h), so that they do not come back from a remote. What the store
 * cannot clean, and what must run again, is said.
 */
#ifndef STORE_FORGET_H
#define STORE_FORGET_H

#include <stdbool.h>
#include <stdio.h>

struct forget {
	const char *patient; /* as the dataset calls the patient */
	const char *within;  /* an id: only this artifact and what was made of it; NULL: all */
	const char *const
		*runs;	/* folders of runs (store/runs.h), to say what must run again; NULL-terminated */
	bool is_delete; /* else only list */
};

/* Dies, before anything is removed, if an object is damaged, so that it cannot be told whom it holds, if an
 * action entry cannot be read, so that it cannot be told what was made of whom, or if a stage runs, which
 * might publish more; one that begins meanwhile waits (store/lock.h). */
void forget_patient(FILE *out, const struct forget *f);

#endif
