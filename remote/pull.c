#include "remote/pull.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "common/die.h"
#include "common/progress.h"
#include "remote/conveyor.h"
#include "remote/manifest.h"
#include "remote/session.h"
#include "remote/stream.h"
#include "store/artifact.h"
#include "store/artifact_layout.h"
#include "store/publish.h"

enum { THREADS = 8 };
#define BUDGET ((size_t)48 << 20)

/* A span of a table: one job, and what came of it. */
struct job {
	int table;
	const struct span *span;
	struct bytes bytes;
	struct digest *leaves;
};

struct pull {
	const struct sharing *remote;
	struct header header;
	struct manifest manifest;
	struct job *job;
	size_t n_jobs;
	struct artifact_writer *writer;
	uint8_t last[ARTIFACT_MAX_KEY]; /* key of the table that is being written */
	size_t last_bytes;
};

/* ---- fetching spans: by several threads ---- */

static void *begin(void *context, struct error *e)
{
	const struct pull *p = context;
	return session_open(p->remote, e);
}

static void end(void *own)
{
	session_close(own);
}

static int refuse_segment(const struct digest *d, const char *what, struct error *e)
{
	char hex[DIGEST_HEX];
	digest_hex(hex, d);
	return error_set(e, NULL, 0, "segment %.12s of the remote %s", hex, what);
}

/* Room grows with what came, not with what a manifest says will come. */
static int fetch_segment(struct session *s, struct job *j, size_t i, struct error *e)
{
	const struct digest *d = &j->span->segment[i];
	size_t before = j->bytes.n, n = span_segment_bytes(j->span, i);
	int status = session_get(s, d, n, &j->bytes, e);
	if (status < 0)
		return -1;
	if (status == 0)
		return refuse_segment(d, "is not there; who sent the artifact may send it again", e);
	if (j->bytes.n - before != n)
		return refuse_segment(d, "has another length than the manifest says", e);
	if (span_segments(j->span) == 1)
		return 0; /* the span's cover says more */
	struct digest own = digest_of(j->bytes.first + before, n);
	return memcmp(&own, d, sizeof own) ? refuse_segment(d, "does not hash to its name", e) : 0;
}

static int fetch_span(void *context, void *own, size_t i, struct error *e)
{
	struct pull *p = context;
	struct job *j = &p->job[i];
	int status = 0;
	for (size_t k = 0; k < span_segments(j->span) && status == 0; k++)
		status = fetch_segment(own, j, k, e);
	return status < 0 ? -1 : manifest_check(&j->leaves, j->span, (uint8_t *)j->bytes.first, e);
}

/* The stream, and a body that is as long. */
static size_t cost(void *context, size_t i)
{
	const struct pull *p = context;
	return (size_t)p->job[i].span->n_bytes + span_segment_bytes(p->job[i].span, 0);
}

static void empty(struct job *j)
{
	free(j->bytes.first);
	free(j->leaves);
	j->bytes = (struct bytes){0};
	j->leaves = NULL;
}

/* ---- writing them: in order ---- */

static int write_record(struct pull *p, int table, const struct stream_record *r, const struct digest *leaf,
			struct error *e)
{
	if (!artifact_ascends(p->last, p->last_bytes, r->key, r->key_bytes))
		return error_set(e, NULL, 0, "artifact %.12s of the remote: its keys do not ascend",
				 p->header.id);
	memcpy(p->last, r->key, r->key_bytes);
	p->last_bytes = r->key_bytes;
	artifact_put_hashed(p->writer, table, r->key, r->key_bytes, r->value, r->value_bytes, leaf);
	return 0;
}

static int write_job(struct pull *p, const struct job *j, struct error *e)
{
	struct stream s = {(const uint8_t *)j->bytes.first, j->bytes.n};
	struct stream_record r;
	int status = 0;
	for (size_t i = 0; status == 0 && stream_next(&s, &r, e) > 0; i++)
		status = write_record(p, j->table, &r, &j->leaves[i], e);
	return status;
}

static int transfer(struct pull *p, struct error *e)
{
	struct progress bar;
	char *what = die_printf("pull %s %.8s", p->header.kind, p->header.id);
	uint64_t total = 0;
	int status, table = -1;
	for (size_t i = 0; i < p->n_jobs; i++)
		total += p->job[i].span->n_bytes;

	progress_start(&bar, what, "B", total);
	struct conveyor *c = conveyor_start(
		&(struct conveyor_work){p, begin, end, fetch_span, cost, BUDGET, THREADS}, p->n_jobs);
	for (size_t i = 0; (status = conveyor_take(c, e)) > 0; i++) {
		struct job *j = &p->job[i];
		p->last_bytes = j->table == table ? p->last_bytes : 0;
		table = j->table;
		if (write_job(p, j, e) < 0) {
			status = -1;
			break;
		}
		empty(j);
		progress_step(&bar, j->span->n_bytes);
		conveyor_give_back(c);
	}
	conveyor_stop(c);
	progress_end(&bar);
	free(what);
	return status;
}

