/* Reading action entries: what they say, and whether that is taken. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/folder.h"
#include "store/provenance.h"
#include "store/signing.h"
#include "trust/envelope.h"

struct reading {
	const char *name, *key;
	char *id;
	struct verdict *v;
	struct error *e;
};

static json_t *refuse(const struct reading *r, enum verdict_kind kind, const char *why)
{
	error_set(r->e, r->name, 0, "this entry %s", why);
	verdict_refuse(r->v, kind, "%s", why);
	return NULL;
}

static json_t *refuse_payload(const struct reading *r, const char *why)
{
	char *text = die_printf("is a damaged envelope: %s", why);
	refuse(r, VERDICT_DAMAGED, text);
	free(text);
	return NULL;
}

/* Judge what a statement says, and who says it. Takes the reference; gives it back, or NULL. */
static json_t *judge(const struct reading *r, json_t *statement, const struct envelope *envelope)
{
	struct provenance_parts parts;
	enum verdict_kind wrong = VERDICT_DAMAGED;
	struct error e = {0};

	if (provenance_read(&parts, statement, &wrong, NULL, &e) < 0)
		refuse(r, wrong, error_text(&e));
	else if (r->key && strcmp(parts.key, r->key) != 0) {
		snprintf(e.text, sizeof e.text, "belongs to action %.64s: it is a copy of another entry",
			 parts.key);
		refuse(r, VERDICT_OTHER_ACTION, e.text);
	} else {
		if (r->id)
			memcpy(r->id, parts.id, DIGEST_HEX);
		policy_judge(r->v, signing_policy(), envelope, parts.stage, parts.finished);
		return statement;
	}

	json_decref(statement);
	return NULL;
}

/* What is parsed are the bytes that were verified. */
static json_t *open_envelope(const struct reading *r, const json_t *document)
{
	struct envelope envelope;
	struct error e = {0};
	json_t *statement = NULL;

	if (envelope_read(&envelope, document, NULL, &e) < 0)
		return refuse_payload(r, error_text(&e));
	if (!envelope_verify(&envelope)) {
		policy_judge(r->v, signing_policy(), &envelope, "", "");
		error_set(r->e, r->name, 0, "this entry %s", r->v->why);
	} else if (strcmp(envelope.type, ENVELOPE_INTOTO) != 0)
		refuse(r, VERDICT_DAMAGED, "holds something else than an in-toto statement");
	else if (!(statement = json_read(envelope.payload, envelope.n_payload, NULL, &e)))
		refuse_payload(r, error_text(&e));
	else
		statement = judge(r, statement, &envelope);

	envelope_release(&envelope);
	return statement;
}

json_t *action_parse(const char *text, size_t n, const char *name, const char *key, char id[DIGEST_HEX],
		     struct verdict *v, struct error *e)
{
	struct verdict unused;
	const struct reading r = {name, key, id, v ? v : &unused, e};
	struct error why = {0};
	*r.v = (struct verdict){0};
	json_t *document = json_read(text, n, name, &why), *statement = NULL;
	if (!document) {
		error_set(e, NULL, 0, "%s", error_text(&why));
		verdict_refuse(r.v, VERDICT_DAMAGED, "cannot be read");
	} else if (envelope_is(document))
		statement = open_envelope(&r, document);
	else
		statement = judge(&r, json_incref(document), NULL);
	json_decref(document);
	return statement;
}

json_t *action_read(const char *key, char id[DIGEST_HEX], struct verdict *v, struct error *e)
{
	char *path = action_path(key), *text = NULL;
	size_t n;
	json_t *statement = NULL;
	if (file_read(&text, &n, path, ACTION_ENTRY_MAX, e) == 0)
		statement = action_parse(text, n, path, key, id, v, e);
	else if (v) {
		*v = (struct verdict){0};
		verdict_refuse(v, VERDICT_DAMAGED, "cannot be read");
	}
	free(text);
	free(path);
	return statement;
}

/* A miss is looked up twice: before and after taking the lock. */
static void warn_once(const char *text)
{
	static bool is_said;
	if (!is_said)
		warn("%s; ignoring this entry", text);
	is_said = true;
}

/* On a network's file system a folder that another host has made since we looked may count as absent. */
static bool is_there(const char *id)
{
	if (artifact_exists(id))
		return true;
	char *folder = die_printf("objects/%.2s", id);
	folder_refresh(folder);
	folder_refresh("trash");
	free(folder);
	return artifact_exists(id);
}

bool action_find(const char *key, char id[DIGEST_HEX])
{
	struct error e = {0};
	struct verdict v = {0};
	json_t *statement = action_read(key, id, &v, &e);
	if (!statement && (e.cause == ENOENT || e.cause == ENOTDIR))
		return false;
	if (!statement && e.cause)
		die("%s: %s; it may be a hit, so nothing was begun", error_text(&e), error_remedy(e.cause));

	char *path = action_path(key);
	if (statement && !v.is_taken)
		error_set(&e, path, 0, "this entry %s", v.why);
	if (!statement || !v.is_taken)
		warn_once(error_text(&e));
	free(path);
	json_decref(statement);
	return statement && v.is_taken && is_there(id);
}
