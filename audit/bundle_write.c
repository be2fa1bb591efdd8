#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/bundle.h"
#include "audit/bundle_members.h"
#include "audit/claims.h"
#include "audit/proof.h"
#include "audit/readme.h"
#include "audit/tar.h"
#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/action.h"
#include "store/artifact.h"

struct member {
	char *name, *bytes; /* name: within the bundle */
	size_t n_bytes;
};

struct draft {
	const struct bundle_content *content;
	struct member *members;
	size_t n;
	bool is_synthetic; /* no patient's data */
	json_t *entries;   /* id -> key */
	json_t *withheld;  /* [{"id","table","key","why"}] */
};

/* ---- members ---- */

static bool has(const struct draft *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (!strcmp(d->members[i].name, name))
			return true;
	return false;
}

/* Takes name and bytes. */
static void take(struct draft *d, char *name, char *bytes, size_t n_bytes)
{
	if (has(d, name)) {
		free(name);
		free(bytes);
		return;
	}
	d->members = die_realloc(d->members, (d->n + 1) * sizeof *d->members);
	d->members[d->n++] = (struct member){name, bytes, n_bytes};
}

static void take_json(struct draft *d, char *name, const json_t *value)
{
	size_t n;
	char *text = json_canonical(value, &n);
	take(d, name, text, n);
}

