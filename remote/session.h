/*
 * One thread's way to a remote: its transport, and what content goes through on it (remote/compression.h).
 *
 *	struct session *s = session_open(remote, &e);
 *	int there = session_get(s, &digest, max, &plain, &e);     // 1, 0, -1
 *	int64_t sent = session_put(s, &(struct content){digest, bytes, n}, &e);   // 0: it was there
 *	session_close(s);
 */
#ifndef REMOTE_SESSION_H
#define REMOTE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "remote/transport.h"
#include "store/digest.h"
#include "store/sharing.h"

struct session;

struct session *session_open(const struct sharing *remote, struct error *e);
/* NULL is allowed. */
void session_close(struct session *s);
struct transport *session_transport(struct session *s);
/* Whether what it brings may as well be brought again. */
bool session_is_local(const struct session *s);

/* Append the content of cas/<digest>, at most max bytes, to plain: 1, 0 if there is none, -1 with e filled.
 * That it hashes to its name is NOT checked here. */
int session_get(struct session *s, const struct digest *d, size_t max, struct bytes *plain, struct error *e);
/* What is to stand under cas/<digest>; bytes are borrowed. */
struct content {
	struct digest digest; /* of the bytes */
	const void *bytes;
	size_t n;
	bool is_plain;	 /* goes as it is */
	bool is_checked; /* what is there already is fetched, and replaced if it is damaged */
};

/* Put content unless it is there, compressed if sending would take longer than that: bytes sent, 0 if it was
 * there, or -1 with e filled. */
int64_t session_put(struct session *s, const struct content *c, struct error *e);

/* What stands under ac/<key>, at most max bytes; and to put something there. As transport_get and _put. */
int session_get_entry(struct session *s, const char *key, size_t max, struct bytes *text, struct error *e);
int session_put_entry(struct session *s, const char *key, const void *text, size_t n, struct error *e);
/* In place of what stands there: 1, or -1. */
int session_replace_entry(struct session *s, const char *key, const void *text, size_t n, struct error *e);

#endif
