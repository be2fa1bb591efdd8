#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/artifact.h"
#include "store/artifact_inside.h"
#include "store/guard.h"
#include "store/pages.h"
#include "store/preview.h"

int artifact_say(const struct artifact *a, const char *where, const char *what, int cause, struct error *e)
{
	if (cause)
		return error_set_cause(e, NULL, cause,
				       "object %s cannot be read: %s%s; that does not say that it is "
				       "damaged: %s",
				       a->id, where, strerror(cause), error_remedy(cause));
	return error_set(e, NULL, 0, "object %s is damaged: %s%s; remove %s and run again", a->id, where,
			 what, a->path);
}

static _Noreturn void damaged_record(const struct artifact *a, const struct artifact_table *t,
				     const void *key, size_t key_bytes, const char *what, int cause)
{
	struct error e = {0};
	char *where = die_printf("table %s, record %s: ", t->name, preview_key(key, key_bytes));
	artifact_say(a, where, what, cause, &e);
	die("%s", error_text(&e));
}

static void on_assert(MDB_env *env, const char *message)
{
	(void)env, (void)message;
	guard_fail();
}

/* LMDB's own codes, and EINVAL, say that the bytes make no sense; other codes of the system do not. */
static int cause_of(int status)
{
	return status > 0 && status != EINVAL ? status : 0;
}

static int open_file(struct artifact *a)
{
	int status = mdb_env_create(&a->env);
	if (status == MDB_SUCCESS)
		status = mdb_env_set_assert(a->env, on_assert);
	if (status == MDB_SUCCESS)
		status = mdb_env_set_maxdbs(a->env, 2 * ARTIFACT_MAX_TABLES);
	if (status == MDB_SUCCESS) /* the file's own size: no page number can lead beyond it */
		status = mdb_env_set_mapsize(a->env, a->file_bytes);
	if (status == MDB_SUCCESS)
		status = mdb_env_open(a->env, a->path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_RDONLY | MDB_NOTLS, 0);
	if (status == MDB_SUCCESS)
		status = mdb_txn_begin(a->env, NULL, MDB_RDONLY, &a->txn);
	return status;
}

static void read_header(void *context)
{
	struct artifact *a = context;
	struct digest want, found;

	MDB_dbi root;
	MDB_val k = {strlen(ARTIFACT_HEADER_KEY), ARTIFACT_HEADER_KEY};
	int status = open_file(a);
	if (status == MDB_SUCCESS)
		status = mdb_dbi_open(a->txn, NULL, 0, &root);
	if (status == MDB_SUCCESS)
		status = mdb_get(a->txn, root, &k, &a->header_value);
	if (status != MDB_SUCCESS) {
		a->problem = mdb_strerror(status);
		a->cause = cause_of(status);
		return;
	}

	found = digest_of(a->header_value.mv_data, a->header_value.mv_size);
	if (digest_parse(&want, a->id) < 0 || memcmp(&want, &found, sizeof want))
		a->problem = "its header does not hash to its id";
}

static void open_database(struct artifact *a, const char *prefix, const char *name, MDB_dbi *dbi,
			  uint64_t count)
{
	MDB_stat stat;
	char *full = die_printf("%s%s", prefix, name);
	int status = mdb_dbi_open(a->txn, full, 0, dbi);
	free(full);
	if (status == MDB_SUCCESS)
		status = mdb_stat(a->txn, *dbi, &stat);
	if (status == MDB_SUCCESS && stat.ms_entries == count)
		return;
	a->problem = "a table is missing or has another number of records than the header says";
	a->cause = cause_of(status);
}

static void open_tables(void *context)
{
	struct artifact *a = context;
	for (int i = 0; i < 2 * a->n_tables && !a->problem; i++) {
		struct artifact_table *t = &a->table[i / 2];
		if (i % 2)
			open_database(a, ARTIFACT_LEAF, t->name, &t->leaf, t->count);
		else
			open_database(a, ARTIFACT_DATA, t->name, &t->data, t->count);
	}
}

/* The header's bytes are those that were hashed, so only a writer's mistake can fail here. */
static int parse_header(struct artifact *a, struct error *e)
{
	const char *format, *kind, *name;
	int schema;
	json_t *attributes, *tables, *item;

	a->header = json_read(a->header_value.mv_data, a->header_value.mv_size, "header", e);
	if (!a->header ||
	    json_unpack(a->header, "{s:o, s:s, s:s, s:i, s:o}", "attributes", &attributes, "format", &format,
			"kind", &kind, "schema", &schema, "tables", &tables) < 0)
		return error_set(e, NULL, 0, "object %s: its header is not a header", a->id);

	if (strcmp(format, ARTIFACT_FORMAT))
		return error_set(e, NULL, 0, "object %s has format %.40s; this program reads %s", a->id,
				 format, ARTIFACT_FORMAT);
	if (json_object_size(tables) > ARTIFACT_MAX_TABLES)
		return error_set(e, NULL, 0, "object %s: its header names too many tables", a->id);

	json_object_foreach (tables, name, item) {
		json_int_t count = json_integer_value(json_object_get(item, "count"));
		a->table[a->n_tables++] = (struct artifact_table){.name = name, .count = (uint64_t)count};
	}

	return 0;
}

/* Run one step of opening under guard; -1 with e filled if it found or hit damage. */
static int try_step(struct artifact *a, void (*step)(void *), struct error *e)
{
	if (!guard_call(step, a)) {
		a->problem = "LMDB cannot read it";
		a->cause = pages_read(a->path);
	}
	return a->problem ? artifact_say(a, "", a->problem, a->cause, e) : 0;
}

