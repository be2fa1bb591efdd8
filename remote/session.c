#include "remote/session.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/die.h"
#include "remote/beat.h"
#include "remote/compression.h"
#include "remote/pace.h"

struct session {
	struct transport *transport;
	struct compression *compression;
	struct bytes body;	/* used again and again */
	double began_s, busy_s; /* its thread's clocks (remote/pace.h) when it last put something */
};

#define BODY_KEPT ((size_t)6 << 20)
/* Of the first pieces, and then of one in so many, a sample is compressed to see what that would bring. */
enum { FIRST = 4, SAMPLED = 64 };

/* What a byte takes to go, what it takes to be compressed, and what share of a byte is saved by that; and how
 * much of the last pieces' time went by on processors or waiting for one. All threads share the line and the
 * processors: of the time that a piece takes to go counts what is left if it is shared by those that are
 * sending, of compressing the processors' time, shared by all of them. */
static struct {
	pthread_mutex_t lock;
	int n_sending; /* threads */
	struct pace sending, shrinking;
	double saved;
	double all_s, busy_s;
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
	s->began_s = pace_now_s();
	s->busy_s = pace_busy_s();
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

/* How many do, this one included. */
static int begin_sending(void)
{
	pthread_mutex_lock(&line.lock);
	int n = ++line.n_sending;
	pthread_mutex_unlock(&line.lock);
	return n;
}

/* n_then: how many were sending when this one began. */
static void end_sending(double began_s, int n_then, size_t n)
{
	double now_s = pace_now_s();
	pthread_mutex_lock(&line.lock);
	double share = 2.0 / (n_then + line.n_sending--);
	if (n)
		pace_note(&line.sending, now_s - share * (now_s - began_s), n);
	pthread_mutex_unlock(&line.lock);
}

/* began_s: of the thread's own clock. */
static void note_shrinking(double began_s, size_t n, double saved)
{
	long n_processors = sysconf(_SC_NPROCESSORS_ONLN);
	double s = (pace_own_s() - began_s) / (double)(n_processors > 1 ? n_processors : 1);
	pthread_mutex_lock(&line.lock);
	line.saved = line.shrinking.s > 0 ? 0.75 * line.saved + 0.25 * saved : saved;
	pace_note(&line.shrinking, pace_now_s() - s, n);
	pthread_mutex_unlock(&line.lock);
}

static void sample(struct session *s, const struct content *c)
{
	double began_s = pace_own_s();
	empty_body(s);
	double saved = compression_sample(s->compression, &s->body, c->bytes, c->n);
	note_shrinking(began_s, COMPRESSION_SAMPLE, saved);
}

/* Compressing is worth its time where sending what it saves takes longer, unless it is the processors that
 * all wait for: then the line only seems slow. */
static bool is_shrinking(struct session *s, const struct content *c)
{
	if (c->n < PACE_LEAST)
		return true;
	pthread_mutex_lock(&line.lock);
	unsigned i = line.n_pieces++;
	pthread_mutex_unlock(&line.lock);
	if (i < FIRST || i % SAMPLED == 0)
		sample(s, c);

	pthread_mutex_lock(&line.lock);
	bool is = line.shrinking.s < line.saved * line.sending.s && 2 * line.busy_s < line.all_s;
	pthread_mutex_unlock(&line.lock);
	return is;
}

/* Bytes sent, 0 or -1. */
static int64_t send(struct session *s, const char *name, const struct content *c, const void *bytes, size_t n,
		    struct error *e)
{
	double began_s = pace_now_s();
	int n_then = begin_sending();
	int status = c->is_checked ? transport_replace(s->transport, name, bytes, n, e)
				   : transport_put(s->transport, name, bytes, n, e);
	end_sending(began_s, n_then, status == 1 ? n : 0);
	return status == 1 ? (int64_t)n : status;
}

static int64_t send_frame(struct session *s, const char *name, const struct content *c, struct error *e)
{
	double began_s = pace_own_s();
	empty_body(s);
	compression_shrink(s->compression, &s->body, c->bytes, c->n);
	if (c->n >= PACE_LEAST)
		note_shrinking(began_s, c->n, s->body.n < c->n ? 1 - (double)s->body.n / (double)c->n : 0);
	return send(s, name, c, s->body.first, s->body.n, e);
}

/* Where the time since this thread's last piece went. */
static void note_time(struct session *s)
{
	double now_s = pace_now_s(), busy_s = pace_busy_s();
	pthread_mutex_lock(&line.lock);
	line.all_s = 0.9 * line.all_s + now_s - s->began_s;
	line.busy_s = 0.9 * line.busy_s + busy_s - s->busy_s;
	pthread_mutex_unlock(&line.lock);
	s->began_s = now_s;
	s->busy_s = busy_s;
}

int64_t session_put(struct session *s, const struct content *c, struct error *e)
{
	struct name name = name_of(&c->digest);
	int there = c->is_checked ? has_same(s, c) : transport_head(s->transport, name.text, e);
	bool is_framed = !s->transport->kind->wants_plain && !there &&
			 (compression_is_frame(c->bytes, c->n) || (!c->is_plain && is_shrinking(s, c)));
	int64_t sent = there	   ? (there < 0 ? -1 : 0)
		       : is_framed ? send_frame(s, name.text, c, e)
				   : send(s, name.text, c, c->bytes, c->n, e);
	if (c->n >= PACE_LEAST)
		note_time(s);
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
