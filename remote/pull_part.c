#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "remote/fetch.h"
#include "remote/pull.h"
#include "store/artifact.h"
#include "store/artifact_layout.h"
#include "store/forgotten.h"

struct part {
	const struct pull_part *asked;
	const struct sharing *remote;
	struct header header;
	struct manifest manifest;
	struct artifact_key from, behind; /* keys of the range, the second not included */
	bool is_open;			  /* the range has no end */
	struct fetch_wanted *wanted;
	size_t n_wanted;
	int table[ARTIFACT_MAX_TABLES]; /* of the writer, by the header's; -1: left out */
	struct artifact_writer *writer;
	uint64_t n_records; /* of the range */
};

static bool is_before(const uint8_t *key, size_t key_bytes, const struct artifact_key *other)
{
	return artifact_ascends(key, key_bytes, other->bytes, sizeof other->bytes);
}

static bool is_in_range(const struct part *p, const uint8_t *key, size_t key_bytes)
{
	return !is_before(key, key_bytes, &p->from) && (p->is_open || is_before(key, key_bytes, &p->behind));
}

static bool is_asked_for(const struct part *p, const char *table)
{
	const char *const *name = p->asked->tables;
	for (; name && *name; name++)
		if (!strcmp(*name, table))
			return true;
	return !name;
}

/* Keys of 8 bytes, or 9 with a part of the record. */
static bool has_numbers(const struct manifest_table *t)
{
	return t->n == 0 || t->span[0].key_bytes == 8 || t->span[0].key_bytes == 9;
}

/* The span before which the range begins is known by its key; that nothing of the range follows the last is
 * known only from the key of the one behind, so that is fetched too: all these keys are checked with their
 * records. */
static void want_range(struct part *p, int table)
{
	const struct manifest_table *t = &p->manifest.table[table];
	size_t first = 0, end = 0;
	for (size_t i = 0; i < t->n; i++) {
		if (is_before(t->span[i].key, t->span[i].key_bytes, &p->from))
			first = i;
		if (p->is_open || is_before(t->span[i].key, t->span[i].key_bytes, &p->behind))
			end = i + 1;
	}
	end += end < t->n;
	for (size_t i = first; i < end; i++)
		p->wanted[p->n_wanted++] = (struct fetch_wanted){table, &t->span[i]};
}

static void want_table(struct part *p, int table)
{
	const struct manifest_table *t = &p->manifest.table[table];
	for (size_t i = 0; i < t->n; i++)
		p->wanted[p->n_wanted++] = (struct fetch_wanted){table, &t->span[i]};
}

static int check_names(const struct part *p, struct error *e)
{
	for (const char *const *name = p->asked->tables; name && *name; name++) {
		const struct header_table *t = header_find(&p->header, *name);
		if (!t)
			return error_set(e, NULL, 0, "artifact %.12s has no table '%.64s'", p->header.id,
					 *name);
		if (p->asked->has_range && !has_numbers(&p->manifest.table[t - p->header.table]))
			return error_set(e, NULL, 0, "table '%.64s' is not keyed by records", *name);
	}
	return 0;
}

static int choose(struct part *p, struct error *e)
{
	size_t n = 0;
	if (check_names(p, e) < 0)
		return -1;
	for (int t = 0; t < p->manifest.n_tables; t++)
		n += p->manifest.table[t].n;
	p->wanted = die_malloc((n + 1) * sizeof *p->wanted);
	for (int t = 0; t < p->manifest.n_tables; t++) {
		bool is_numbered = has_numbers(&p->manifest.table[t]);
		p->table[t] = -1;
		if (!is_asked_for(p, p->header.table[t].name) || (p->asked->has_range && !is_numbered))
			continue;
		p->table[t] = artifact_table(p->writer, p->header.table[t].name);
		if (p->asked->has_range)
			want_range(p, t);
		else
			want_table(p, t);
	}
	return 0;
}

static int write_record(const struct fetch_record *r, void *context, struct error *e)
{
	struct part *p = context;
	(void)e;
	if (p->asked->has_range && !is_in_range(p, r->key, r->key_bytes))
		return 0;
	artifact_put_hashed(p->writer, p->table[r->table], r->key, r->key_bytes, r->value, r->value_bytes,
			    r->leaf);
	p->n_records++;
	return 0;
}

/* Of the tables that were asked for, the most records that one has. */
static int tell_none(const struct part *p, struct error *e)
{
	uint64_t n_most = 0;
	for (int t = 0; t < p->manifest.n_tables; t++) {
		uint64_t n = 0;
		for (size_t i = 0; i < p->manifest.table[t].n; i++)
			n += p->manifest.table[t].span[i].n_records;
		if (p->table[t] >= 0 && n > n_most)
			n_most = n;
	}
	return error_set(e, NULL, 0,
			 "artifact %.12s has no records %" PRIu64 "..%" PRIu64 "; there are %" PRIu64,
			 p->header.id, p->asked->from, p->asked->to, n_most);
}

static int fetch_part(struct part *p, struct error *e)
{
	p->writer = header_empty_writer(&p->header);
	if (choose(p, e) < 0)
		return -1;
	char *what = die_printf("pull of %s %.8s", p->header.kind, p->header.id);
	int status = fetch_spans(p->remote, p->wanted, p->n_wanted, what, write_record, p, e);
	free(what);
	return status == 0 && p->asked->has_range && !p->n_records ? tell_none(p, e) : status;
}

int pull_part(const struct sharing *remote, const char *whole, const struct pull_part *asked,
	      char id[DIGEST_HEX], struct pull_sum *sum, struct error *e)
{
	struct part p = {.asked = asked,
			 .remote = remote,
			 .from = artifact_key(asked->from),
			 .behind = artifact_key(asked->to + 1),
			 .is_open = asked->to == UINT64_MAX};
	if (forgotten_has(whole, e))
		return -1;
	struct session *s = session_open(remote, e);
	int status = s ? fetch_header(&p.header, s, whole, e) : -1;
	if (status == 1)
		status = fetch_manifest(&p.manifest, s, &p.header, e) < 0 || fetch_part(&p, e) < 0 ? -1 : 1;
	if (status == 1 && forgotten_has(whole, e)) /* meanwhile */
		status = -1;
	if (status == 1) {
		artifact_publish(p.writer, id);
		fetch_forget(p.wanted, p.n_wanted);
		p.writer = NULL;
		sum->n_artifacts++;
	}
	for (size_t i = 0; i < p.n_wanted; i++)
		sum->n_bytes += p.wanted[i].span->n_bytes;
	session_close(s);
	artifact_abandon(p.writer);
	manifest_release(&p.manifest);
	header_release(&p.header);
	free(p.wanted);
	return status;
}
