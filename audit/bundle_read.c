#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/bundle.h"
#include "audit/proof.h"
#include "audit/tar.h"
#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/action.h"

#define MAX_BUNDLE  ((size_t)1 << 30)
#define MAX_MEMBERS ((size_t)100000)

enum { SHORT = 12 }; /* digits of an id in a file's name */

static const char sums_name[] = "SHA256SUMS";

struct bundle {
	char *own; /* the file's bytes, if we read it */
	const char *path;
	struct tar_member *members; /* names without the folder, ascending */
	size_t n;
	json_t *about; /* bundle.json */
};

/* ---- members ---- */

static int compare(const void *name, const void *member)
{
	return strcmp(name, ((const struct tar_member *)member)->name);
}

static const struct tar_member *find(const struct bundle *b, const char *name)
{
	return bsearch(name, b->members, b->n, sizeof *b->members, compare);
}

/* Of a file in a folder with its suffix; "": it is not one. */
static void stem_of(char stem[TAR_NAME], const struct tar_member *m, const char *folder, const char *suffix)
{
	size_t n = strlen(m->name), before = strlen(folder), after = strlen(suffix);
	*stem = 0;
	if (n <= before + after || strncmp(m->name, folder, before) || strcmp(m->name + n - after, suffix))
		return;
	memcpy(stem, m->name + before, n - before - after);
	stem[n - before - after] = 0;
}

/* All are in one folder, whose name is cut off. */
static int take(struct bundle *b, struct tar_member *m, char folder[TAR_NAME], struct error *e)
{
	char *slash = strchr(m->name, '/');
	size_t n = slash ? (size_t)(slash - m->name) : 0;
	if (!n || (*folder && (strlen(folder) != n || strncmp(folder, m->name, n))))
		return error_set(e, b->path, 0, "member %s: a bundle is one folder", m->name);
	if (b->n == MAX_MEMBERS)
		return error_set(e, b->path, 0, "more than %zu files", MAX_MEMBERS);
	memcpy(folder, m->name, n);
	folder[n] = 0;
	memmove(m->name, slash + 1, strlen(slash + 1) + 1);
	if (b->n % 256 == 0)
		b->members = die_realloc(b->members, (b->n + 256) * sizeof *b->members);
	b->members[b->n++] = *m;
	return 0;
}

static int read_members(struct bundle *b, const char *bytes, size_t n_bytes, struct error *e)
{
	struct tar t = tar_open(bytes, n_bytes, b->path);
	struct tar_member m;
	char folder[TAR_NAME] = "";
	int status;
	while ((status = tar_next(&t, &m, e)) > 0)
		if (take(b, &m, folder, e) < 0)
			return -1;
	return status;
}

/* ---- sums ---- */

/* What SHA256SUMS must be: all other files in their order. Yours to free. */
static struct bytes sums_of(const struct bundle *b)
{
	struct bytes sums = {0};
	for (size_t i = 0; i < b->n; i++) {
		const struct tar_member *m = &b->members[i];
		char hex[DIGEST_HEX];
		if (!strcmp(m->name, sums_name))
			continue;
		struct digest d = digest_of(m->bytes, m->n_bytes);
		digest_hex(hex, &d);
		bytes_text(&sums, hex);
		bytes_text(&sums, "  ");
		bytes_text(&sums, m->name);
		bytes_text(&sums, "\n");
	}
	return sums;
}

/* The name in the first line that differs; in name, "" if it cannot be told. */
static void first_difference(char name[TAR_NAME], const struct bytes *sums, const struct tar_member *m)
{
	size_t at = 0, line;
	while (at < sums->n && at < m->n_bytes && sums->first[at] == m->bytes[at])
		at++;
	for (line = at; line && sums->first[line - 1] != '\n';)
		line--;
	const char *end = line < sums->n ? memchr(sums->first + line, '\n', sums->n - line) : NULL;
	size_t from = line + DIGEST_HEX + 1, n = end ? (size_t)(end - sums->first) : 0;
	*name = 0;
	if (n > from && n - from < TAR_NAME) {
		memcpy(name, sums->first + from, n - from);
		name[n - from] = 0;
	}
}

static int check_sums(const struct bundle *b, struct error *e)
{
	const struct tar_member *m = find(b, sums_name);
	char name[TAR_NAME];
	if (!m)
		return error_set(e, b->path, 0, "no bundle: it has no %s", sums_name);
	struct bytes sums = sums_of(b);
	int status = 0;
	if (sums.n != m->n_bytes || (sums.n && memcmp(sums.first, m->bytes, sums.n))) {
		first_difference(name, &sums, m);
		status = error_set(e, b->path, 0, "damaged: %s is not as in %s",
				   *name ? name : "the list of files", sums_name);
	}
	free(sums.first);
	return status;
}

/* ---- opening ---- */

