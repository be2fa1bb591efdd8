#include "audit/proof.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "store/merkle.h"

const struct proof_table proof_tables[] = {{"scores", "metrics", NULL, NULL},
					   {"evaluation", "arm", NULL, NULL},
					   {"evaluation", "floor", NULL, NULL},
					   {"evaluation", "ranking", NULL, NULL},
					   {"evaluation", "over_seeds", NULL, NULL},
					   {"report", "file", "report", "index.html"},
					   {0}};

/* ---- making ---- */

static json_t *record_of(const struct artifact_cursor *c, const char *folder, const json_t *withheld)
{
	json_t *key = json_stringn(c->key, c->key_bytes), *one = json_object();
	const json_t *why = key ? json_object_get(withheld, json_string_value(key)) : NULL;
	char hex[DIGEST_HEX];
	if (!key) {
		json_decref(one);
		return NULL;
	}
	if (why) {
		struct digest leaf = digest_leaf(c->key, c->key_bytes, c->value, c->value_bytes);
		digest_hex(hex, &leaf);
		json_object_set_new(one, "leaf", json_string(hex));
		json_object_set(one, "withheld", (json_t *)why);
	} else if (folder) {
		json_object_set_new(one, "file", json_sprintf("%s/%s", folder, json_string_value(key)));
	} else {
		json_object_set_new(one, "text", json_stringn(c->value, c->value_bytes));
	}
	json_object_set_new(one, "key", key);
	return one;
}

json_t *proof_of_table(const struct artifact *a, const char *table, const char *folder,
		       const json_t *withheld)
{
	json_t *records = json_array();
	if (!artifact_has_table(a, table)) {
		json_decref(records);
		return NULL;
	}
	for (struct artifact_cursor *c = artifact_walk(a, table); artifact_next(c);) {
		json_t *one = record_of(c, folder, withheld);
		if (json_object_size(one) >= 2) {
			json_array_append_new(records, one);
			continue;
		}
		artifact_stop(c);
		json_decref(one);
		json_decref(records);
		return NULL;
	}
	return json_pack("{s:s, s:s, s:o}", "id", artifact_id(a), "table", table, "records", records);
}

/* ---- checking ---- */

struct checking {
	const struct proof_table *t;
	proof_file *file;
	void *context;
	struct error *e;
};

static int refuse(const struct checking *c, const char *key, const char *why)
{
	return error_set(c->e, NULL, 0, "table %s: record %.60s %s", c->t->table, key, why);
}

static int leaf_of_text(struct digest *leaf, const json_t *one, const struct checking *c)
{
	const json_t *key = json_object_get(one, "key"), *text = json_object_get(one, "text");
	if (!json_is_string(text) || json_object_size(one) != 2)
		return refuse(c, json_string_value(key), "has no value that is text");
	*leaf = digest_leaf(json_string_value(key), json_string_length(key), json_string_value(text),
			    json_string_length(text));
	return 0;
}

/* A record that is kept back has its leaf alone; what is there is hashed. */
static int leaf_kept_back(struct digest *leaf, const json_t *one, bool is_there, const struct checking *c)
{
	const char *key = json_string_value(json_object_get(one, "key")),
		   *hex = json_string_value(json_object_get(one, "leaf"));
	if (!hex || json_object_size(one) != 3 || !json_is_string(json_object_get(one, "withheld")))
		return refuse(c, key, "is neither a file nor kept back");
	if (!c->t->page || strcmp(key, c->t->page))
		return refuse(c, key, "is none that is kept back");
	if (is_there)
		return refuse(c, key, "is called kept back, and its file is there");
	return digest_parse(leaf, hex) < 0 ? refuse(c, key, "has a leaf that is no digest") : 0;
}

static int leaf_of_file(struct digest *leaf, const json_t *one, const struct checking *c)
{
	const json_t *key = json_object_get(one, "key"), *own = json_object_get(one, "file");
	json_t *name = json_sprintf("%s/%s", c->t->folder, json_string_value(key));
	size_t n = 0;
	const char *bytes = name ? c->file(&n, json_string_value(name), c->context) : NULL;
	int status = 0;
	if (!own)
		status = leaf_kept_back(leaf, one, bytes != NULL, c);
	else if (!name || !json_equal(own, name) || json_object_size(one) != 2)
		status = refuse(c, json_string_value(key), "names a file that is not its own");
	else if (!bytes)
		status = refuse(c, json_string_value(key), "has a file that is not there");
	else
		*leaf = digest_leaf(json_string_value(key), json_string_length(key), bytes, n);
	json_decref(name);
	return status;
}

static int leaf_of(struct digest *leaf, const json_t *one, const struct checking *c)
{
	if (!json_is_string(json_object_get(one, "key")))
		return error_set(c->e, NULL, 0, "table %s: a record without a key", c->t->table);
	return c->t->folder ? leaf_of_file(leaf, one, c) : leaf_of_text(leaf, one, c);
}

int proof_check(const json_t *proof, const struct proof_table *t, const json_t *header, proof_file *file,
		void *context, struct error *e)
{
	const struct checking c = {t, file, context, e};
	const char *table = json_string_value(json_object_get(proof, "table")),
		   *root = json_string_value(json_object_get(
			   json_object_get(json_object_get(header, "tables"), t->table), "root"));
	const json_t *records = json_object_get(proof, "records"), *one;
	struct merkle m;
	char hex[DIGEST_HEX];
	size_t i;

	if (!root || !table || strcmp(table, t->table) || !json_is_array(records) ||
	    json_object_size(proof) != 3)
		return error_set(e, NULL, 0, "table %s: its file has something else", t->table);

	merkle_init(&m);
	json_array_foreach (records, i, one) {
		struct digest leaf;
		if (leaf_of(&leaf, one, &c) < 0)
			return -1;
		merkle_add(&m, &leaf);
	}
	struct digest d = merkle_root(&m);
	digest_hex(hex, &d);
	if (strcmp(hex, root))
		return error_set(e, NULL, 0, "table %s: its records do not hash to the root in the header",
				 t->table);
	return 0;
}
