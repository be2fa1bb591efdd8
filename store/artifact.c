#include "store/artifact.h"

#include <fcntl.h>
#include <lmdb.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/die.h"
#include "common/error.h"
#include "common/file.h"
#include "common/json.h"
#include "store/guard.h"
#include "store/merkle.h"
#include "store/pages.h"
#include "store/preview.h"
#include "store/publish.h"

#define FORMAT	    "einthoven-artifact/1"
#define HEADER_KEY  "header"
#define DATA_PREFIX "data/"
#define LEAF_PREFIX "leaf/"
#define MAX_TABLES  16
#define MAX_KEY	    511
#define BATCH_BYTES ((size_t)16 << 20) /* per transaction: far below where LMDB spills pages */
#define FIRST_MAP                                                                                            \
	((size_t)256 << 20) /* then doubled; only address space, the file has the size of its pages */

struct artifact_key artifact_key(uint64_t record)
{
	struct artifact_key key;
	for (int i = 0; i < 8; i++)
		key.bytes[i] = (uint8_t)(record >> (56 - 8 * i));
	return key;
}

uint64_t artifact_record(const void *key)
{
	const uint8_t *bytes = key;
	uint64_t record = 0;
	for (int i = 0; i < 8; i++)
		record = record << 8 | bytes[i];
	return record;
}

const char *artifact_store(void)
{
	const char *store = getenv("EINTHOVEN_STORE");
	return store && store[0] ? store : ".store";
}

char *artifact_path(const char *id)
{
	return die_printf("%s/objects/%.2s/%s.mdb", artifact_store(), id, id);
}

bool artifact_exists(const char *id)
{
	char *path = artifact_path(id);
	bool is_there = file_exists(path);
	free(path);
	return is_there;
}

void artifact_touch(const char *id)
{
	char *path = artifact_path(id);
	utimensat(AT_FDCWD, path, NULL, 0); /* not ours or read-only: its owner decides */
	free(path);
}

/* memcmp order, the shorter of two that begin alike first: LMDB's own. */
static bool ascends(const void *before, size_t before_bytes, const void *after, size_t after_bytes)
{
	int order = memcmp(before, after, before_bytes < after_bytes ? before_bytes : after_bytes);
	return order < 0 || (order == 0 && before_bytes < after_bytes);
}

/* ---- writing ---- */

struct table_writer {
	char *name;
	MDB_dbi data, leaf;
	struct merkle merkle;
	uint64_t n_bytes;
	size_t last_bytes; /* 0: empty */
	uint8_t last[MAX_KEY];
};

struct artifact_writer {
	char *kind;
	int schema;
	json_t *attributes;
	struct publish *file;
	MDB_env *env;
	MDB_txn *txn;
	size_t map_bytes, batch_bytes;
	struct table_writer table[MAX_TABLES];
	int n_tables;
};

static void check_write(const struct artifact_writer *w, int status)
{
	if (status == MDB_SUCCESS)
		return;
	if (status > 0)
		publish_die(publish_path(w->file), "write", status);
	die("cannot write %s: %s; nothing was published", publish_path(w->file), mdb_strerror(status));
}

struct artifact_writer *artifact_create(const char *kind, int schema)
{
	struct artifact_writer *w = die_calloc(1, sizeof *w);
	w->kind = die_strdup(kind);
	w->schema = schema;
	w->attributes = json_object();
	w->file = publish_begin();
	w->map_bytes = FIRST_MAP;
	check_write(w, mdb_env_create(&w->env));
	check_write(w, mdb_env_set_maxdbs(w->env, 2 * MAX_TABLES));
	check_write(w, mdb_env_set_mapsize(w->env, w->map_bytes));
	check_write(
		w, mdb_env_open(w->env, publish_path(w->file), MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, 0666));
	check_write(w, mdb_txn_begin(w->env, NULL, 0, &w->txn));
	return w;
}

void artifact_attribute(struct artifact_writer *w, const char *name, json_t *value)
{
	if (!value || json_object_set_new(w->attributes, name, value) < 0)
		BUG("an attribute is not a JSON value");
}

