#include "remote/fetch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/progress.h"
#include "common/die.h"
#include "remote/conveyor.h"
#include "remote/kept.h"
#include "remote/pace.h"
#include "remote/stream.h"
#include "store/artifact_layout.h"

enum { THREADS = 8 };
#define QUICK_LINE     200e6		    /* bytes a second */
#define PROGRESS_LEAST ((uint64_t)16 << 20) /* bytes that may take long enough to show */
#define BUDGET	       ((size_t)48 << 20)

/* ---- header and manifest ---- */

int fetch_header(struct header *h, struct session *s, const char *id, struct error *e)
{
	struct bytes text = {0};
	struct digest d;
	*h = (struct header){0};
	if (digest_parse(&d, id) < 0)
		return error_set(e, NULL, 0, "'%.80s' is not an id (64 lower-case hex digits)", id);
	int status = session_get(s, &d, HEADER_MOST, &text, e);
	if (status == 1 && header_read(h, id, text.first, text.n, e) < 0)
		status = -1;
	free(text.first);
	return status;
}

/* The digest of the manifest: 1, 0 or -1. */
static int find_manifest(struct digest *d, struct session *s, const struct header *h, struct error *e)
{
	struct bytes hex = {0};
	struct digest where = manifest_key(h->id);
	char key[DIGEST_HEX];
	digest_hex(key, &where);
	int status = session_get_entry(s, key, DIGEST_HEX - 1, &hex, e);
	bytes_add(&hex, "", 1);
	if (status == 1 && (hex.n != DIGEST_HEX || digest_parse(d, hex.first) < 0))
		status = error_set(e, NULL, 0, "ac/%.12s of the remote is no digest of a manifest", key);
	free(hex.first);
	return status;
}

int fetch_manifest(struct manifest *m, struct session *s, const struct header *h, struct error *e)
{
	struct bytes text = {0};
	struct digest d;
	*m = (struct manifest){0};
	int status = find_manifest(&d, s, h, e);
	if (status == 1)
		status = session_get(s, &d, manifest_most(h), &text, e);
	if (status == 1)
		status = manifest_read(m, h, text.first, text.n, e);
	else if (status == 0)
		status = error_set(
			e, NULL, 0,
			"the remote has artifact %.12s but not its manifest; who sent it may send it "
			"again",
			h->id);
	free(text.first);
	return status;
}

/* ---- spans: fetched by several threads ---- */

/* What came of a span that is wanted. */
struct arrived {
	struct bytes bytes;
	struct digest *leaves;
};

struct fetch {
	const struct sharing *remote;
	const struct fetch_wanted *wanted;
	struct arrived *arrived;
	double began_s;
	_Atomic size_t n_arrived; /* bytes */
};

static void *begin(void *context, struct error *e)
{
	const struct fetch *f = context;
	return session_open(f->remote, e);
}

static void end(void *own)
{
	session_close(own);
}

static int refuse(const struct digest *d, const char *what, struct error *e)
{
	char hex[DIGEST_HEX];
	digest_hex(hex, d);
	return error_set(e, NULL, 0, "segment %.12s of the remote %s", hex, what);
}

/* Room grows with what came, not with what a manifest says will come. */
static int fetch_segment(struct session *s, struct bytes *bytes, const struct span *span, size_t i,
			 struct error *e)
{
	const struct digest *d = &span->segment[i];
	size_t before = bytes->n, n = span_segment_bytes(span, i);
	int status = session_get(s, d, n, bytes, e);
	if (status < 0)
		return -1;
	if (status == 0)
		return refuse(d, "is not there; who sent the artifact may send it again", e);
	if (bytes->n - before != n)
		return refuse(d, "has another length than the manifest says", e);
	if (span_segments(span) == 1)
		return 0; /* the span's cover says more */
	struct digest own = digest_of(bytes->first + before, n);
	return memcmp(&own, d, sizeof own) ? refuse(d, "does not hash to its name", e) : 0;
}

static int fetch_segments(struct session *session, struct bytes *bytes, const struct span *span,
			  struct error *e)
{
	int status = 0;
	for (size_t k = 0; k < span_segments(span) && status == 0; k++)
		status = fetch_segment(session, bytes, span, k, e);
	return status;
}

/* Whether it was kept by a pull before this; one that is not sound is fetched. */
static bool take_kept(struct arrived *a, const struct span *span)
{
	if (kept_read(span, &a->bytes) &&
	    manifest_check(&a->leaves, span, (uint8_t *)a->bytes.first, NULL) == 0)
		return true;
	a->bytes.n = 0;
	return false;
}

