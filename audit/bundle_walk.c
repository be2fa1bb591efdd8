/* What a bundle's chain says, and what else is in it: the part of audit/bundle.h behind reading the file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/bundle.h"
#include "audit/bundle_members.h"
#include "audit/proof.h"
#include "common/die.h"
#include "common/json.h"
#include "store/action.h"

enum { SHORT = 12 }; /* digits of an id in a file's name */

/* ---- evidence ---- */

static void list(lineage_add *add, void *to, json_t *passed_over, void *context)
{
	const struct bundle *b = context;
	for (size_t i = 0; i < b->n; i++) {
		struct action_entry entry = {0};
		char key[TAR_NAME], id[DIGEST_HEX];
		struct digest d;
		struct error e = {0};
		bundle_stem(key, &b->members[i], "entries/", ".json");
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
	const struct tar_member *m = bundle_find(b, name);
	if (!m)
		return NULL;
	struct digest d = digest_of(m->bytes, m->n_bytes);
	digest_hex(hex, &d);
	return strcmp(hex, id) ? NULL : json_read(m->bytes, m->n_bytes, name, NULL);
}

static const char *file_of(size_t *n_bytes, const char *name, void *context)
{
	const struct tar_member *m = bundle_find(context, name);
	*n_bytes = m ? m->n_bytes : 0;
	return m ? m->bytes : NULL;
}

/* tables/<12 digits of the id>.TABLE.json */
static const struct tar_member *find_table(const struct bundle *b, const char *id,
					   const struct proof_table *t)
{
	char name[TAR_NAME];
	snprintf(name, sizeof name, "tables/%.*s.%s.json", SHORT, id, t->table);
	return bundle_find(b, name);
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
	bundle_stem(stem, m, "sources/", ".txt");
	struct digest d = digest_of(m->bytes, m->n_bytes);
	digest_hex(hex, &d);
	return !*stem || !strcmp(stem, hex);
}

/* Who reads a file beside would take it for the chain's, so each must be proven to be. The params that were
 * given are not: the actions have those that count. */
static void judge_members(json_t *findings, struct bundle *b, const struct walk *w)
{
	json_t *names = json_pack("{s:b, s:b, s:b, s:b}", "README.md", 1, BUNDLE_SUMS, 1, "bundle.json", 1,
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