static int take_file(struct draft *d, char *name, const char *path, struct error *e)
{
	char *bytes;
	size_t n;
	if (file_read(&bytes, &n, path, ACTION_ENTRY_MAX, e) < 0) {
		free(name);
		return -1;
	}
	take(d, name, bytes, n);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

/* ---- what the chain is made of ---- */

static const char withheld_why[] = "draws signals of patients";

/* Which records of a table are kept back: {KEY:WHY}. New reference. */
static json_t *kept_back(const struct draft *d, const char *page)
{
	json_t *out = json_object();
	if (page && !d->is_synthetic && !d->content->is_whole)
		json_object_set_new(out, page, json_string(withheld_why));
	return out;
}

/* The records of a proof that are files, and what was kept back. */
static void take_records(struct draft *d, const struct artifact *a, const json_t *proof)
{
	size_t i;
	const json_t *one;
	json_array_foreach (json_object_get(proof, "records"), i, one) {
		const char *key = json_text(one, "key"), *name = json_text(one, "file");
		struct artifact_value v = artifact_get(a, json_text(proof, "table"), key, strlen(key));
		if (json_object_get(one, "withheld"))
			warn("%s is kept back, it %s; --whole (WHOLE=1) takes it in", key,
			     json_text(one, "withheld"));
		if (json_object_get(one, "withheld"))
			json_array_append_new(d->withheld,
					      json_pack("{s:s, s:s, s:s, s:s}", "id", artifact_id(a), "table",
							json_text(proof, "table"), "key", key, "why",
							json_text(one, "withheld")));
		if (!*name)
			continue;
		char *bytes = die_malloc(v.n_bytes + 1);
		memcpy(bytes, v.bytes, v.n_bytes);
		take(d, die_strdup(name), bytes, v.n_bytes);
	}
}

/* A report's files stand under their own names only once; of several reports the first. */
static void take_tables(struct draft *d, const struct artifact *a)
{
	for (const struct proof_table *t = proof_tables; t->kind; t++) {
		if (strcmp(artifact_kind(a), t->kind))
			continue;
		json_t *withheld = kept_back(d, t->page),
		       *proof = proof_of_table(a, t->table, t->folder, withheld);
		json_decref(withheld);
		if (!proof)
			continue;
		take_json(d, die_printf("tables/%.12s.%s.json", artifact_id(a), t->table), proof);
		take_records(d, a, proof);
		json_decref(proof);
	}
}

static int take_entry(struct draft *d, const char *id, const struct lineage_entry *entry, struct error *e)
{
	char *path = action_path(entry->key), *sources = claims_sources(entry->statement);
	int status = take_file(d, die_printf("entries/%s.json", entry->key), path, e);
	json_object_set_new(d->entries, id, json_string(entry->key));
	if (sources)
		take(d, die_printf("sources/%s.txt", json_text(entry->action, "code")), sources,
		     strlen(sources));
	free(path);
	return status;
}

static int take_step(struct draft *d, const json_t *step, struct error *e)
{
	const char *id = json_text(step, "id");
	const struct lineage_entry *entry = walk_entry(d->content->walk, id);
	struct artifact *a = artifact_try(id, e);
	if (!a)
		return -1;
	take_json(d, die_printf("headers/%s.json", id), artifact_header(a));
	take_tables(d, a);
	artifact_close(a);
	return entry ? take_entry(d, id, entry, e)
		     : error_set(e, NULL, 0, "%.12s: no action entry says how it was made", id);
}

/* ---- what stands beside ---- */

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static int take_given(struct draft *d, struct error *e)
{
	const struct bundle_content *c = d->content;
	int status = 0;
	for (size_t i = 0; status == 0 && c->params && c->params[i]; i++) {
		char *name = die_printf("params/%s", last_name(c->params[i]));
		if (!tar_is_name(name)) {
			status = error_set(e, c->params[i], 0, "a bundle cannot hold a file of this name");
			free(name);
		} else {
			status = take_file(d, name, c->params[i], e);
		}
	}
	if (status == 0 && c->trust)
		status = take_file(d, die_strdup("trust.yaml"), c->trust, e);
	return status;
}

static void take_contents(struct draft *d)
{
	const struct bundle_content *c = d->content;
	json_t *about = json_pack("{s:s, s:O, s:O, s:O, s:s}", "format", "einthoven-bundle/1", "results",
				  json_object_get(c->findings, "results"), "entries", d->entries, "withheld",
				  d->withheld, "command", c->command ? c->command : "");
	char *readme = readme_text(about, c->findings);
	take_json(d, die_strdup("bundle.json"), about);
	take(d, die_strdup("README.md"), readme, strlen(readme));
	json_decref(about);
}

/* As sha256sum writes them, of all files so far. */
static void take_sums(struct draft *d)
{
	struct bytes sums = {0};
	qsort(d->members, d->n, sizeof *d->members, compare);
	for (size_t i = 0; i < d->n; i++) {
		char hex[DIGEST_HEX];
		struct digest own = digest_of(d->members[i].bytes, d->members[i].n_bytes);
		digest_hex(hex, &own);
		bytes_text(&sums, hex);
		bytes_text(&sums, "  ");
		bytes_text(&sums, d->members[i].name);
		bytes_text(&sums, "\n");
	}
	take(d, die_strdup(BUNDLE_SUMS), sums.first, sums.n);
	qsort(d->members, d->n, sizeof *d->members, compare);
}

/* ---- writing ---- */

static bool is_synthetic(const struct bundle_content *c)
{
	size_t i;
	const json_t *one;
	json_array_foreach (json_object_get(c->findings, "raw"), i, one)
		if (strcmp(json_text(one, "state"), "generated"))
			return false;
	return i > 0;
}

/* Code and params may be others than here and now: the reader compares with his own. */
static int check_sound(const json_t *findings, struct error *e)
{
	size_t i;
	const json_t *step;
	json_array_foreach (json_object_get(findings, "steps"), i, step) {
		const json_t *signature = json_object_get(step, "signature");
		if (strcmp(json_text(json_object_get(step, "object"), "state"), "sound") || !signature ||
		    !json_is_true(json_object_get(signature, "is_taken")))
			return error_set(
				e, NULL, 0, "%s; a bundle would not hold either",
				json_string_value(json_array_get(json_object_get(step, "problems"), 0)));
	}
	return 0;
}

static int write_tar(const char *path, struct draft *d, struct error *e)
{
	struct bytes b = {0};
	const char *result =
		json_string_value(json_array_get(json_object_get(d->content->findings, "results"), 0));
	for (size_t i = 0; i < d->n; i++) {
		char *name = die_printf("einthoven-%.12s/%s", result, d->members[i].name);
		tar_add(&b, name, d->members[i].bytes, d->members[i].n_bytes);
		free(name);
	}
	tar_end(&b);
	int status = file_replace(path, b.first, b.n, e);
	free(b.first);
	return status;
}

int bundle_write(const char *path, const struct bundle_content *c, struct error *e)
{
	struct draft d = {.content = c,
			  .is_synthetic = is_synthetic(c),
			  .entries = json_object(),
			  .withheld = json_array()};
	int status = check_sound(c->findings, e);
	size_t i;
	const json_t *step;

	json_array_foreach (json_object_get(c->findings, "steps"), i, step)
		if (status == 0)
			status = take_step(&d, step, e);
	if (status == 0)
		status = take_given(&d, e);
	if (status == 0) {
		take_contents(&d);
		take_sums(&d);
		status = write_tar(path, &d, e);
	}

	for (i = 0; i < d.n; i++) {
		free(d.members[i].name);
		free(d.members[i].bytes);
	}
	free(d.members);
	json_decref(d.entries);
	json_decref(d.withheld);
	return status;
}
