#include "store/endorse.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/publish.h"
#include "store/signing.h"
#include "trust/envelope.h"

struct work {
	FILE *out;
	const char (*ids)[DIGEST_HEX];
	size_t n_ids;
	size_t n_signed, n_failed, n_before, n_refused;
	json_t *sound; /* ids as members, verified once: of each whether it is sound */
};

static bool is_wanted(const struct work *w, const char *id)
{
	for (size_t i = 0; i < w->n_ids; i++)
		if (!strcmp(w->ids[i], id))
			return true;
	return !w->n_ids;
}

/* What is wrong with the object; NULL: nothing. Yours to free. */
static char *wrong_with(struct work *w, const char *id)
{
	struct error e = {0};
	if (json_object_get(w->sound, id))
		return NULL;
	if (!artifact_exists(id))
		return die_strdup("the object it names is not in this store");
	if (artifact_verify(id, &e) < 0)
		return die_strdup(error_text(&e));
	json_object_set_new(w->sound, id, json_true());
	return NULL;
}

/* The entry as it lies there; NULL, and said: it cannot be read any more. New reference. */
static json_t *document_of(const struct action_entry *entry)
{
	struct error e = {0};
	char *path = action_path(entry->key), *text = NULL;
	size_t n;
	json_t *document =
		file_read(&text, &n, path, ACTION_ENTRY_MAX, &e) == 0 ? json_read(text, n, path, &e) : NULL;
	if (!document)
		warn("%s", error_text(&e));
	free(text);
	free(path);
	return document;
}

static bool is_ours(const json_t *document)
{
	struct envelope v;
	if (envelope_read(&v, document, NULL, NULL) < 0)
		return false;
	envelope_verify(&v);
	bool is = envelope_has(&v, key_line(signing_key()));
	envelope_release(&v);
	return is;
}

static void publish(struct work *w, const struct action_entry *entry, const char *text, size_t n)
{
	struct error e = {0};
	struct verdict v;
	char *path = action_path(entry->key);
	struct publish *file = publish_begin();
	publish_write(file, text, n);
	publish_end(file, path);
	w->n_signed++;

	json_decref(action_parse(text, n, path, entry->key, NULL, &v, &e));
	if (!v.is_taken) {
		fprintf(w->out, "action %.12s is signed, but no hit: it %s\n", entry->key, v.why);
		w->n_refused++;
	}
	free(path);
}

/* The statement as it is; only the envelope, or a signature in it, is new. */
static void sign(struct work *w, const struct action_entry *entry, const json_t *document)
{
	struct error e = {0};
	size_t n = 0;
	char *text;
	if (envelope_is(document)) {
		text = envelope_add(document, signing_key(), &n, NULL, &e);
	} else {
		char *payload = json_canonical(entry->statement, &n);
		text = envelope_make(ENVELOPE_INTOTO, payload, n, signing_key(), &n);
		free(payload);
	}
	if (text) {
		publish(w, entry, text, n);
	} else {
		fprintf(w->out, "action %.12s is not signed: %s\n", entry->key, error_text(&e));
		w->n_failed++;
	}
	free(text);
}

/* Beside another's signature ours is set only where it was asked for by id. */
static void see(const struct action_entry *entry, void *context)
{
	struct work *w = context;
	if (!is_wanted(w, entry->id))
		return;
	json_t *document = document_of(entry);
	bool is_before = entry->verdict.kind != VERDICT_UNSIGNED && (!w->n_ids || is_ours(document));
	char *wrong = is_before || !document ? NULL : wrong_with(w, entry->id);
	if (is_before) {
		w->n_before++;
	} else if (wrong) {
		fprintf(w->out, "action %.12s is not signed: %s\n", entry->key, wrong);
		w->n_failed++;
	} else if (document) {
		sign(w, entry, document);
	} else {
		w->n_failed++;
	}
	free(wrong);
	json_decref(document);
}

static void see_bad(const struct error *e, void *context)
{
	struct work *w = context;
	if (w->n_ids)
		return;
	fprintf(w->out, "not signed: %s\n", error_text(e));
	w->n_failed++;
}

size_t endorse_entries(FILE *out, const char (*ids)[DIGEST_HEX], size_t n)
{
	struct work w = {.out = out, .ids = ids, .n_ids = n, .sound = json_object()};
	if (!signing_key())
		die("there is no key to sign with; 'store keygen' makes one");
	action_each(see, see_bad, &w);
	fprintf(out,
		"%zu entries signed, %zu not, %zu were before. Checked was that each is whole and its object "
		"sound, "
		"not that its action gave this object: for that you vouch\n",
		w.n_signed, w.n_failed, w.n_before);
	json_decref(w.sound);
	return w.n_failed + w.n_refused;
}