static json_t *read_json(const struct bundle *b, const char *name, struct error *e)
{
	const struct tar_member *m = find(b, name);
	if (!m)
		error_set(e, b->path, 0, "no bundle: it has no %s", name);
	return m ? json_read(m->bytes, m->n_bytes, name, e) : NULL;
}

static int check_about(const struct bundle *b, struct error *e)
{
	const char *format = json_string_value(json_object_get(b->about, "format"));
	const json_t *results = json_object_get(b->about, "results"), *id;
	size_t i;
	struct digest d;
	if (!format || strcmp(format, "einthoven-bundle/1"))
		return error_set(e, b->path, 0, "bundle.json: not of format einthoven-bundle/1");
	json_array_foreach (results, i, id)
		if (!json_is_string(id) || digest_parse(&d, json_string_value(id)) < 0)
			return error_set(e, b->path, 0, "bundle.json: a result that is no id");
	return i ? 0 : error_set(e, b->path, 0, "bundle.json: it names no result");
}

struct bundle *bundle_read(const char *bytes, size_t n_bytes, const char *path, struct error *e)
{
	struct bundle *b = die_calloc(1, sizeof *b);
	b->path = path;
	if (read_members(b, bytes, n_bytes, e) == 0 && check_sums(b, e) == 0 &&
	    (b->about = read_json(b, "bundle.json", e)) && check_about(b, e) == 0)
		return b;
	bundle_close(b);
	return NULL;
}

struct bundle *bundle_open(const char *path, struct error *e)
{
	char *bytes;
	size_t n;
	if (file_read(&bytes, &n, path, MAX_BUNDLE, e) < 0)
		return NULL;
	struct bundle *b = bundle_read(bytes, n, path, e);
	if (b)
		b->own = bytes;
	else
		free(bytes);
	return b;
}

void bundle_close(struct bundle *b)
{
	if (!b)
		return;
	json_decref(b->about);
	free(b->members);
	free(b->own);
	free(b);
}

const json_t *bundle_results(const struct bundle *b)
{
	return json_object_get(b->about, "results");
}

/* ---- evidence ---- */

static void list(lineage_add *add, void *to, json_t *passed_over, void *context)
{
	const struct bundle *b = context;
	for (size_t i = 0; i < b->n; i++) {
		struct action_entry entry = {0};
		char key[TAR_NAME], id[DIGEST_HEX];
		struct digest d;
		struct error e = {0};
		stem_of(key, &b->members[i], "entries/", ".json");
		if (!*key || digest_parse(&d, key) < 0)
			continue;
		json_t *statement = action_parse(b->members[i].bytes, b->members[i].n_bytes,
						 b->members[i].name, key, id, &entry.verdict, &e);
		if (statement) {
			entry.key = key;
			entry.id = id;
			entry.statement = statement;
			add(&entry, to);
		} else {
			json_array_append_new(passed_over, json_string(error_text(&e)));
		}
		json_decref(statement);
	}
}

static json_t *header(const char *id, void *context)
{
	const struct bundle *b = context;
	char name[TAR_NAME], hex[DIGEST_HEX];
	snprintf(name, sizeof name, "headers/%.64s.json", id);
	const struct tar_member *m = find(b, name);
	if (!m)
		return NULL;
	struct digest d = digest_of(m->bytes, m->n_bytes);
	digest_hex(hex, &d);
	return strcmp(hex, id) ? NULL : json_read(m->bytes, m->n_bytes, name, NULL);
}

static const char *file_of(size_t *n_bytes, const char *name, void *context)
{
	const struct tar_member *m = find(context, name);
	*n_bytes = m ? m->n_bytes : 0;
	return m ? m->bytes : NULL;
}

/* tables/<12 digits of the id>.TABLE.json */
static const struct tar_member *find_table(const struct bundle *b, const char *id,
					   const struct proof_table *t)
{
	char name[TAR_NAME];
	snprintf(name, sizeof name, "tables/%.*s.%s.json", SHORT, id, t->table);
	return find(b, name);
}

static bool is_shown(const struct proof_table *t, const json_t *described)
{
	const char *kind = json_string_value(json_object_get(described, "kind"));
	return kind && !strcmp(kind, t->kind) &&
	       json_object_get(json_object_get(described, "tables"), t->table);
}

static int check_table(const struct bundle *b, const char *id, const struct proof_table *t,
		       const json_t *described, struct error *e)
{
	const struct tar_member *m = find_table(b, id, t);
	if (!m)
		return error_set(e, NULL, 0, "table %s: the bundle does not have its records", t->table);
	json_t *proof = json_read(m->bytes, m->n_bytes, m->name, e);
	const char *whose = json_string_value(json_object_get(proof, "id"));
	int status = -1;
	if (proof && (!whose || strcmp(whose, id)))
		error_set(e, NULL, 0, "table %s: its records are called another artifact's", t->table);
	else if (proof)
		status = proof_check(proof, t, described, file_of, (void *)b, e);
	json_decref(proof);
	return status;
}

