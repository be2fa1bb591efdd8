/*
 * What of an artifact comes from a remote: its header, its manifest, and spans of records, several at once,
 * each checked (remote/manifest.h) before it is handed on, in the order in which they were asked for.
 *
 *	fetch_header(&h, session, id, &e);                  // 1, 0 not there, -1
 *	fetch_manifest(&m, session, &h, &e);
 *	fetch_spans(remote, wanted, n, "pull signals 3fa9c1d2", take, context, &e);
 */
#ifndef REMOTE_FETCH_H
#define REMOTE_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "remote/manifest.h"
#include "remote/session.h"
#include "store/sharing.h"

/* 1, 0 if the remote has no artifact of that id, or -1 with e filled. h is to be released either way. */
int fetch_header(struct header *h, struct session *s, const char *id, struct error *e);
/* 0, or -1 with e filled: also when there is none. m is to be released either way. */
int fetch_manifest(struct manifest *m, struct session *s, const struct header *h, struct error *e);

struct fetch_wanted {
	int table; /* number in the header */
	const struct span *span;
};

/* A record of a span that was checked. */
struct fetch_record {
	int table;
	const uint8_t *key, *value; /* borrowed for the call */
	size_t key_bytes, value_bytes;
	const struct digest *leaf;
};

/* Call take for each record of the spans, which are given table by table and ascending: that keys ascend
 * through all spans of a table is checked too. 0, or -1 with e filled: by take, or because something was not
 * as it must be. what: on the progress bar. */
int fetch_spans(const struct sharing *remote, const struct fetch_wanted *wanted, size_t n, const char *what,
		int (*take)(const struct fetch_record *r, void *context, struct error *e), void *context,
		struct error *e);
/* What was kept of these, lest it come again (remote/kept.h), is not needed any more: they are published. */
void fetch_forget(const struct fetch_wanted *wanted, size_t n);

#endif
