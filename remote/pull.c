#include "remote/pull.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "common/die.h"
#include "remote/fetch.h"
#include "store/artifact.h"
#include "store/forgotten.h"
#include "store/publish.h"

struct pull {
	const struct sharing *remote;
	struct header header;
	struct manifest manifest;
	struct artifact_writer *writer;
};

static int write_record(const struct fetch_record *r, void *context, struct error *e)
{
	struct pull *p = context;
	(void)e;
	artifact_put_hashed(p->writer, r->table, r->key, r->key_bytes, r->value, r->value_bytes, r->leaf);
	return 0;
}

/* All spans, in order; yours to free. */
static struct fetch_wanted *want_all(const struct manifest *m, size_t *n)
{
	size_t n_all = 0;
	for (int t = 0; t < m->n_tables; t++)
		n_all += m->table[t].n;
	struct fetch_wanted *wanted = die_malloc((n_all + 1) * sizeof *wanted);
	*n = 0;
	for (int t = 0; t < m->n_tables; t++)
		for (size_t i = 0; i < m->table[t].n; i++)
			wanted[(*n)++] = (struct fetch_wanted){t, &m->table[t].span[i]};
	return wanted;
}

/* Said before the work, not after it. */
static int check_room(const struct pull *p, struct error *e)
{
	struct statvfs disk;
	uint64_t n_bytes = header_bytes(&p->header);
	publish_folder(artifact_store_path());
	if (statvfs(artifact_store_path(), &disk) < 0 || (uint64_t)disk.f_bavail * disk.f_frsize >= n_bytes)
		return 0;
	return error_set_cause(
		e, NULL, ENOSPC,
		"artifact %.12s has %.1f GB, the disk of the store %s less room; free some ('store gc' "
		"lists what no run refers to) or set EINTHOVEN_STORE to another disk",
		p->header.id, (double)n_bytes * 1e-9, artifact_store_path());
}

static int publish(struct pull *p, struct error *e)
{
	struct artifact_writer *w = p->writer;
	if (forgotten_has(p->header.id, e)) /* meanwhile */
		return -1;
	p->writer = NULL;
	if (artifact_publish_as(w, p->header.id))
		return 0;
	return error_set(e, NULL, 0,
			 "artifact %.12s of the remote: its records do not give its id; nothing was "
			 "published",
			 p->header.id);
}

static int fetch_records(struct pull *p, struct error *e)
{
	if (check_room(p, e) < 0)
		return -1;
	size_t n;
	struct fetch_wanted *wanted = want_all(&p->manifest, &n);
	char *what = die_printf("pull %s %.8s", p->header.kind, p->header.id);
	p->writer = header_writer(&p->header);
	int status = fetch_spans(p->remote, wanted, n, what, write_record, p, e);
	if (status == 0)
		status = publish(p, e);
	if (status == 0)
		fetch_forget(wanted, n);
	free(what);
	free(wanted);
	return status;
}

int pull_artifact(const struct sharing *remote, const char *id, struct pull_sum *sum, struct error *e)
{
	struct pull p = {.remote = remote};
	if (artifact_exists(id)) {
		artifact_touch(id);
		return 1;
	}
	if (forgotten_has(id, e))
		return -1;
	struct session *s = session_open(remote, e);
	int status = s ? fetch_header(&p.header, s, id, e) : -1;
	if (status == 1)
		status =
			fetch_manifest(&p.manifest, s, &p.header, e) < 0 || fetch_records(&p, e) < 0 ? -1 : 1;
	if (status == 1) {
		sum->n_artifacts++;
		sum->n_bytes += header_bytes(&p.header);
	}
	session_close(s);
	artifact_abandon(p.writer);
	manifest_release(&p.manifest);
	header_release(&p.header);
	return status;
}