/* ---- an artifact ---- */

/* 1, 0 or -1. */
static int fetch_header(struct pull *p, struct session *s, const char *id, struct error *e)
{
	struct bytes text = {0};
	struct digest d;
	if (digest_parse(&d, id) < 0)
		return error_set(e, NULL, 0, "'%.80s' is not an id (64 lower-case hex digits)", id);
	int status = session_get(s, &d, HEADER_MOST, &text, e);
	if (status == 1 && header_read(&p->header, id, text.first, text.n, e) < 0)
		status = -1;
	free(text.first);
	return status;
}

static int fetch_manifest(struct pull *p, struct session *s, struct error *e)
{
	struct bytes hex = {0}, text = {0};
	struct digest where = manifest_key(p->header.id), d;
	char key[DIGEST_HEX];
	digest_hex(key, &where);
	int status = session_get_entry(s, key, DIGEST_HEX - 1, &hex, e);
	if (status == 1) {
		bytes_add(&hex, "", 1);
		if (hex.n != DIGEST_HEX || digest_parse(&d, hex.first) < 0)
			status = error_set(e, NULL, 0, "ac/%.12s of the remote is no digest of a manifest",
					   key);
	}
	if (status == 1)
		status = session_get(s, &d, manifest_most(&p->header), &text, e);
	if (status == 0)
		status = error_set(
			e, NULL, 0,
			"the remote has artifact %.12s but not its manifest; who sent it may send it "
			"again",
			p->header.id);
	if (status == 1)
		status = manifest_read(&p->manifest, &p->header, text.first, text.n, e);
	free(hex.first);
	free(text.first);
	return status;
}

/* Said before the work, not after it. */
static int check_room(const struct pull *p, struct error *e)
{
	struct statvfs disk;
	uint64_t n_bytes = header_bytes(&p->header);
	publish_folder(artifact_store_path());
	if (statvfs(artifact_store_path(), &disk) < 0 || (uint64_t)disk.f_bavail * disk.f_frsize >= n_bytes)
		return 0;
	return error_set(
		e, NULL, 0,
		"artifact %.12s has %.1f GB, the disk of the store %s less room; free some ('store gc' "
		"lists what no run refers to) or set EINTHOVEN_STORE to another disk",
		p->header.id, (double)n_bytes * 1e-9, artifact_store_path());
}

static void list_jobs(struct pull *p)
{
	size_t n = 0;
	for (int t = 0; t < p->manifest.n_tables; t++)
		n += p->manifest.table[t].n;
	p->job = die_calloc(n + 1, sizeof *p->job);
	for (int t = 0; t < p->manifest.n_tables; t++)
		for (size_t i = 0; i < p->manifest.table[t].n; i++)
			p->job[p->n_jobs++] = (struct job){.table = t, .span = &p->manifest.table[t].span[i]};
}

static int publish(struct pull *p, struct error *e)
{
	struct artifact_writer *w = p->writer;
	p->writer = NULL;
	if (artifact_publish_as(w, p->header.id))
		return 0;
	return error_set(e, NULL, 0,
			 "artifact %.12s of the remote: its records do not give its id; nothing was "
			 "published",
			 p->header.id);
}

static int fetch_artifact(struct pull *p, struct error *e)
{
	if (check_room(p, e) < 0)
		return -1;
	list_jobs(p);
	p->writer = header_writer(&p->header);
	return transfer(p, e) < 0 ? -1 : publish(p, e);
}

static void release(struct pull *p)
{
	for (size_t i = 0; i < p->n_jobs; i++)
		empty(&p->job[i]);
	free(p->job);
	artifact_abandon(p->writer);
	manifest_release(&p->manifest);
	header_release(&p->header);
}

int pull_artifact(const struct sharing *remote, const char *id, struct pull_sum *sum, struct error *e)
{
	struct pull p = {.remote = remote};
	if (artifact_exists(id))
		return 1;
	struct session *s = session_open(remote, e);
	int status = s ? fetch_header(&p, s, id, e) : -1;
	if (status == 1)
		status = fetch_manifest(&p, s, e) < 0 || fetch_artifact(&p, e) < 0 ? -1 : 1;
	if (status == 1) {
		sum->n_artifacts++;
		sum->n_bytes += header_bytes(&p.header);
	}
	session_close(s);
	release(&p);
	return status;
}
