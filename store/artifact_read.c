#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/artifact.h"
#include "store/artifact_layout.h"
#include "store/guard.h"
#include "store/pages.h"
#include "store/preview.h"

struct table {
	const char *name; /* of the header's member */
	MDB_dbi data, leaf;
	uint64_t count;
};

struct artifact {
	char id[DIGEST_HEX];
	char *path;
	size_t file_bytes;
	json_t *header;
	MDB_env *env;
	MDB_txn *txn;
	struct table table[ARTIFACT_MAX_TABLES];
	int n_tables;
	MDB_val header_value;
	const char *problem; /* found under guard_call */
	int cause;	     /* of it, as errno, if that says nothing of the bytes; else 0 */
};

/* "object 3fa9... is damaged: table x, record 17: what", or, with a cause, that it cannot be read. */
static int say(const struct artifact *a, const char *where, const char *what, int cause, struct error *e)
{
	if (cause)
		return error_set_cause(e, NULL, cause,
				       "object %s cannot be read: %s%s; that does not say that it is "
				       "damaged: %s",
				       a->id, where, strerror(cause), error_remedy(cause));
	return error_set(e, NULL, 0, "object %s is damaged: %s%s; remove %s and run again", a->id, where,
			 what, a->path);
}

static _Noreturn void damaged_record(const struct artifact *a, const struct table *t, const void *key,
				     size_t key_bytes, const char *what, int cause)
{
	struct error e = {0};
	char *where = die_printf("table %s, record %s: ", t->name, preview_key(key, key_bytes));
	say(a, where, what, cause, &e);
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
		struct table *t = &a->table[i / 2];
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
		a->table[a->n_tables++] = (struct table){.name = name, .count = (uint64_t)count};
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
	return a->problem ? say(a, "", a->problem, a->cause, e) : 0;
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
	int status = why.cause ? say(a, where, "", why.cause, e)
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

static const struct table *find_table(const struct artifact *a, const char *name)
{
	for (int i = 0; i < a->n_tables; i++)
		if (!strcmp(a->table[i].name, name))
			return &a->table[i];
	return NULL;
}

static const struct table *need_table(const struct artifact *a, const char *name)
{
	const struct table *t = find_table(a, name);
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
	return need_table(a, table)->count;
}

static bool is_leaf_of(const MDB_val *leaf, const MDB_val *key, const MDB_val *value)
{
	if (leaf->mv_size != DIGEST_BYTES)
		return false;
	struct digest d = digest_leaf(key->mv_data, key->mv_size, value->mv_data, value->mv_size);
	return !memcmp(d.bytes, leaf->mv_data, DIGEST_BYTES);
}

struct lookup {
	const struct artifact *a;
	const struct table *t;
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
		l->is_sound =
			l->is_there && leaf_status == MDB_SUCCESS && is_leaf_of(&leaf, &l->key, &l->value);
}

struct artifact_value artifact_get(const struct artifact *a, const char *table, const void *key,
				   size_t key_bytes)
{
	struct lookup l = {.a = a, .t = need_table(a, table), .key = {key_bytes, (void *)(uintptr_t)key}};
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

struct walk {
	struct artifact_cursor here; /* first: what the caller sees */
	const struct artifact *a;
	const struct table *t;
	MDB_cursor *data, *leaf;
	uint8_t last
		[ARTIFACT_MAX_KEY]; /* the key before; a copy, since a damaged one may lie outside the map */
	size_t last_bytes;
	uint64_t n, end;		      /* records seen, and of all that are to be seen */
	MDB_cursor_op op;		      /* of the next step */
	enum { CHECKED, PASSED, PEEKED } way; /* of the next record's value */
	bool is_end;
	const char *problem;
};

struct artifact_cursor *artifact_walk(const struct artifact *a, const char *table)
{
	struct walk *w = die_calloc(1, sizeof *w);
	w->a = a;
	w->t = need_table(a, table);
	w->end = w->t->count;
	w->op = MDB_NEXT;
	if (mdb_cursor_open(a->txn, w->t->data, &w->data) || mdb_cursor_open(a->txn, w->t->leaf, &w->leaf))
		die("object %s: cannot open a cursor", a->id);
	return &w->here;
}

struct artifact_cursor *artifact_walk_from(const struct artifact *a, const char *table, const void *key,
					   size_t key_bytes, uint64_t n)
{
	struct walk *w = (struct walk *)artifact_walk(a, table);
	if (key_bytes < 1 || key_bytes > ARTIFACT_MAX_KEY)
		BUG("a key has 1 to 511 bytes");
	memcpy(w->last, key, key_bytes);
	w->last_bytes = key_bytes;
	w->end = n;
	w->op = MDB_SET_KEY;
	return &w->here;
}

static bool ends_here(const struct walk *w, int status, int leaf_status)
{
	if (w->end < w->t->count)
		return w->n == w->end;
	return status == MDB_NOTFOUND && leaf_status == MDB_NOTFOUND;
}

static void step(void *context)
{
	struct walk *w = context;
	MDB_val key = {w->last_bytes, w->last}, value, leaf_key = key, leaf;
	bool is_first = w->op == MDB_SET_KEY;
	int status = mdb_cursor_get(w->data, &key, &value, w->op);
	int leaf_status = mdb_cursor_get(w->leaf, &leaf_key, &leaf, w->op);
	w->op = MDB_NEXT;
	w->is_end = ends_here(w, status, leaf_status);
	if (w->is_end) {
		w->problem = w->n == w->end ? NULL : "records are missing after it";
		return;
	}

	if (status != MDB_SUCCESS || leaf_status != MDB_SUCCESS)
		w->problem = "the records after it cannot be read";
	else if (key.mv_size < 1 || key.mv_size > ARTIFACT_MAX_KEY)
		w->problem = "the next key has no legal length";
	else if (w->n++ >= w->end)
		w->problem = "there are more records than the header says";
	else if (!is_first && !artifact_ascends(w->last, w->last_bytes, key.mv_data, key.mv_size))
		w->problem = "the next key does not ascend";
	else if (key.mv_size != leaf_key.mv_size || memcmp(key.mv_data, leaf_key.mv_data, key.mv_size))
		w->problem = "the next record and its leaf digest have different keys";
	else if (leaf.mv_size != DIGEST_BYTES)
		w->problem = "its leaf digest has no legal length";

	if (w->problem)
		return;
	memcpy(w->last, key.mv_data, key.mv_size);
	w->last_bytes = key.mv_size;
	if (w->way == CHECKED && !is_leaf_of(&leaf, &key, &value))
		w->problem = "its bytes do not hash to its leaf digest";
	w->here = (struct artifact_cursor){
		key.mv_data, w->way == PASSED ? NULL : value.mv_data, key.mv_size, value.mv_size, {{0}}};
	memcpy(w->here.leaf.bytes, leaf.mv_data, DIGEST_BYTES);
}

static int describe_problem(const struct walk *w, int cause, struct error *e)
{
	char *key = w->last_bytes ? preview_key(w->last, w->last_bytes) : NULL;
	char *where = die_printf("table %s, %s%s: ", w->t->name, key ? "record " : "before the first record",
				 key ? key : "");
	say(w->a, where, w->problem, cause, e);
	free(where);
	free(key);
	return -1;
}

int artifact_try_next(struct artifact_cursor *c, struct error *e)
{
	struct walk *w = (struct walk *)c;
	int cause = 0;
	if (!guard_call(step, w)) {
		w->problem = "the records after it cannot be read";
		cause = pages_read(w->a->path);
	}
	if (!w->problem && !w->is_end)
		return 1;
	int status = w->problem ? describe_problem(w, cause, e) : 0;
	artifact_stop(c);
	return status;
}

bool artifact_next(struct artifact_cursor *c)
{
	struct error e = {0};
	int status = artifact_try_next(c, &e);
	if (status < 0)
		die("%s", error_text(&e));
	return status;
}

int artifact_try_skip(struct artifact_cursor *c, struct error *e)
{
	struct walk *w = (struct walk *)c;
	w->way = PASSED;
	int status = artifact_try_next(c, e);
	if (status > 0)
		w->way = CHECKED;
	return status;
}

int artifact_try_peek(struct artifact_cursor *c, struct error *e)
{
	struct walk *w = (struct walk *)c;
	w->way = PEEKED;
	int status = artifact_try_next(c, e);
	if (status > 0)
		w->way = CHECKED;
	return status;
}

bool artifact_skip(struct artifact_cursor *c)
{
	struct error e = {0};
	int status = artifact_try_skip(c, &e);
	if (status < 0)
		die("%s", error_text(&e));
	return status;
}

void artifact_stop(struct artifact_cursor *c)
{
	struct walk *w = (struct walk *)c;
	mdb_cursor_close(w->data);
	mdb_cursor_close(w->leaf);
	free(w);
}
