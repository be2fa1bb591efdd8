/*
 * Where artifacts are shared: store.yaml in the working folder (docs/sharing.md),
 *
 *	remote:
 *	  url: /mnt/team/ecg
 *	  access: read-write     # read-only: look there, send nothing
 *	  timeout_s: 5
 *	  patience_s: 600
 *
 * or $EINTHOVEN_REMOTE, a URL that is looked at and nothing sent to ("none" or empty: no remote, whatever the
 * file says).
 *
 *	struct sharing s;
 *	if (sharing_read(&s, &e) < 0) ...
 *	if (s.url) ...
 *	sharing_release(&s);
 */
#ifndef STORE_SHARING_H
#define STORE_SHARING_H

#include <stdbool.h>

#include "common/error.h"

struct sharing {
	char *url; /* NULL: nowhere */
	bool can_write;
	int timeout_s;	/* to connect, and of silence */
	int patience_s; /* of a stage, while nothing comes or goes; 20 times that for all of a result */
};

/* 0, or -1 with e filled: the file says something else. s is to be released either way. */
int sharing_read(struct sharing *s, struct error *e);
void sharing_release(struct sharing *s);

#endif
