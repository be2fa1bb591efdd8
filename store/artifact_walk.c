#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "store/artifact_inside.h"
#include "store/guard.h"
#include "store/pages.h"
#include "store/preview.h"

struct walk {
	struct artifact_cursor here; /* first: what the caller sees */
	const struct artifact *a;
	const struct artifact_table *t;
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
	w->t = artifact_need_table(a, table);
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
	if (w->way == CHECKED && !artifact_is_leaf_of(&leaf, &key, &value))
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
	artifact_say(w->a, where, w->problem, cause, e);
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
