#include "stages/report/chain.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "stages/shared/pathless.h"
#include "store/lineage.h"

static json_t *params_without_paths(const json_t *params)
{
	json_t *out = json_deep_copy(params), *value;
	const char *name;
	void *next;
	json_object_foreach_safe (out, next, name, value) {
		if (!json_is_string(value))
			continue;
		char *text = pathless_text(json_string_value(value));
		json_object_set_new(out, name, json_string(text));
		free(text);
	}
	return out;
}

/* ---- the chain ---- */

struct chain {
	struct lineage *lineage;
	json_t *met;	   /* id -> true */
	json_t *queue;	   /* the same ids in the order they were met */
	json_t *artifacts; /* id -> what made it */
	json_t *unknown;
};

static void meet(const char *name, const char *id, void *context)
{
	struct chain *c = context;
	(void)name;
	if (json_object_get(c->met, id))
		return;
	json_object_set_new(c->met, id, json_true());
	json_array_append_new(c->queue, json_string(id));
}

static const json_t *definition_of(const struct lineage_entry *entry)
{
	return json_object_get(json_object_get(entry->statement, "predicate"), "buildDefinition");
}

static const json_t *finished(const struct lineage_entry *entry)
{
	const json_t *details = json_object_get(json_object_get(entry->statement, "predicate"), "runDetails");
	return json_object_get(json_object_get(details, "metadata"), "finishedOn");
}

static json_t *described(const struct lineage_entry *entry)
{
	return json_pack("{s:s, s:s, s:O?, s:O?, s:o, s:O?}", "stage", entry->stage, "key", entry->key,
			 "code", json_object_get(entry->action, "code"), "inputs",
			 json_object_get(entry->action, "inputs"), "params",
			 params_without_paths(json_object_get(entry->action, "params")), "finished",
			 finished(entry));
}

static void follow(struct chain *c, const char *id)
{
	meet(NULL, id, c);
	for (size_t i = 0; i < json_array_size(c->queue); i++) {
		const char *own = json_string_value(json_array_get(c->queue, i));
		const struct lineage_entry *entry = lineage_find(c->lineage, own);
		if (!entry) {
			json_array_append_new(c->unknown, json_string(own));
			continue;
		}
		json_object_set_new(c->artifacts, own, described(entry));
		lineage_inputs(entry, meet, c);
	}
}

/* ---- stages ---- */

static void add_commits(json_t *list, const struct lineage_entry *entry)
{
	size_t i;
	const json_t *item;
	json_array_foreach (json_object_get(definition_of(entry), "resolvedDependencies"), i, item)
		json_append_once(list, json_object_get(json_object_get(item, "digest"), "gitCommit"));
}

/* What ran as one stage: of one artifact or of the hundred of as many arms. */
static json_t *stage_of(const struct chain *c, const char *stage)
{
	json_t *code = json_array(), *commits = json_array(), *numerics = json_array();
	size_t i;
	const json_t *id;

	json_array_foreach (c->queue, i, id) {
		const struct lineage_entry *entry = lineage_find(c->lineage, json_string_value(id));
		if (!entry || strcmp(entry->stage, stage))
			continue;
		json_append_once(code, json_object_get(entry->action, "code"));
		json_append_once(numerics, json_object_get(entry->action, "numerics"));
		add_commits(commits, entry);
	}

	return json_pack("{s:s, s:o, s:o, s:o}", "stage", stage, "code", code, "commits", commits, "numerics",
			 numerics);
}

static json_t *stages_of(const struct chain *c)
{
	static const char *const order[] = {"fetch", "preprocess", "views",   "pretrain", "embed",
					    "probe", "finetune",   "predict", "evaluate", "report"};
	json_t *out = json_array();
	for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
		json_t *stage = stage_of(c, order[k]);
		if (json_array_size(json_object_get(stage, "code")))
			json_array_append(out, stage);
		json_decref(stage);
	}
	return out;
}

/* ---- raw data ---- */

static json_t *raw_of(const struct lineage_entry *entry)
{
	static const char prefix[] = "source:";
	json_t *out = json_array();
	size_t i;
	const json_t *item;
	json_array_foreach (json_object_get(definition_of(entry), "resolvedDependencies"), i, item) {
		const char *name = json_string_value(json_object_get(item, "name"));
		const json_t *digest = json_object_get(json_object_get(item, "digest"), "sha256");
		if (name && digest && !strncmp(name, prefix, strlen(prefix)))
			json_array_append_new(out, json_pack("{s:s, s:O}", "name", name + strlen(prefix),
							     "sha256", digest));
	}
	return out;
}

static json_t *records_of(const struct chain *c)
{
	static const char *const drawn[] = {"generator", "seed", "records", "rate_hz"};
	json_t *out = json_array();
	size_t i;
	const json_t *id;

	json_array_foreach (c->queue, i, id) {
		const struct lineage_entry *entry = lineage_find(c->lineage, json_string_value(id));
		if (!entry || strcmp(entry->stage, "fetch"))
			continue;
		json_t *raw = raw_of(entry), *one = json_pack("{s:O}", "id", id);
		const json_t *params = json_object_get(entry->action, "params");

		/* Without a source there is nothing but the generator and its seed. */
		if (json_array_size(raw)) {
			json_object_set(one, "raw", raw);
		} else {
			json_t *synthetic = json_object();
			for (size_t k = 0; k < sizeof drawn / sizeof *drawn; k++)
				if (json_object_get(params, drawn[k]))
					json_object_set(synthetic, drawn[k],
							json_object_get(params, drawn[k]));
			json_object_set_new(one, "synthetic", synthetic);
		}

		json_decref(raw);
		json_array_append_new(out, one);
	}

	return out;
}

json_t *chain_behind(const char *id)
{
	struct chain c = {lineage_open(), json_object(), json_array(), json_object(), json_array()};
	follow(&c, id);
	const struct lineage_entry *own = lineage_find(c.lineage, id);
	json_t *made = own ? json_incref((json_t *)finished(own)) : NULL;
	json_t *chain = json_pack("{s:o, s:o, s:o, s:o, s:o}", "made", made ? made : json_null(), "stages",
				  stages_of(&c), "records", records_of(&c), "artifacts", c.artifacts,
				  "unknown", c.unknown);
	json_decref(c.met);
	json_decref(c.queue);
	lineage_close(c.lineage);
	return chain;
}
