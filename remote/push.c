#include "remote/push.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/progress.h"
#include "remote/conveyor.h"
#include "remote/manifest.h"
#include "remote/session.h"
#include "remote/stream.h"
#include "store/artifact.h"
#include "store/guard.h"

enum { THREADS = 8 };
#define PROGRESS_LEAST ((uint64_t)16 << 20) /* bytes that may take long enough to show */
#define BUDGET	       ((size_t)48 << 20)
#define STREAM_KEPT    ((size_t)6 << 20)

/* A span of a table: one job. */
struct job {
	const char *table;
	struct span *span;
};

struct push {
	const struct sharing *remote;
	struct artifact *artifact;
	struct header header;
	struct manifest manifest;
	struct job *job;
	size_t n_jobs;
	size_t longest; /* stream of a job, of those that a thread keeps room for */
	bool is_checked;
	struct push_sum *sum;
	pthread_mutex_t lock; /* of *sum */
};

/* What a thread has. */
struct sender {
	struct session *session;
	struct bytes stream;
};

static void *begin(void *context, struct error *e)
{
	const struct push *p = context;
	struct session *session = session_open(p->remote, e);
	if (!session)
		return NULL;
	struct sender *s = die_calloc(1, sizeof *s);
	s->session = session;
	bytes_reserve(&s->stream, p->longest);
	return s;
}

static void end(void *own)
{
	struct sender *s = own;
	session_close(s->session);
	free(s->stream.first);
	free(s);
}

static int send_segment(struct push *p, struct sender *s, const struct digest *digest, const void *bytes,
			size_t n, struct error *e)
{
	struct content c = {*digest, bytes, n, .is_checked = p->is_checked};
	int64_t sent = session_put(s->session, &c, e);
	pthread_mutex_lock(&p->lock);
	p->sum->n_segments++;
	p->sum->n_segments_sent += sent > 0;
	p->sum->n_sent += sent > 0 ? (uint64_t)sent : 0;
	pthread_mutex_unlock(&p->lock);
	return sent < 0 ? -1 : 0;
}

static struct artifact_cursor *walk(const struct push *p, const struct job *job)
{
	const struct span *s = job->span;
	return artifact_walk_from(p->artifact, job->table, s->key, s->key_bytes, s->n_records);
}

static int tell_change(const struct push *p, const struct job *job, struct error *e)
{
	return error_set(e, NULL, 0, "artifact %.12s: table %s changed while it was read", p->header.id,
			 job->table);
}

/* A record that is larger than a segment: piece by piece, so that it is never copied whole. */
static int send_pieces(struct push *p, struct sender *s, const struct job *job, struct error *e)
{
	const struct span *span = job->span;
	struct artifact_cursor *c = walk(p, job);
	size_t n_done = 0; /* of the value */
	int status = artifact_try_next(c, e);
	if (status > 0 && STREAM_OVERHEAD + c->key_bytes + c->value_bytes != span->n_bytes) {
		artifact_stop(c);
		status = 0;
	}
	if (status <= 0)
		return status < 0 ? -1 : tell_change(p, job, e);
	for (size_t i = 0; i < span_segments(span) && status >= 0; i++) {
		size_t n = span_segment_bytes(span, i);
		s->stream.n = 0;
		if (i == 0)
			stream_begin(&s->stream, c->key, c->key_bytes, c->value_bytes);
		size_t n_piece = n - s->stream.n;
		bytes_add(&s->stream, (const char *)c->value + n_done, n_piece);
		n_done += n_piece;
		span->segment[i] = digest_of(s->stream.first, n);
		status = send_segment(p, s, &span->segment[i], s->stream.first, n, e);
	}
	artifact_stop(c);
	return status;
}

struct copy {
	void *to;
	const void *from;
	size_t n;
};

static void copy(void *context)
{
	const struct copy *c = context;
	if (c->n)
		memcpy(c->to, c->from, c->n);
}

/* Records into the stream, which has room for them, not checked yet: what each is to hash to, and the text of
 * it. False: they are not as they were when the table was cut. */
