#include "store/endorse.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/lock.h"
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

/* An entry as it lies there now. What is checked and what is signed are the same bytes. */
struct reading {
	char *text;
	size_t n;
	json_t *document, *statement; /* the second NULL: it says nothing */
	char id[DIGEST_HEX];
};

static int read_entry(struct reading *r, const char *path, const char *key, struct error *e)
{
	*r = (struct reading){0};
	if (file_read(&r->text, &r->n, path, ACTION_ENTRY_MAX, e) < 0 ||
	    !(r->statement = action_parse(r->text, r->n, path, key, r->id, NULL, e)))
		return -1;
	r->document = json_read(r->text, r->n, path, e);
	return r->document ? 0 : -1;
}

static void release(struct reading *r)
{
	json_decref(r->document);
	json_decref(r->statement);
	free(r->text);
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

/* A pull, and a stage on a host whose locks are its own, may have put another in its place meanwhile. */
static int publish(const char *path, const struct reading *r, const char *text, size_t n, struct error *e)
{
	char *now = NULL;
	size_t n_now;
	if (file_read(&now, &n_now, path, ACTION_ENTRY_MAX, e) < 0)
		return -1;
	bool is_same = n_now == r->n && !memcmp(now, r->text, n_now);
	free(now);
	if (!is_same)
		return error_set(e, NULL, 0, "it was changed while it was checked; sign it again");

	struct publish *file = publish_begin();
	publish_write(file, text, n);
	publish_end(file, path);
	return 0;
}

/* The statement as it is; only the envelope, or a signature in it, is new. NULL with e filled, or yours to
 * free. */
static char *signed_text(const struct reading *r, size_t *n, struct error *e)
{
	if (envelope_is(r->document))
		return envelope_add(r->document, signing_key(), n, NULL, e);
	char *payload = json_canonical(r->statement, n);
	char *text = envelope_make(ENVELOPE_INTOTO, payload, *n, signing_key(), n);
	free(payload);
	return text;
}

/* Whether it may be a hit here is said: it need not, of who signs for others. */
static void say_taken(struct work *w, const char *key, const char *text, size_t n)
{
	struct error e = {0};
	struct verdict v;
	json_decref(action_parse(text, n, key, key, NULL, &v, &e));
	if (!v.is_taken) {
		fprintf(w->out, "action %.12s is signed, but no hit: it %s\n", key, v.why);
		w->n_refused++;
	}
}

static int sign(struct work *w, const char *path, const char *key, const struct reading *r, struct error *e)
{
	size_t n = 0;
	char *text = signed_text(r, &n, e);
	int status = text ? publish(path, r, text, n, e) : -1;
	if (status == 0) {
		w->n_signed++;
		say_taken(w, key, text, n);
	}
	free(text);
	return status;
}

/* Check and sign what lies there now; id: the artifact it named when it was listed. Beside another's
 * signature ours is set only where it was asked for by id. */
static int look(struct work *w, const char *path, const char *key, const char *id, struct error *e)
{
	struct reading r;
	char *wrong = NULL;
	int status = read_entry(&r, path, key, e);
	if (status == 0 && strcmp(r.id, id) != 0)
		status = error_set(e, NULL, 0,
				   "it was changed while it was checked, and names artifact %.12s now", r.id);
	else if (status == 0 && envelope_is(r.document) && (!w->n_ids || is_ours(r.document)))
		w->n_before++;
	else if (status == 0 && (wrong = wrong_with(w, r.id)))
		status = error_set(e, NULL, 0, "%s", wrong);
	else if (status == 0)
		status = sign(w, path, key, &r, e);
	free(wrong);
	release(&r);
	return status;
}

/* Of two who sign one entry at once the second reads what the first has written. */
static void see(const struct action_entry *entry, void *context)
{
	struct work *w = context;
	struct error e = {0};
	if (!is_wanted(w, entry->id))
		return;
	if (!w->n_ids && entry->verdict.kind != VERDICT_UNSIGNED) {
		w->n_before++;
		return;
	}
	char *path = action_path(entry->key);
	struct lock *lock = lock_take(entry->key, "store", &(const volatile bool){false});
	if (look(w, path, entry->key, entry->id, &e) < 0) {
		fprintf(w->out, "action %.12s is not signed: %s\n", entry->key, error_text(&e));
		w->n_failed++;
	}
	lock_release(lock);
	free(path);
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
