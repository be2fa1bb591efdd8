#include <fcntl.h>
#include <lmdb.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "store/artifact.h"
#include "store/artifact_layout.h"
#include "store/merkle.h"
#include "store/preview.h"
#include "store/publish.h"

#define BATCH_BYTES ((size_t)16 << 20) /* per transaction: far below where LMDB spills pages */
#define FIRST_MAP                                                                                            \
	((size_t)256 << 20) /* then doubled; only address space, the file has the size of its pages */

struct table_writer {
	char *name;
	MDB_dbi data, leaf;
	struct merkle merkle;
	uint64_t n_bytes;
	size_t last_bytes; /* 0: empty */
	uint8_t last[ARTIFACT_MAX_KEY];
};

/* Records that rank 0 does not have yet: of each a struct kept, its key and its value. */
struct log {
	char *bytes;
	size_t n_bytes, room;
};

struct kept {
	size_t table, key_bytes, value_bytes;
};

struct artifact_writer {
	struct team *team;
	struct log log; /* all that there is but in rank 0: no file, no env */
	char *kind;
	int schema;
	json_t *attributes;
	struct publish *file;
	MDB_env *env;
	MDB_txn *txn;
	size_t map_bytes, batch_bytes;
	struct table_writer table[ARTIFACT_MAX_TABLES];
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

static bool has_file(const struct artifact_writer *w)
{
	return team_rank(w->team) == 0;
}

static void open_file(struct artifact_writer *w)
{
	w->file = publish_begin();
	w->map_bytes = FIRST_MAP;
	check_write(w, mdb_env_create(&w->env));
	check_write(w, mdb_env_set_maxdbs(w->env, 2 * ARTIFACT_MAX_TABLES));
	check_write(w, mdb_env_set_mapsize(w->env, w->map_bytes));
	check_write(
		w, mdb_env_open(w->env, publish_path(w->file), MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, 0666));
	check_write(w, mdb_txn_begin(w->env, NULL, 0, &w->txn));
}

struct artifact_writer *artifact_create_shared(struct team *team, const char *kind, int schema)
{
	struct artifact_writer *w = die_calloc(1, sizeof *w);
	w->team = team;
	w->kind = die_strdup(kind);
	w->schema = schema;
	w->attributes = json_object();
	if (has_file(w))
		open_file(w);
	return w;
}

struct artifact_writer *artifact_create(const char *kind, int schema)
{
	return artifact_create_shared(NULL, kind, schema);
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
	if (w->n_tables == ARTIFACT_MAX_TABLES)
		BUG("an artifact has at most 16 tables");
	for (int i = 0; i < w->n_tables; i++)
		if (!strcmp(w->table[i].name, name))
			BUG("a table is declared twice");
	struct table_writer *t = &w->table[w->n_tables];
	t->name = die_strdup(name);
	if (has_file(w)) {
		t->data = make_database(w, ARTIFACT_DATA, name);
		t->leaf = make_database(w, ARTIFACT_LEAF, name);
		merkle_init(&t->merkle);
	}
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

/* Let the disk work on what was committed while the next records come; the sync at the end waits for it. */
static void begin_writing(const struct artifact_writer *w)
{
	mdb_filehandle_t fd;
	if (mdb_env_get_fd(w->env, &fd) == MDB_SUCCESS)
		sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* a hint: where it cannot be, later */
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
	begin_writing(w);
	while (w->map_bytes < map_needed(w, n_bytes))
		w->map_bytes *= 2;
	check_write(w, mdb_env_set_mapsize(w->env, w->map_bytes));
	check_write(w, mdb_txn_begin(w->env, NULL, 0, &w->txn));
	w->batch_bytes = n_bytes;
}

static void check_key(struct table_writer *t, const void *key, size_t n_bytes)
{
	if (n_bytes < 1 || n_bytes > ARTIFACT_MAX_KEY)
		BUG("a key has 1 to 511 bytes");
	if (!artifact_ascends(t->last, t->last_bytes, key, n_bytes))
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

static bool is_interrupted(void)
{
	return interrupted && *interrupted;
}

static void append_hashed(struct artifact_writer *w, int table, const void *key, size_t key_bytes,
			  const void *value, size_t value_bytes, const struct digest *leaf)
{
	struct table_writer *t = &w->table[table];
	check_key(t, key, key_bytes);
	if (value_bytes > UINT32_MAX)
		die("table %s: a value of %zu bytes is over LMDB's 4 GiB; split it", t->name, value_bytes);
	make_room(w, 2 * key_bytes + value_bytes + 256);

	MDB_val k = {key_bytes, (void *)(uintptr_t)key}, v = {value_bytes, (void *)(uintptr_t)value};
	MDB_val l = {sizeof leaf->bytes, (void *)(uintptr_t)leaf->bytes};
	check_write(w, mdb_put(w->txn, t->data, &k, &v, MDB_APPEND));
	check_write(w, mdb_put(w->txn, t->leaf, &k, &l, MDB_APPEND));
	merkle_add(&t->merkle, leaf);
	t->n_bytes += key_bytes + value_bytes;
}

static void append(struct artifact_writer *w, int table, const void *key, size_t key_bytes, const void *value,
		   size_t value_bytes)
{
	struct digest leaf = digest_leaf(key, key_bytes, value, value_bytes);
	append_hashed(w, table, key, key_bytes, value, value_bytes, &leaf);
}

/* ---- records of other ranks ---- */

static void log_bytes(struct log *l, const void *bytes, size_t n_bytes)
{
	if (l->room - l->n_bytes < n_bytes) {
		l->room = 2 * l->room + n_bytes;
		l->bytes = die_realloc(l->bytes, l->room);
	}
	if (n_bytes)
		memcpy(l->bytes + l->n_bytes, bytes, n_bytes);
	l->n_bytes += n_bytes;
}

static void keep(struct log *l, int table, const void *key, size_t key_bytes, const void *value,
		 size_t value_bytes)
{
	struct kept kept = {(size_t)table, key_bytes, value_bytes};
	log_bytes(l, &kept, sizeof kept);
	log_bytes(l, key, key_bytes);
	log_bytes(l, value, value_bytes);
}

static void append_log(struct artifact_writer *w, const struct log *l)
{
	struct kept kept;
	for (const char *at = l->bytes, *end = at + l->n_bytes; at < end;) {
		memcpy(&kept, at, sizeof kept);
		at += sizeof kept;
		append(w, (int)kept.table, at, kept.key_bytes, at + kept.key_bytes, kept.value_bytes);
		at += kept.key_bytes + kept.value_bytes;
	}
}

/* One log at a time, so that rank 0 needs no more memory in a larger team. */
static void receive_logs(struct artifact_writer *w, const size_t *n_bytes)
{
	for (int r = 1; r < team_size(w->team); r++) {
		struct log l = {die_malloc(n_bytes[r]), n_bytes[r], n_bytes[r]};
		team_exchange(w->team, NULL, 0, &(struct team_piece){r, l.bytes, l.n_bytes}, 1);
		append_log(w, &l);
		free(l.bytes);
	}
}

void artifact_gather(struct artifact_writer *w)
{
	size_t n_bytes[TEAM_MOST], one[TEAM_MOST];
	int size = team_size(w->team);
	if (size == 1)
		return;
	if (team_any(w->team, is_interrupted())) {
		team_leave(w->team);
		stop_interrupted();
	}

	for (int r = 0; r < size; r++)
		one[r] = sizeof *n_bytes;
	n_bytes[team_rank(w->team)] = w->log.n_bytes;
	team_gather(w->team, n_bytes, one);
	if (has_file(w))
		receive_logs(w, n_bytes);
	else
		team_exchange(w->team, &(struct team_piece){0, w->log.bytes, w->log.n_bytes}, 1, NULL, 0);
	w->log.n_bytes = 0;
}

/* ---- records ---- */

void artifact_put(struct artifact_writer *w, int table, const void *key, size_t key_bytes, const void *value,
		  size_t value_bytes)
{
	if (table < 0 || table >= w->n_tables)
		BUG("no such table");
	if (!w->team && is_interrupted())
		stop_interrupted();
	if (has_file(w))
		append(w, table, key, key_bytes, value, value_bytes);
	else
		keep(&w->log, table, key, key_bytes, value, value_bytes);
}

void artifact_put_hashed(struct artifact_writer *w, int table, const void *key, size_t key_bytes,
			 const void *value, size_t value_bytes, const struct digest *leaf)
{
	if (table < 0 || table >= w->n_tables || !has_file(w))
		BUG("no such table");
	if (is_interrupted())
		stop_interrupted();
	append_hashed(w, table, key, key_bytes, value, value_bytes, leaf);
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

void artifact_put_part(struct artifact_writer *w, int table, uint64_t record, int part, const float *x,
		       size_t n)
{
	struct artifact_part_key key = artifact_part_key(record, part);
	artifact_put_floats(w, table, key.bytes, sizeof key.bytes, x, n);
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
	json_t *header = json_pack("{s:O, s:s, s:s, s:i, s:o}", "attributes", w->attributes, "format",
				   ARTIFACT_FORMAT, "kind", w->kind, "schema", w->schema, "tables", tables);
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
	if (w->env)
		mdb_env_close(w->env);
	for (int i = 0; i < w->n_tables; i++)
		free(w->table[i].name);
	json_decref(w->attributes);
	free(w->log.bytes);
	free(w->kind);
	free(w);
}

static void finish(struct artifact_writer *w, const char *header, size_t n_bytes)
{
	MDB_dbi root;
	MDB_val k = {strlen(ARTIFACT_HEADER_KEY), ARTIFACT_HEADER_KEY},
		v = {n_bytes, (void *)(uintptr_t)header};
	make_room(w, n_bytes);
	check_write(w, mdb_dbi_open(w->txn, NULL, 0, &root));
	check_write(w, mdb_put(w->txn, root, &k, &v, 0));
	check_write(w, mdb_txn_commit(w->txn));
	w->txn = NULL;
	check_write(w, mdb_env_sync(w->env, 1));
}

static void publish_finished(struct artifact_writer *w, const char *header, size_t n_bytes, const char *id)
{
	finish(w, header, n_bytes);
	struct publish *file = w->file;
	free_writer(w);
	char *path = artifact_path(id);
	publish_end(file, path);
	free(path);
}

void artifact_publish(struct artifact_writer *w, char id[DIGEST_HEX])
{
	size_t n_bytes;
	char *header = make_header(w, &n_bytes);
	struct digest d = digest_of(header, n_bytes);
	digest_hex(id, &d);
	publish_finished(w, header, n_bytes, id);
	free(header);
}

bool artifact_publish_as(struct artifact_writer *w, const char *id)
{
	size_t n_bytes;
	char *header = make_header(w, &n_bytes), own[DIGEST_HEX];
	struct digest d = digest_of(header, n_bytes);
	digest_hex(own, &d);
	bool is_it = !strcmp(own, id);
	if (is_it)
		publish_finished(w, header, n_bytes, id);
	else
		artifact_abandon(w);
	free(header);
	return is_it;
}

void artifact_abandon(struct artifact_writer *w)
{
	if (!w)
		return;
	struct publish *file = w->file;
	free_writer(w);
	if (file)
		publish_drop(file);
}