static bool copy_records(struct bytes *stream, struct digest_text *text, struct digest *leaf,
			 const struct span *span, struct artifact_cursor *c)
{
	struct error unused = {0};
	size_t n = 0;
	int status;
	while ((status = artifact_try_peek(c, &unused)) > 0) {
		size_t at = stream->n, most = (size_t)span->n_bytes - at;
		bool is_fitting = n < span->n_records && c->value_bytes <= most &&
				  STREAM_OVERHEAD + c->key_bytes <= most - c->value_bytes;
		if (is_fitting)
			stream_begin(stream, c->key, c->key_bytes, c->value_bytes);
		struct copy value = {stream->first + stream->n, c->value, c->value_bytes};
		if (!is_fitting || !guard_call(copy, &value)) {
			artifact_stop(c);
			return false;
		}
		stream->n += value.n;
		text[n] = stream_leaf(stream->first + at, stream->n - at);
		leaf[n++] = c->leaf;
	}
	return status == 0 && n == span->n_records;
}

/* Reading a record checked says what is wrong with it. */
static int tell_damage(const struct push *p, const struct job *job, struct error *e)
{
	struct artifact_cursor *c = walk(p, job);
	int status;
	while ((status = artifact_try_next(c, e)) > 0)
		;
	return status < 0 ? -1 : tell_change(p, job, e);
}

/* The segment's digest and the records' come of one reading. */
static int send_records(struct push *p, struct sender *s, const struct job *job, struct error *e)
{
	const struct span *span = job->span;
	size_t n = span->n_records;
	struct digest_text *text = die_malloc((n + 1) * sizeof *text);
	struct digest *found = die_malloc((n + 1) * sizeof *found), *leaf = die_malloc(n * sizeof *leaf);
	s->stream.n = 0;
	bytes_reserve(&s->stream, (size_t)span->n_bytes);
	bool is_sound = copy_records(&s->stream, text + 1, leaf, span, walk(p, job));
	if (is_sound) {
		text[0] = (struct digest_text){.body = s->stream.first, .n_body = s->stream.n};
		digest_of_many(found, text, n + 1);
		is_sound = memcmp(found + 1, leaf, n * sizeof *leaf) == 0;
		*span->segment = *found;
	}
	free(text);
	free(found);
	free(leaf);
	return is_sound ? send_segment(p, s, span->segment, s->stream.first, s->stream.n, e)
			: tell_damage(p, job, e);
}

static int send_span(void *context, void *own, size_t i, struct error *e)
{
	struct push *p = context;
	struct sender *s = own;
	const struct job *job = &p->job[i];
	job->span->segment = die_malloc(span_segments(job->span) * sizeof *job->span->segment);
	int status = job->span->n_bytes > SPAN_MOST ? send_pieces(p, s, job, e) : send_records(p, s, job, e);
	if (s->stream.room > STREAM_KEPT) {
		free(s->stream.first);
		s->stream = (struct bytes){0};
	}
	return status;
}

/* The stream, a body that is as long, what is there already, and what a record's digest takes. */
static size_t cost(void *context, size_t i)
{
	const struct push *p = context;
	const struct span *span = p->job[i].span;
	return (p->is_checked ? 3 : 2) * span_segment_bytes(span, 0) +
	       span->n_records * (sizeof(struct digest_text) + 2 * sizeof(struct digest));
}

static void list_jobs(struct push *p)
{
	for (int t = 0; t < p->manifest.n_tables; t++)
		p->n_jobs += p->manifest.table[t].n;
	p->job = die_malloc((p->n_jobs + 1) * sizeof *p->job);
	p->n_jobs = 0;
	for (int t = 0; t < p->manifest.n_tables; t++)
		for (size_t i = 0; i < p->manifest.table[t].n; i++)
			p->job[p->n_jobs++] =
				(struct job){p->header.table[t].name, &p->manifest.table[t].span[i]};
	for (size_t i = 0; i < p->n_jobs; i++) {
		uint64_t n = p->job[i].span->n_bytes;
		if (n > p->longest && n <= STREAM_KEPT)
			p->longest = (size_t)n;
	}
}

static int send_spans(struct push *p, struct error *e)
{
	struct progress bar;
	char *what = die_printf("push %s %.8s", p->header.kind, p->header.id);
	int status;
	bool is_shown = header_bytes(&p->header) >= PROGRESS_LEAST;
	if (is_shown)
		progress_start(&bar, what, "B", header_bytes(&p->header));
	const struct conveyor_work work = {.context = p,
					   .begin = begin,
					   .end = end,
					   .run = send_span,
					   .cost = cost,
					   .budget = BUDGET,
					   .is_free_when_done = true,
					   .n_threads = THREADS};
	struct conveyor *c = conveyor_start(&work, p->n_jobs);
	for (size_t i = 0; (status = conveyor_take(c, e)) > 0; i++) {
		if (is_shown)
			progress_step(&bar, p->job[i].span->n_bytes);
		conveyor_give_back(c);
	}
	conveyor_stop(c);
	if (is_shown)
		progress_end(&bar);
	free(what);
	return status;
}