/* Writing all twice takes longer than such a line takes to bring it again. */
static bool is_line_slow(const struct fetch *f)
{
	return (double)f->n_arrived < QUICK_LINE * (pace_now_s() - f->began_s);
}

static int fetch_span(void *context, void *own, size_t i, struct error *e)
{
	struct fetch *f = context;
	struct arrived *a = &f->arrived[i];
	const struct span *span = f->wanted[i].span;
	bool is_kept = !session_is_local(own);
	if (is_kept && take_kept(a, span))
		return 0;
	if (fetch_segments(own, &a->bytes, span, e) < 0 ||
	    manifest_check(&a->leaves, span, (uint8_t *)a->bytes.first, e) < 0)
		return -1;
	f->n_arrived += a->bytes.n;
	if (is_kept && is_line_slow(f))
		kept_write(span, &a->bytes);
	return 0;
}

/* The stream, and a body that is as long. */
static size_t cost(void *context, size_t i)
{
	const struct fetch *f = context;
	const struct span *span = f->wanted[i].span;
	return (size_t)span->n_bytes + span_segment_bytes(span, 0);
}

static void empty(struct arrived *a)
{
	free(a->bytes.first);
	free(a->leaves);
	*a = (struct arrived){0};
}

/* ---- and handed on, in order ---- */

struct sink {
	int (*take)(const struct fetch_record *r, void *context, struct error *e);
	void *context;
	int table;			/* of the last record */
	uint8_t last[ARTIFACT_MAX_KEY]; /* its key */
	size_t last_bytes;
};

static int hand_on(struct sink *sink, const struct fetch_record *r, struct error *e)
{
	if (r->table != sink->table)
		sink->last_bytes = 0;
	if (!artifact_ascends(sink->last, sink->last_bytes, r->key, r->key_bytes))
		return error_set(e, NULL, 0,
				 "records from the remote are not in the order of their keys; nothing of "
				 "them is kept");
	sink->table = r->table;
	sink->last_bytes = r->key_bytes;
	memcpy(sink->last, r->key, r->key_bytes);
	return sink->take(r, sink->context, e);
}

static int hand_on_all(struct sink *sink, int table, const struct arrived *a, struct error *e)
{
	struct stream s = {(const uint8_t *)a->bytes.first, a->bytes.n};
	struct stream_record r;
	int status = 0;
	for (size_t i = 0; status == 0 && stream_next(&s, &r, e) > 0; i++)
		status = hand_on(sink,
				 &(struct fetch_record){table, r.key, r.value, r.key_bytes, r.value_bytes,
							&a->leaves[i]},
				 e);
	return status;
}

static uint64_t bytes_of(const struct fetch_wanted *wanted, size_t n)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += wanted[i].span->n_bytes;
	return sum;
}

int fetch_spans(const struct sharing *remote, const struct fetch_wanted *wanted, size_t n, const char *what,
		int (*take)(const struct fetch_record *r, void *context, struct error *e), void *context,
		struct error *e)
{
	struct fetch f = {remote, wanted, die_calloc(n + 1, sizeof(struct arrived)), pace_now_s(), 0};
	struct sink sink = {.take = take, .context = context, .table = -1};
	struct progress bar;
	int status = 0;
	bool is_shown = bytes_of(wanted, n) >= PROGRESS_LEAST;
	if (is_shown)
		progress_start(&bar, what, "B", bytes_of(wanted, n));
	const struct conveyor_work work = {.context = &f,
					   .begin = begin,
					   .end = end,
					   .run = fetch_span,
					   .cost = cost,
					   .budget = BUDGET,
					   .n_threads = THREADS};
	struct conveyor *c = conveyor_start(&work, n);
	for (size_t i = 0; status == 0 && (status = conveyor_take(c, e)) > 0; i++) {
		status = hand_on_all(&sink, wanted[i].table, &f.arrived[i], e);
		empty(&f.arrived[i]);
		if (is_shown)
			progress_step(&bar, wanted[i].span->n_bytes);
		conveyor_give_back(c);
	}
	conveyor_stop(c);
	if (is_shown)
		progress_end(&bar);
	for (size_t i = 0; i < n; i++)
		empty(&f.arrived[i]);
	free(f.arrived);
	return status;
}

void fetch_forget(const struct fetch_wanted *wanted, size_t n)
{
	for (size_t i = 0; i < n; i++)
		kept_remove(wanted[i].span);
}