static MDB_dbi make_database(struct artifact_writer *w, const char *prefix, const char *name)
{
	MDB_dbi dbi;
	char *full = die_printf("%s%s", prefix, name);
	check_write(w, mdb_dbi_open(w->txn, full, MDB_CREATE, &dbi));
	free(full);
	return dbi;
}

int artifact_table(struct artifact_writer *w, const char *name)
{
	if (w->n_tables == MAX_TABLES)
		BUG("an artifact has at most 16 tables");
	for (int i = 0; i < w->n_tables; i++)
		if (!strcmp(w->table[i].name, name))
			BUG("a table is declared twice");
	struct table_writer *t = &w->table[w->n_tables];
	t->name = die_strdup(name);
	t->data = make_database(w, DATA_PREFIX, name);
	t->leaf = make_database(w, LEAF_PREFIX, name);
	merkle_init(&t->merkle);
	return w->n_tables++;
}

/* The map must hold what is committed, this transaction and n_bytes more; pages may be half empty. */
static size_t map_needed(const struct artifact_writer *w, size_t n_bytes)
{
	MDB_envinfo info;
	MDB_stat stat;
	mdb_env_info(w->env, &info);
	mdb_env_stat(w->env, &stat);
	return (info.me_last_pgno + 1) * stat.ms_psize + 2 * (BATCH_BYTES + n_bytes) + ((size_t)4 << 20);
}

/* End the transaction when it is full, so that LMDB need not spill pages; the map can only grow between two.
 */
static void make_room(struct artifact_writer *w, size_t n_bytes)
{
	bool is_full = w->batch_bytes && w->batch_bytes + n_bytes > BATCH_BYTES;
	if (!is_full && map_needed(w, n_bytes) <= w->map_bytes) {
		w->batch_bytes += n_bytes;
		return;
	}
	check_write(w, mdb_txn_commit(w->txn));
	while (w->map_bytes < map_needed(w, n_bytes))
		w->map_bytes *= 2;
	check_write(w, mdb_env_set_mapsize(w->env, w->map_bytes));
	check_write(w, mdb_txn_begin(w->env, NULL, 0, &w->txn));
	w->batch_bytes = n_bytes;
}

static void check_key(struct table_writer *t, const void *key, size_t n_bytes)
{
	if (n_bytes < 1 || n_bytes > MAX_KEY)
		BUG("a key has 1 to 511 bytes");
	if (!ascends(t->last, t->last_bytes, key, n_bytes))
		BUG("keys of a table must ascend");
	memcpy(t->last, key, n_bytes);
	t->last_bytes = n_bytes;
}

static const volatile bool *interrupted;
static void (*stop_interrupted)(void);

void artifact_watch(const volatile bool *is_interrupted, void (*stop)(void))
{
	interrupted = is_interrupted;
	stop_interrupted = stop;
}

void artifact_put(struct artifact_writer *w, int table, const void *key, size_t key_bytes, const void *value,
		  size_t value_bytes)
{
	if (table < 0 || table >= w->n_tables)
		BUG("no such table");
	if (interrupted && *interrupted)
		stop_interrupted();
	struct table_writer *t = &w->table[table];
	check_key(t, key, key_bytes);
	if (value_bytes > UINT32_MAX)
		die("table %s: a value of %zu bytes is over LMDB's 4 GiB; split it", t->name, value_bytes);
	make_room(w, 2 * key_bytes + value_bytes + 256);
	struct digest leaf = digest_leaf(key, key_bytes, value, value_bytes);
	MDB_val k = {key_bytes, (void *)(uintptr_t)key}, v = {value_bytes, (void *)(uintptr_t)value};
	MDB_val l = {sizeof leaf.bytes, leaf.bytes};
	check_write(w, mdb_put(w->txn, t->data, &k, &v, MDB_APPEND));
	check_write(w, mdb_put(w->txn, t->leaf, &k, &l, MDB_APPEND));
	merkle_add(&t->merkle, &leaf);
	t->n_bytes += key_bytes + value_bytes;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "float32 values are written as they lie in memory");

