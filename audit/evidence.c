#include "audit/evidence.h"

#include <stdlib.h>

#include "common/die.h"
#include "store/action.h"
#include "store/artifact.h"

struct evidence {
	struct evidence_source source;
	struct lineage *lineage;
	json_t *passed_over;
};

static void list_entries(lineage_add *add, void *to, void *context)
{
	struct evidence *e = context;
	e->source.list(add, to, e->passed_over, e->source.context);
}

struct evidence *evidence_from(const struct evidence_source *source)
{
	struct evidence *e = die_calloc(1, sizeof *e);
	e->source = *source;
	e->passed_over = json_array();
	e->lineage = lineage_gather(list_entries, e);
	return e;
}

void evidence_close(struct evidence *e)
{
	if (!e)
		return;
	lineage_close(e->lineage);
	json_decref(e->passed_over);
	free(e);
}

const struct lineage *evidence_lineage(const struct evidence *e)
{
	return e->lineage;
}

json_t *evidence_object(const struct evidence *e, const char *id)
{
	return e->source.object(id, e->source.context);
}

const json_t *evidence_passed_over(const struct evidence *e)
{
	return e->passed_over;
}

json_t *evidence_header(const struct evidence *e, const char *id)
{
	return e->source.header(id, e->source.context);
}

/* ---- a store ---- */

/* Entries come to add, and why one does not to passed_over: both by one context. */
struct listing {
	lineage_add *add;
	void *to;
	json_t *passed_over;
};

static void add_entry(const struct action_entry *entry, void *context)
{
	struct listing *l = context;
	l->add(entry, l->to);
}

static void pass_over(const struct error *e, void *context)
{
	struct listing *l = context;
	json_array_append_new(l->passed_over, json_string(error_text(e)));
}

static void list_store(lineage_add *add, void *to, json_t *passed_over, void *context)
{
	(void)context;
	action_each(add_entry, pass_over, &(struct listing){add, to, passed_over});
}

static json_t *object_in_store(const char *id, void *context)
{
	struct error e = {0};
	(void)context;
	if (!artifact_exists(id))
		return json_pack("{s:s, s:s}", "state", "absent", "why",
				 "it is not in this store, so it cannot be verified");
	if (artifact_verify(id, &e) < 0)
		return json_pack("{s:s, s:s}", "state", e.cause ? "unreadable" : "damaged", "why",
				 error_text(&e));
	return json_pack("{s:s}", "state", "sound");
}

static json_t *header_in_store(const char *id, void *context)
{
	struct artifact *a = artifact_exists(id) ? artifact_try(id, NULL) : NULL;
	json_t *header = a ? json_deep_copy(artifact_header(a)) : NULL;
	(void)context;
	artifact_close(a);
	return header;
}

struct evidence *evidence_of_store(void)
{
	return evidence_from(&(struct evidence_source){list_store, object_in_store, header_in_store, NULL});
}
