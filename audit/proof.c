#include "audit/proof.h"

#include <stdlib.h>
#include <string.h>

#include "store/merkle.h"

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

static int leaf_of(struct digest *leaf, const json_t *one, proof_file *file, void *context, struct error *e)
{
	const json_t *key = json_object_get(one, "key"), *text = json_object_get(one, "text");
	const char *hex = json_string_value(json_object_get(one, "leaf")),
		   *name = json_string_value(json_object_get(one, "file")), *bytes = json_string_value(text);
	size_t n = json_string_length(text);
	if (!json_is_string(key))
		return error_set(e, NULL, 0, "a record without a key");
	if (hex)
		return digest_parse(leaf, hex) < 0 ? error_set(e, NULL, 0, "a leaf that is no digest") : 0;
	if (name)
		bytes = file(&n, name, context);
	if (!bytes)
		return error_set(e, NULL, 0, "record %.60s: its value is not there", json_string_value(key));
	*leaf = digest_leaf(json_string_value(key), json_string_length(key), bytes, n);
	return 0;
}

int proof_check(const json_t *proof, const json_t *header, proof_file *file, void *context, struct error *e)
{
	const char *table = json_string_value(json_object_get(proof, "table")), *root = NULL;
	const json_t *records = json_object_get(proof, "records"), *one;
	struct merkle m;
	char hex[DIGEST_HEX];
	size_t i;

	if (table)
		root = json_string_value(
			json_object_get(json_object_get(json_object_get(header, "tables"), table), "root"));
	if (!root || !json_is_array(records))
		return error_set(e, NULL, 0, "records of a table that the header does not have");

	merkle_init(&m);
	json_array_foreach (records, i, one) {
		struct digest leaf;
		if (leaf_of(&leaf, one, file, context, e) < 0)
			return -1;
		merkle_add(&m, &leaf);
	}
	struct digest d = merkle_root(&m);
	digest_hex(hex, &d);
	if (strcmp(hex, root))
		return error_set(e, NULL, 0, "table %.60s: its records do not hash to the root in the header",
				 table);
	return 0;
}
