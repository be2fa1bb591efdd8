#include "remote/session.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "remote/beat.h"
#include "remote/compression.h"
#include "remote/pace.h"

struct session {
	struct transport *transport;
	struct compression *compression;
	struct bytes body; /* used again and again */
};

#define BODY_KEPT ((size_t)6 << 20)
enum { TRIAL = 64 }; /* one piece of so many goes the other way */

/* What content takes to go as it is, and what if it is compressed before: of all threads, since they share
 * the line and the processors. */
static struct {
	pthread_mutex_t lock;
	struct pace whole, shrunk;
	unsigned n_pieces;
} line = {.lock = PTHREAD_MUTEX_INITIALIZER};

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

/* From s->body. What came as it is into an empty buffer is not copied. */
static int unpack(struct session *s, size_t max, struct bytes *plain, struct error *e)
{
	const struct bytes *b = &s->body;
	if (!s->transport->kind->wants_plain && compression_is_frame(b->first, b->n))
		return compression_restore(s->compression, plain, b->first, b->n, max, e);
	if (b->n > max)
		return error_set(e, NULL, 0, "content from the remote is longer than it should be");
	if (plain->n)
		bytes_add(plain, b->first, b->n);
	else
		swap(plain, &s->body);
	return 0;
}

int session_get(struct session *s, const struct digest *d, size_t max, struct bytes *plain, struct error *e)
{
	struct name name = name_of(d);
	empty_body(s);
	int status = transport_get(s->transport, name.text, compression_most(max), &s->body, e);
	if (status == 1 && unpack(s, max, plain, e) < 0)
		status = -1;
	if (status == 1)
		beat_once();
	return status;
}

/* What cannot be read is not the same, whatever the reason: if that is the way there, putting it tells. */
static bool has_same(struct session *s, const struct content *c)
{
	struct bytes there = {0};
	struct error unused = {0};
	int status = session_get(s, &c->digest, c->n, &there, &unused);
	bool is_same = status == 1 && there.n == c->n && !memcmp(there.first, c->bytes, c->n);
	free(there.first);
	return is_same;
}

/* Compressing is worth its time where sending takes longer than that. Pieces go one way and the other until
 * both are known, then the quicker one, and now and then the other again. */
static bool is_shrinking(size_t n)
{
	if (n < PACE_LEAST)
		return true;
	pthread_mutex_lock(&line.lock);
	unsigned i = line.n_pieces++;
	bool is_known = line.whole.s > 0 && line.shrunk.s > 0, is_trial = i % TRIAL == TRIAL - 1;
	bool is = is_known ? (line.shrunk.s < line.whole.s) != is_trial : i % 2 == 0;
	pthread_mutex_unlock(&line.lock);
	return is;
}

static void note(struct pace *p, double began_s, size_t n)
{
	pthread_mutex_lock(&line.lock);
	pace_note(p, began_s, n);
	pthread_mutex_unlock(&line.lock);
}

static int send(struct session *s, const char *name, const struct content *c, const void *bytes, size_t n,
		struct error *e)
{
	return c->is_checked ? transport_replace(s->transport, name, bytes, n, e)
			     : transport_put(s->transport, name, bytes, n, e);
}

/* Bytes sent, 0 or -1. */
static int64_t send_frame(struct session *s, const char *name, const struct content *c, struct error *e)
{
	double began_s = pace_now_s();
	empty_body(s);
	compression_shrink(s->compression, &s->body, c->bytes, c->n);
	int status = send(s, name, c, s->body.first, s->body.n, e);
	note(&line.shrunk, began_s, c->n);
	return status == 1 ? (int64_t)s->body.n : status;
}

static int64_t send_whole(struct session *s, const char *name, const struct content *c, struct error *e)
{
	double began_s = pace_now_s();
	int status = send(s, name, c, c->bytes, c->n, e);
	note(&line.whole, began_s, c->n);
	return status == 1 ? (int64_t)c->n : status;
}

int64_t session_put(struct session *s, const struct content *c, struct error *e)
{
	struct name name = name_of(&c->digest);
	int there = c->is_checked ? has_same(s, c) : transport_head(s->transport, name.text, e);
	bool is_framed = !s->transport->kind->wants_plain && !there &&
			 (compression_is_frame(c->bytes, c->n) || (!c->is_plain && is_shrinking(c->n)));
	int64_t sent = there	   ? (there < 0 ? -1 : 0)
		       : is_framed ? send_frame(s, name.text, c, e)
				   : send_whole(s, name.text, c, e);
	if (sent >= 0)
		beat_once();
	return sent;
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

int session_replace_entry(struct session *s, const char *key, const void *text, size_t n, struct error *e)
{
	struct name name;
	snprintf(name.text, sizeof name.text, "ac/%.64s", key);
	return transport_replace(s->transport, name.text, text, n, e);
}
