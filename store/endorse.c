#include "store/endorse.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
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

/* The statement as it is; only the envelope is new. */
static void sign(struct work *w, const struct action_entry *entry)
{
	struct error e = {0};
	struct verdict v;
	size_t n, n_text;
	char *path = action_path(entry->key), *payload = json_canonical(entry->statement, &n);
	char *text = envelope_make(ENVELOPE_INTOTO, payload, n, signing_key(), &n_text);
	struct publish *file = publish_begin();
	publish_write(file, text, n_text);
	publish_end(file, path);
	w->n_signed++;

	json_decref(action_parse(text, n_text, path, entry->key, NULL, &v, &e));
	if (!v.is_taken) {
		fprintf(w->out, "action %.12s is signed, but no hit: it %s\n", entry->key, v.why);
		w->n_refused++;
	}
	free(text);
	free(payload);
	free(path);
}

static void see(const struct action_entry *entry, void *context)
{
	struct work *w = context;
	if (!is_wanted(w, entry->id))
		return;
	if (entry->verdict.kind != VERDICT_UNSIGNED) {
		w->n_before++;
		return;
	}
	char *wrong = wrong_with(w, entry->id);
	if (wrong) {
		fprintf(w->out, "action %.12s is not signed: %s\n", entry->key, wrong);
		w->n_failed++;
	} else
		sign(w, entry);
	free(wrong);
}

static void see_bad(const char *why, void *context)
{
	struct work *w = context;
	if (w->n_ids)
		return;
	fprintf(w->out, "not signed: %s\n", why);
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
