/*
 * A file that arrives over a network, perhaps in several runs. What has come is FILE.part, locked while a
 * process adds to it; FILE.from holds the server's validator of it and, once known, how long the whole is.
 * FILE appears, by rename after fsync, when it is whole.
 *
 *	struct arrival a;
 *	if (arrival_open(&a, "x.zip")) {              // false: it is there already
 *		if (a.have > 0) ...                       // ask for the rest of a.validator
 *		arrival_begin(&a, "\"etag\"", 1000);      // or begin anew
 *		arrival_add(&a, bytes, n);
 *		arrival_finish(&a);
 *	}
 *	arrival_close(&a);
 *
 * All here dies when the disk fails, naming the file and what to do.
 */
#ifndef REMOTE_ARRIVAL_H
#define REMOTE_ARRIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "remote/reply.h"

struct arrival {
	char *file, *part, *from;
	int fd;			     /* of part, locked */
	int64_t have, total;	     /* bytes on disk; of the whole file, -1 while unknown */
	char validator[REPLY_VALUE]; /* of the part; "": nothing that came can be continued */
};

/* Waits while another process fetches the same file. False if the file is there, whole. What came in an
 * earlier run and can be continued stays. */
bool arrival_open(struct arrival *a, const char *file);

/* Begin anew with a representation; total -1: not known. */
void arrival_begin(struct arrival *a, const char *validator, int64_t total);
/* The length of the whole is known now. */
void arrival_learn(struct arrival *a, int64_t total);
void arrival_add(struct arrival *a, const void *bytes, size_t n);
/* Forget what has come. */
void arrival_restart(struct arrival *a);
bool arrival_is_whole(const struct arrival *a);

/* Bytes that fit on the disk besides what has come. */
int64_t arrival_room(const struct arrival *a);

/* The part becomes the file. */
void arrival_finish(struct arrival *a);
/* Remove what has come. */
void arrival_remove(struct arrival *a);
void arrival_close(struct arrival *a);

#endif