static int add_sent(struct push *p, int64_t sent)
{
	p->sum->n_sent += sent > 0 ? (uint64_t)sent : 0;
	return sent < 0 ? -1 : 0;
}

/* Where the manifest is. Another version may have cut the artifact otherwise: that stays, unless all was
 * checked, and what was checked is what this manifest names. */
static int send_place(struct push *p, struct session *s, const struct digest *manifest, struct error *e)
{
	char hex[DIGEST_HEX], key[DIGEST_HEX];
	struct digest where = manifest_key(p->header.id);
	struct bytes there = {0};
	struct error unused = {0};
	digest_hex(hex, manifest);
	digest_hex(key, &where);
	p->sum->n_bytes += DIGEST_HEX - 1;
	if (!p->is_checked) {
		int status = session_put_entry(s, key, hex, DIGEST_HEX - 1, e);
		return add_sent(p, status == 1 ? DIGEST_HEX - 1 : status);
	}

	int found = session_get_entry(s, key, DIGEST_HEX - 1, &there, &unused);
	bool is_same = found == 1 && there.n == DIGEST_HEX - 1 && !memcmp(there.first, hex, there.n);
	free(there.first);
	if (is_same)
		return 0;
	int status = session_replace_entry(s, key, hex, DIGEST_HEX - 1, e);
	return add_sent(p, status == 1 ? DIGEST_HEX - 1 : status);
}

/* Each step is durable before the next names it. */
static int send_manifest(struct push *p, struct session *s, struct error *e)
{
	struct bytes text = {0};
	manifest_write(&text, &p->manifest, &p->header);
	struct content c = {digest_of(text.first, text.n), text.first, text.n, .is_checked = p->is_checked};
	p->sum->n_bytes += text.n;
	int status = transport_flush(session_transport(s), e);
	if (status == 0)
		status = add_sent(p, session_put(s, &c, e));
	if (status == 0)
		status = send_place(p, s, &c.digest, e);
	free(text.first);
	return status < 0 ? -1 : transport_flush(session_transport(s), e);
}

static int send_header(struct push *p, struct session *s, const char *text, size_t n, struct error *e)
{
	struct content c = {digest_of(text, n), text, n, .is_plain = true, .is_checked = p->is_checked};
	p->sum->n_bytes += n;
	if (add_sent(p, session_put(s, &c, e)) < 0)
		return -1;
	return transport_flush(session_transport(s), e);
}

static int send_artifact(struct push *p, struct session *s, const char *id, struct error *e)
{
	size_t n;
	char *text = json_canonical(artifact_header(p->artifact), &n);
	int status = header_read(&p->header, id, text, n, e);
	if (status == 0)
		status = manifest_cut(&p->manifest, p->artifact, e);
	if (status == 0) {
		list_jobs(p);
		p->sum->n_bytes += header_bytes(&p->header);
		status = send_spans(p, e);
	}
	if (status == 0)
		status = send_manifest(p, s, e);
	if (status == 0)
		status = send_header(p, s, text, n, e);
	free(text);
	return status;
}

static int look(struct session *s, const char *id, struct push_sum *sum, struct error *e)
{
	char *path = die_printf("cas/%s", id);
	int status = s ? transport_head(session_transport(s), path, e) : -1;
	sum->n_artifacts++;
	sum->n_present += status == 1;
	free(path);
	return status;
}

int push_is_there(const struct sharing *remote, const char *id, struct push_sum *sum, struct error *e)
{
	struct session *s = session_open(remote, e);
	int status = look(s, id, sum, e);
	session_close(s);
	return status;
}

int push_artifact(const struct sharing *remote, const char *id, bool is_checked, struct push_sum *sum,
		  struct error *e)
{
	struct push p = {
		.remote = remote, .is_checked = is_checked, .sum = sum, .lock = PTHREAD_MUTEX_INITIALIZER};
	struct session *s = session_open(remote, e);
	int status = look(s, id, sum, e);
	if (status == 1)
		transport_clean(session_transport(s)); /* nothing may be put */
	if (status == 0 || (status == 1 && is_checked)) {
		p.artifact = artifact_try(id, e);
		status = p.artifact ? send_artifact(&p, s, id, e) : -1;
	}
	artifact_close(p.artifact);
	manifest_release(&p.manifest);
	header_release(&p.header);
	session_close(s);
	free(p.job);
	return status < 0 ? -1 : 0;
}