/* gc moves an object before it removes it: what was in its place a moment ago is looked for again. */
static int find_file(struct artifact *a, struct error *e)
{
	struct error why = {0};
	for (int tries = 0; tries < 3; tries++) {
		why = (struct error){0};
		artifact_revive(a->id);
		free(a->path);
		a->path = artifact_place(a->id);
		if (a->path && pages_check(a->path, &a->file_bytes, &why) == 0)
			return 0;
		if (!a->path || why.cause != ENOENT)
			break;
	}
	if (!a->path || why.cause == ENOENT)
		return error_set(e, NULL, 0, "object %s is not in the store %s; run the stage that makes it",
				 a->id, artifact_store_path());
	char *where = die_printf("%s: ", a->path);
	int status = why.cause ? artifact_say(a, where, "", why.cause, e)
			       : error_set(e, NULL, 0, "object %s is damaged: %s; remove it and run again",
					   a->id, error_text(&why));
	free(where);
	return status;
}

static int open_checked(struct artifact *a, const char *id, struct error *e)
{
	struct digest d;
	if (digest_parse(&d, id) < 0)
		return error_set(e, NULL, 0, "'%.80s' is not an id (64 lower-case hex digits)", id);
	memcpy(a->id, id, sizeof a->id);
	if (find_file(a, e) < 0)
		return -1;
	if (try_step(a, read_header, e) < 0 || parse_header(a, e) < 0)
		return -1;

	return try_step(a, open_tables, e);
}

struct artifact *artifact_try(const char *id, struct error *e)
{
	struct artifact *a = die_calloc(1, sizeof *a);
	guard_install();
	if (open_checked(a, id, e) == 0)
		return a;
	artifact_close(a);
	return NULL;
}

struct artifact *artifact_open(const char *id, const char *kind)
{
	struct error e = {0};
	struct artifact *a = artifact_try(id, &e);
	if (!a)
		die("%s", error_text(&e));
	if (kind && strcmp(kind, artifact_kind(a)))
		die("object %s holds %s; %s was expected", a->id, artifact_kind(a), kind);
	return a;
}

void artifact_close(struct artifact *a)
{
	if (!a)
		return;
	if (a->txn)
		mdb_txn_abort(a->txn);
	if (a->env)
		mdb_env_close(a->env);
	json_decref(a->header);
	free(a->path);
	free(a);
}

const char *artifact_id(const struct artifact *a)
{
	return a->id;
}

const json_t *artifact_header(const struct artifact *a)
{
	return a->header;
}

static const struct artifact_table *find_table(const struct artifact *a, const char *name)
{
	for (int i = 0; i < a->n_tables; i++)
		if (!strcmp(a->table[i].name, name))
			return &a->table[i];
	return NULL;
}

const struct artifact_table *artifact_need_table(const struct artifact *a, const char *name)
{
	const struct artifact_table *t = find_table(a, name);
	if (!t)
		die("object %s (%s) has no table %s; it was written by another version", a->id,
		    artifact_kind(a), name);
	return t;
}

bool artifact_has_table(const struct artifact *a, const char *table)
{
	return find_table(a, table) != NULL;
}

uint64_t artifact_count(const struct artifact *a, const char *table)
{
	return artifact_need_table(a, table)->count;
}

bool artifact_is_leaf_of(const MDB_val *leaf, const MDB_val *key, const MDB_val *value)
{
	if (leaf->mv_size != DIGEST_BYTES)
		return false;
	struct digest d = digest_leaf(key->mv_data, key->mv_size, value->mv_data, value->mv_size);
	return !memcmp(d.bytes, leaf->mv_data, DIGEST_BYTES);
}

struct lookup {
	const struct artifact *a;
	const struct artifact_table *t;
	MDB_val key, value;
	bool is_there, is_sound;
};

static void look_up(void *context)
{
	struct lookup *l = context;
	MDB_val leaf;
	int data_status = mdb_get(l->a->txn, l->t->data, &l->key, &l->value);
	int leaf_status = mdb_get(l->a->txn, l->t->leaf, &l->key, &leaf);
	l->is_there = data_status == MDB_SUCCESS;
	if (data_status == MDB_NOTFOUND) /* a damaged key hides its record, but not in both tables at once */
		l->is_sound = leaf_status == MDB_NOTFOUND;
	else
		l->is_sound = l->is_there && leaf_status == MDB_SUCCESS &&
			      artifact_is_leaf_of(&leaf, &l->key, &l->value);
}

struct artifact_value artifact_get(const struct artifact *a, const char *table, const void *key,
				   size_t key_bytes)
{
	struct lookup l = {
		.a = a, .t = artifact_need_table(a, table), .key = {key_bytes, (void *)(uintptr_t)key}};
	if (!guard_call(look_up, &l))
		damaged_record(a, l.t, key, key_bytes, "LMDB cannot read it", pages_read(a->path));
	if (!l.is_sound)
		damaged_record(a, l.t, key, key_bytes, "its bytes do not hash to its leaf digest", 0);
	if (!l.is_there)
		return (struct artifact_value){0};
	return (struct artifact_value){l.value.mv_data, l.value.mv_size};
}

struct artifact_value artifact_get_record(const struct artifact *a, const char *table, uint64_t record)
{
	struct artifact_key key = artifact_key(record);
	return artifact_get(a, table, key.bytes, sizeof key.bytes);
}

struct artifact_value artifact_get_part(const struct artifact *a, const char *table, uint64_t record,
					int part)
{
	struct artifact_part_key key = artifact_part_key(record, part);
	return artifact_get(a, table, key.bytes, sizeof key.bytes);
}