void artifact_put_floats(struct artifact_writer *w, int table, const void *key, size_t key_bytes,
			 const float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(x[i]))
			die("table %s, record %s: value %zu of %zu is not finite; nothing was published",
			    w->table[table].name, preview_key(key, key_bytes), i, n);
	artifact_put(w, table, key, key_bytes, x, n * sizeof *x);
}

static json_t *describe_table(const struct table_writer *t)
{
	char root[DIGEST_HEX];
	struct digest d = merkle_root(&t->merkle);
	digest_hex(root, &d);
	return json_pack("{s:I, s:I, s:s}", "bytes", (json_int_t)t->n_bytes, "count",
			 (json_int_t)t->merkle.count, "root", root);
}

static char *make_header(struct artifact_writer *w, size_t *n_bytes)
{
	json_t *tables = json_object();
	for (int i = 0; i < w->n_tables; i++)
		json_object_set_new(tables, w->table[i].name, describe_table(&w->table[i]));
	json_t *header = json_pack("{s:O, s:s, s:s, s:i, s:o}", "attributes", w->attributes, "format", FORMAT,
				   "kind", w->kind, "schema", w->schema, "tables", tables);
	if (!header)
		BUG("a header is not JSON");
	char *text = json_canonical(header, n_bytes);
	json_decref(header);
	return text;
}

static void free_writer(struct artifact_writer *w)
{
	if (w->txn)
		mdb_txn_abort(w->txn);
	mdb_env_close(w->env);
	for (int i = 0; i < w->n_tables; i++)
		free(w->table[i].name);
	json_decref(w->attributes);
	free(w->kind);
	free(w);
}

static void finish(struct artifact_writer *w, const char *header, size_t n_bytes)
{
	MDB_dbi root;
	MDB_val k = {strlen(HEADER_KEY), HEADER_KEY}, v = {n_bytes, (void *)(uintptr_t)header};
	make_room(w, n_bytes);
	check_write(w, mdb_dbi_open(w->txn, NULL, 0, &root));
	check_write(w, mdb_put(w->txn, root, &k, &v, 0));
	check_write(w, mdb_txn_commit(w->txn));
	w->txn = NULL;
	check_write(w, mdb_env_sync(w->env, 1));
}

void artifact_publish(struct artifact_writer *w, char id[DIGEST_HEX])
{
	size_t n_bytes;
	char *header = make_header(w, &n_bytes);
	finish(w, header, n_bytes);
	struct digest d = digest_of(header, n_bytes);
	digest_hex(id, &d);
	free(header);
	struct publish *file = w->file;
	free_writer(w);
	char *path = artifact_path(id);
	publish_end(file, path);
	free(path);
}

void artifact_abandon(struct artifact_writer *w)
{
	if (!w)
		return;
	struct publish *file = w->file;
	free_writer(w);
	publish_drop(file);
}

/* ---- reading ---- */

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
	struct table table[MAX_TABLES];
	int n_tables;
	MDB_val header_value;
	const char *problem; /* found under guard_call */
};

static _Noreturn void damaged_record(const struct artifact *a, const struct table *t, const void *key,
				     size_t key_bytes, const char *what)
{
	die("object %s is damaged: table %s, record %s: %s; remove %s and run again", a->id, t->name,
	    preview_key(key, key_bytes), what, a->path);
}

static void on_assert(MDB_env *env, const char *message)
{
	(void)env, (void)message;
	guard_fail();
}

static int open_file(struct artifact *a)
{
	int status = mdb_env_create(&a->env);
	if (status == MDB_SUCCESS)
		status = mdb_env_set_assert(a->env, on_assert);
	if (status == MDB_SUCCESS)
		status = mdb_env_set_maxdbs(a->env, 2 * MAX_TABLES);
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
	MDB_val k = {strlen(HEADER_KEY), HEADER_KEY};
	int status = open_file(a);
	if (status == MDB_SUCCESS)
		status = mdb_dbi_open(a->txn, NULL, 0, &root);
	if (status == MDB_SUCCESS)
		status = mdb_get(a->txn, root, &k, &a->header_value);
	if (status != MDB_SUCCESS) {
		a->problem = mdb_strerror(status);
		return;
	}
	found = digest_of(a->header_value.mv_data, a->header_value.mv_size);
	if (digest_parse(&want, a->id) < 0 || memcmp(&want, &found, sizeof want))
		a->problem = "its header does not hash to its id";
}

