/*
 * A remote as a dumb store of bytes under names: `cas/<SHA-256>` (content) and `ac/<SHA-256>` (what a key
 * stands for). No list, no removal; what is damaged can be replaced. Nothing that comes out is trusted: who
 * asks checks it (remote/manifest.h, remote/pull.h, store/action.h).
 *
 *	struct transport *t;
 *	if (transport_open(&t, "/mnt/team/ecg", &options, &e) < 0) ...
 *	int there = transport_get(t, "ac/<key>", 1 << 20, &body, &e);     // 1, 0 absent, -1 failed
 *	transport_close(t);
 *
 * Each thread opens its own. What may pass (a lost connection, a server that is busy) is tried again inside,
 * within the options' time. To add a kind of remote: a file transport_<kind>.c with a struct transport_kind,
 * and a row in remote/transport.c.
 */
#ifndef REMOTE_TRANSPORT_H
#define REMOTE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "store/bytes.h"

struct transport_options {
	int timeout_s; /* to connect, and of silence while bytes are due; from 1 */
};

struct transport;

struct transport_kind {
	const char *name;  /* "folder" */
	bool is_local;	   /* reading twice costs no more than keeping a copy */
	bool wants_plain;  /* content under cas/ must hash to its name as it is sent */
	const char *takes; /* what its URLs look like, for messages */
	bool (*accepts)(const char *url);
	struct transport *(*open)(const char *url, const struct transport_options *o, struct error *e);
	int (*get)(struct transport *t, const char *path, size_t max, struct bytes *body, struct error *e);
	int (*head)(struct transport *t, const char *path, struct error *e);
	int (*put)(struct transport *t, const char *path, const void *bytes, size_t n, bool is_replacing,
		   struct error *e);
	int (*flush)(struct transport *t, struct error *e); /* NULL: nothing to do */
	void (*clean)(struct transport *t);		    /* NULL likewise */
	void (*close)(struct transport *t);
};

/* First member of each kind's own struct. */
struct transport {
	const struct transport_kind *kind;
};

/* 0, or -1 with e filled: no kind takes this URL, or it cannot be reached. */
int transport_open(struct transport **t, const char *url, const struct transport_options *o, struct error *e);
/* NULL is allowed. */
void transport_close(struct transport *t);

/* The bytes under a name, appended to body: 1, 0 if there are none, -1 with e filled. With a cause: it cannot
 * be told what is there; without: it is damaged, for example longer than max. */
int transport_get(struct transport *t, const char *path, size_t max, struct bytes *body, struct error *e);
/* Whether there are any: 1, 0 or -1. */
int transport_head(struct transport *t, const char *path, struct error *e);
/* Put bytes under a name unless there are some: 1, 0 if there were, -1 with e filled. Whole or not at all: a
 * reader never sees a part. */
int transport_put(struct transport *t, const char *path, const void *bytes, size_t n, struct error *e);
/* Put bytes under a name in place of what is there: 1, or -1 with e filled. Whole or not at all likewise. */
int transport_replace(struct transport *t, const char *path, const void *bytes, size_t n, struct error *e);
/* What was put into this remote before, by any thread, survives a power cut. */
int transport_flush(struct transport *t, struct error *e);
/* Removes what killed writers left, where this user may; the first put of a transport does so, too. */
void transport_clean(struct transport *t);

/* Whether path is cas/ or ac/ and 64 lower-case hex digits: a BUG in all of the above if it is not. */
bool transport_is_path(const char *path);

#endif
