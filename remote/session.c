#include "remote/session.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/die.h"
#include "remote/compression.h"

struct session {
	struct transport *transport;
	struct compression *compression;
	struct bytes body; /* used again and again */
};

#define BODY_KEPT ((size_t)6 << 20)

struct session *session_open(const struct sharing *remote, struct error *e)
{
	struct transport *t;
	struct transport_options options = {.timeout_s = remote->timeout_s};
	if (transport_open(&t, remote->url, &options, e) < 0)
		return NULL;
	struct session *s = die_calloc(1, sizeof *s);
	s->transport = t;
	s->compression = compression_open(t->kind->is_local);
	return s;
}

void session_close(struct session *s)
{
	if (!s)
		return;
	transport_close(s->transport);
	compression_close(s->compression);
	free(s->body.first);
	free(s);
}

struct transport *session_transport(struct session *s)
{
	return s->transport;
}

bool session_is_local(const struct session *s)
{
	return s->transport->kind->is_local;
}

static void empty_body(struct session *s)
{
	if (s->body.room > BODY_KEPT) {
		free(s->body.first);
		s->body = (struct bytes){0};
	}
	s->body.n = 0;
}

struct name {
	char text[8 + DIGEST_HEX];
};

static struct name name_of(const struct digest *d)
{
	struct name name;
	char hex[DIGEST_HEX];
	digest_hex(hex, d);
	snprintf(name.text, sizeof name.text, "cas/%s", hex);
	return name;
}

static void swap(struct bytes *a, struct bytes *b)
{
	struct bytes kept = *a;
	*a = *b;
	*b = kept;
}

/* What comes as it is into an empty buffer is not copied. */
int session_get(struct session *s, const struct digest *d, size_t max, struct bytes *plain, struct error *e)
{
	struct name name = name_of(d);
	empty_body(s);
	int status = transport_get(s->transport, name.text, compression_most(max), &s->body, e);
	if (status == 1 && !plain->n && !compression_is_frame(s->body.first, s->body.n))
		swap(plain, &s->body);
	else if (status == 1 &&
		 compression_restore(s->compression, plain, s->body.first, s->body.n, max, e) < 0)
		return -1;
	return status;
}

static int64_t put(struct session *s, const char *name, const void *bytes, size_t n, struct error *e)
{
	int status = transport_put(s->transport, name, bytes, n, e);
	return status == 1 ? (int64_t)n : status;
}

int64_t session_put(struct session *s, const struct digest *d, const void *bytes, size_t n, struct error *e)
{
	struct name name = name_of(d);
	int status = transport_head(s->transport, name.text, e);
	if (status)
		return status < 0 ? -1 : 0;
	if (s->transport->kind->wants_plain)
		return put(s, name.text, bytes, n, e);
	empty_body(s);
	compression_shrink(s->compression, &s->body, bytes, n);
	return put(s, name.text, s->body.first, s->body.n, e);
}

int64_t session_put_plain(struct session *s, const struct digest *d, const void *bytes, size_t n,
			  struct error *e)
{
	struct name name = name_of(d);
	int status = transport_head(s->transport, name.text, e);
	return status ? (status < 0 ? -1 : 0) : put(s, name.text, bytes, n, e);
}

int session_get_entry(struct session *s, const char *key, size_t max, struct bytes *text, struct error *e)
{
	struct name name;
	snprintf(name.text, sizeof name.text, "ac/%.64s", key);
	return transport_get(s->transport, name.text, max, text, e);
}

int session_put_entry(struct session *s, const char *key, const void *text, size_t n, struct error *e)
{
	struct name name;
	snprintf(name.text, sizeof name.text, "ac/%.64s", key);
	return transport_put(s->transport, name.text, text, n, e);
}