/* All that a bundle shows of the artifact is there, and belongs to it. */
static int check_tables(const struct bundle *b, const char *id, const json_t *described, struct error *e)
{
	for (const struct proof_table *t = proof_tables; t->kind; t++)
		if (is_shown(t, described) && check_table(b, id, t, described, e) < 0)
			return -1;
	return 0;
}

static json_t *object(const char *id, void *context)
{
	const struct bundle *b = context;
	struct error e = {0};
	json_t *described = header(id, context);
	if (!described)
		return json_pack("{s:s, s:s}", "state", "absent", "why",
				 "the bundle has no header that hashes to this id");
	int status = check_tables(b, id, described, &e);
	json_decref(described);
	return status < 0 ? json_pack("{s:s, s:s}", "state", "damaged", "why", error_text(&e))
			  : json_pack("{s:s}", "state", "header");
}

struct evidence *bundle_evidence(struct bundle *b)
{
	return evidence_from(&(struct evidence_source){list, object, header, b});
}

/* ---- what else is in it ---- */

/* The files of a table, by the keys of its records. */
static void expect_files(json_t *names, const struct bundle *b, const char *id, const struct proof_table *t)
{
	const struct tar_member *m = find_table(b, id, t);
	json_t *proof = m ? json_read(m->bytes, m->n_bytes, m->name, NULL) : NULL, *one;
	size_t i;
	if (m)
		json_object_set_new(names, m->name, json_true());
	json_array_foreach (json_object_get(proof, "records"), i, one) {
		const char *file = json_string_value(json_object_get(one, "file"));
		if (t->folder && file)
			json_object_set_new(names, file, json_true());
	}
	json_decref(proof);
}

static void expect(json_t *names, const char *folder, const char *stem, const char *suffix)
{
	char *name = die_printf("%s/%s%s", folder, stem, suffix);
	json_object_set_new(names, name, json_true());
	free(name);
}

static void expect_step(json_t *names, struct bundle *b, const struct walk *w, const char *id)
{
	const struct lineage_entry *entry = walk_entry(w, id);
	json_t *described = header(id, b);
	expect(names, "headers", id, ".json");
	for (const struct proof_table *t = proof_tables; t->kind; t++)
		if (is_shown(t, described))
			expect_files(names, b, id, t);
	json_decref(described);
	if (!entry)
		return;
	const char *code = json_string_value(json_object_get(entry->action, "code"));
	expect(names, "entries", entry->key, ".json");
	expect(names, "sources", code ? code : "", ".txt");
}

static bool is_own_digest(const struct tar_member *m)
{
	char stem[TAR_NAME], hex[DIGEST_HEX];
	stem_of(stem, m, "sources/", ".txt");
	struct digest d = digest_of(m->bytes, m->n_bytes);
	digest_hex(hex, &d);
	return !*stem || !strcmp(stem, hex);
}

/* Who reads a file beside would take it for the chain's, so each must be proven to be. The params that were
 * given are not: the actions have those that count. */
static void judge_members(json_t *findings, struct bundle *b, const struct walk *w)
{
	json_t *names = json_pack("{s:b, s:b, s:b, s:b}", "README.md", 1, sums_name, 1, "bundle.json", 1,
				  "trust.yaml", 1),
	       *problems = json_object_get(findings, "problems");
	const json_t *step;
	size_t i;

	json_array_foreach (json_object_get(findings, "steps"), i, step)
		expect_step(names, b, w, json_string_value(json_object_get(step, "id")));
	for (i = 0; i < b->n; i++) {
		const struct tar_member *m = &b->members[i];
		if (!is_own_digest(m))
			json_array_append_new(problems,
					      json_sprintf("%s: does not hash to its name", m->name));
		else if (!json_object_get(names, m->name) && strncmp(m->name, "params/", strlen("params/")))
			json_array_append_new(problems,
					      json_sprintf("%s: belongs to nothing in the chain", m->name));
	}
	json_object_set_new(findings, "holds", json_boolean(!json_array_size(problems)));
	json_decref(names);
}

json_t *bundle_walk(struct bundle *b, struct sources *sources)
{
	struct evidence *evidence = bundle_evidence(b);
	struct walk w = {.evidence = evidence, .sources = sources};
	json_t *findings = walk_chain(&w, bundle_results(b));
	judge_members(findings, b, &w);
	evidence_close(evidence);
	return findings;
}

json_t *bundle_findings(const char *path, struct sources *sources, struct error *e)
{
	struct bundle *b = bundle_open(path, e);
	json_t *findings = b ? bundle_walk(b, sources) : NULL;
	bundle_close(b);
	return findings;
}

bool bundle_is_name(const char *name)
{
	size_t n = strlen(name), suffix = strlen(".tar");
	return n > suffix && !strcmp(name + n - suffix, ".tar");
}