static bool open_database(struct artifact *a, const char *prefix, const char *name, MDB_dbi *dbi,
			  uint64_t count)
{
	MDB_stat stat;
	char *full = die_printf("%s%s", prefix, name);
	int status = mdb_dbi_open(a->txn, full, 0, dbi);
	free(full);
	return status == MDB_SUCCESS && mdb_stat(a->txn, *dbi, &stat) == MDB_SUCCESS &&
	       stat.ms_entries == count;
}

static void open_tables(void *context)
{
	struct artifact *a = context;
	for (int i = 0; i < a->n_tables && !a->problem; i++) {
		struct table *t = &a->table[i];
		if (!open_database(a, DATA_PREFIX, t->name, &t->data, t->count) ||
		    !open_database(a, LEAF_PREFIX, t->name, &t->leaf, t->count))
			a->problem =
				"a table is missing or has another number of records than the header says";
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
	if (strcmp(format, FORMAT))
		return error_set(e, NULL, 0, "object %s has format %.40s; this program reads %s", a->id,
				 format, FORMAT);
	if (json_object_size(tables) > MAX_TABLES)
		return error_set(e, NULL, 0, "object %s: its header names too many tables", a->id);
	json_object_foreach(tables, name, item)
	{
		json_int_t count = json_integer_value(json_object_get(item, "count"));
		a->table[a->n_tables++] = (struct table){.name = name, .count = (uint64_t)count};
	}
	return 0;
}

/* Run one step of opening under guard; -1 with e filled if it found or hit damage. */
static int try_step(struct artifact *a, void (*step)(void *), struct error *e)
{
	if (!guard_call(step, a))
		a->problem = "LMDB cannot read it";
	if (!a->problem)
		return 0;
	return error_set(e, NULL, 0, "object %s is damaged: %s; remove %s and run again", a->id, a->problem,
			 a->path);
}

static int open_checked(struct artifact *a, const char *id, struct error *e)
{
	struct digest d;
	struct error why = {0};
	if (digest_parse(&d, id) < 0)
		return error_set(e, NULL, 0, "'%.80s' is not an id (64 lower-case hex digits)", id);
	memcpy(a->id, id, sizeof a->id);
	a->path = artifact_path(id);
	if (!file_exists(a->path))
		return error_set(e, NULL, 0, "object %s is not in the store %s; run the stage that makes it",
				 id, artifact_store());
	if (pages_check(a->path, &a->file_bytes, &why) < 0)
		return error_set(e, NULL, 0, "object %s is damaged: %s; remove it and run again", id,
				 error_text(&why));
	if (try_step(a, read_header, e) < 0 || parse_header(a, e) < 0)
		return -1;
	return try_step(a, open_tables, e);
}

struct artifact *artifact_try(const char *id, struct error *e)
{
	struct artifact *a = die_calloc(1, sizeof *a);
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

const char *artifact_kind(const struct artifact *a)
{
	return json_string_value(json_object_get(a->header, "kind"));
}

const json_t *artifact_header(const struct artifact *a)
{
	return a->header;
}

const json_t *artifact_get_attribute(const struct artifact *a, const char *name)
{
	return json_object_get(json_object_get(a->header, "attributes"), name);
}

static const json_t *typed_attribute(const struct artifact *a, const char *name, bool is_right,
				     const char *type)
{
	const json_t *value = artifact_get_attribute(a, name);
	if (!value)
		die("object %s (%s) has no attribute %s; it was written by another version", a->id,
		    artifact_kind(a), name);
	if (!is_right)
		die("object %s (%s): attribute %s is not %s", a->id, artifact_kind(a), name, type);
	return value;
}

int64_t artifact_integer(const struct artifact *a, const char *name)
{
	bool is_right = json_is_integer(artifact_get_attribute(a, name));
	return json_integer_value(typed_attribute(a, name, is_right, "an integer"));
}

double artifact_number(const struct artifact *a, const char *name)
{
	bool is_right = json_is_number(artifact_get_attribute(a, name));
	return json_number_value(typed_attribute(a, name, is_right, "a number"));
}

const char *artifact_text(const struct artifact *a, const char *name)
{
	bool is_right = json_is_string(artifact_get_attribute(a, name));
	return json_string_value(typed_attribute(a, name, is_right, "a text"));
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
		damaged_record(a, l.t, key, key_bytes, "LMDB cannot read it");
	if (!l.is_sound)
		damaged_record(a, l.t, key, key_bytes, "its bytes do not hash to its leaf digest");
	if (!l.is_there)
		return (struct artifact_value){0};
	return (struct artifact_value){l.value.mv_data, l.value.mv_size};
}

struct artifact_value artifact_get_record(const struct artifact *a, const char *table, uint64_t record)
{
	struct artifact_key key = artifact_key(record);
	return artifact_get(a, table, key.bytes, sizeof key.bytes);
}

struct walk {
	struct artifact_cursor here; /* first: what the caller sees */
	const struct artifact *a;
	const struct table *t;
	MDB_cursor *data, *leaf;
	uint8_t last[MAX_KEY]; /* the key before; a copy, since a damaged one may lie outside the map */
	size_t last_bytes;
	uint64_t n;
	bool is_end;
	const char *problem;
};

struct artifact_cursor *artifact_walk(const struct artifact *a, const char *table)
{
	struct walk *w = die_calloc(1, sizeof *w);
	w->a = a;
	w->t = need_table(a, table);
	if (mdb_cursor_open(a->txn, w->t->data, &w->data) || mdb_cursor_open(a->txn, w->t->leaf, &w->leaf))
		die("object %s: cannot open a cursor", a->id);
	return &w->here;
}

static void step(void *context)
{
	struct walk *w = context;
	MDB_val key, value, leaf_key, leaf;
	int status = mdb_cursor_get(w->data, &key, &value, MDB_NEXT);
	int leaf_status = mdb_cursor_get(w->leaf, &leaf_key, &leaf, MDB_NEXT);
	w->is_end = status == MDB_NOTFOUND && leaf_status == MDB_NOTFOUND;
	if (w->is_end) {
		w->problem = w->n == w->t->count ? NULL : "records are missing after it";
		return;
	}
	if (status != MDB_SUCCESS || leaf_status != MDB_SUCCESS)
		w->problem = "the records after it cannot be read";
	else if (key.mv_size < 1 || key.mv_size > MAX_KEY)
		w->problem = "the next key has no legal length";
	else if (w->n++ >= w->t->count)
		w->problem = "there are more records than the header says";
	else if (!ascends(w->last, w->last_bytes, key.mv_data, key.mv_size))
		w->problem = "the next key does not ascend";
	else if (key.mv_size != leaf_key.mv_size || memcmp(key.mv_data, leaf_key.mv_data, key.mv_size))
		w->problem = "the next record and its leaf digest have different keys";
	if (w->problem)
		return;
	memcpy(w->last, key.mv_data, key.mv_size);
	w->last_bytes = key.mv_size;
	if (!is_leaf_of(&leaf, &key, &value))
		w->problem = "its bytes do not hash to its leaf digest";
	w->here = (struct artifact_cursor){key.mv_data, value.mv_data, key.mv_size, value.mv_size};
}

static int describe_problem(const struct walk *w, struct error *e)
{
	char *key = w->last_bytes ? preview_key(w->last, w->last_bytes) : NULL;
	error_set(e, NULL, 0, "object %s is damaged: table %s, %s%s: %s; remove %s and run again", w->a->id,
		  w->t->name, key ? "record " : "before the first record", key ? key : "", w->problem,
		  w->a->path);
	free(key);
	return -1;
}

int artifact_try_next(struct artifact_cursor *c, struct error *e)
{
	struct walk *w = (struct walk *)c;
	if (!guard_call(step, w))
		w->problem = "the records after it cannot be read";
	if (!w->problem && !w->is_end)
		return 1;
	int status = w->problem ? describe_problem(w, e) : 0;
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

void artifact_stop(struct artifact_cursor *c)
{
	struct walk *w = (struct walk *)c;
	mdb_cursor_close(w->data);
	mdb_cursor_close(w->leaf);
	free(w);
}
