/* Writing action entries: signing, and what becomes of several for one action. */
#include <errno.h>
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

struct entry {
	char *text;
	size_t n;
	char id[DIGEST_HEX]; /* "": it says nothing */
	struct verdict verdict;
};

static void release(struct entry *entry)
{
	free(entry->text);
}

/* The entry that is there; without text: none is, or what lies there is no file. -1: there may be one, and
 * nothing is known of it. */
static int look(struct entry *entry, const char *key, struct error *e)
{
	struct error why = {0};
	char *path = action_path(key);
	*entry = (struct entry){0};
	int status = file_read(&entry->text, &entry->n, path, ACTION_ENTRY_MAX, &why);
	if (status == 0) {
		json_t *statement =
			action_parse(entry->text, entry->n, path, key, entry->id, &entry->verdict, &why);
		if (!statement)
			*entry->id = 0;
		json_decref(statement);
	}
	free(path);
	if (status == 0 || !why.cause || why.cause == ENOENT)
		return 0;
	return error_set_cause(e, NULL, why.cause,
			       "%s: %s; this entry may be the first of its action, so it stays",
			       error_text(&why), error_remedy(why.cause));
}

/* Of an entry that is replaced, or comes too late, only another result is worth keeping. */
void action_set_aside(const char *key, const char *text, size_t n)
{
	char hex[DIGEST_HEX];
	struct digest d = digest_of(text, n);
	digest_hex(hex, &d);
	char *path = die_printf("%s/conflicts/%s/%s.json", artifact_store_path(), key, hex);
	if (!file_exists(path)) {
		struct publish *file = publish_begin();
		publish_write(file, text, n);
		publish_first(file, path);
	}
	free(path);
}

static void warn_of_conflict(const struct entry *old, const struct entry *ours)
{
	char word[96];
	if (old->verdict.is_taken)
		warn("this action gave %.12s before (%s) and %.12s now: the stage is not reproducible; "
		     "please "
		     "report it. Both are kept: 'store conflicts' lists them",
		     old->id, verdict_word(&old->verdict, word), ours->id);
	else
		warn("an entry that is not taken said that this action gave %.12s, now it gave %.12s: that "
		     "entry "
		     "%s. It is kept: 'store conflicts' lists it",
		     old->id, ours->id, old->verdict.why);
}

static struct publish *written(const struct entry *entry)
{
	struct publish *file = publish_begin();
	publish_write(file, entry->text, entry->n);
	return file;
}

/* Whether the old entry stays. One that is a hit does, as long as there is what it names; of others only what
 * we cannot better. */
static bool stays(const struct entry *old, const struct entry *ours)
{
	if (!*old->id)
		return false;
	if (old->verdict.is_taken)
		return !strcmp(old->id, ours->id) || artifact_exists(old->id);
	return !ours->verdict.is_taken;
}

/* There is an entry already: which of the two is it? */
static void settle(const char *key, const char *path, const struct entry *old, struct entry *ours)
{
	bool is_other = *old->id && strcmp(old->id, ours->id) != 0, is_staying = stays(old, ours);
	if (is_other) {
		warn_of_conflict(old, ours);
		const struct entry *other = is_staying ? ours : old;
		action_set_aside(key, other->text, other->n);
	}
	if (!is_staying)
		publish_end(written(ours), path);
	else if (old->verdict.is_taken)
		memcpy(ours->id, old->id, DIGEST_HEX);
}

/* Put an entry in its place; its id becomes that of the one that stays. */
static int put(const char *key, struct entry *ours, struct error *e)
{
	struct entry old;
	char *path = action_path(key);
	int status = 0;
	if (file_exists(path) || !publish_first(written(ours), path)) {
		status = look(&old, key, e);
		if (status == 0)
			settle(key, path, &old, ours);
		release(&old);
	}
	free(path);
	return status;
}

void action_record(const char *key, char id[DIGEST_HEX], const json_t *statement)
{
	const struct key *signer = signing_key();
	struct entry ours = {0};
	struct error e = {0};
	ours.text = json_canonical(statement, &ours.n);
	if (signer) {
		char *payload = ours.text;
		ours.text = envelope_make(ENVELOPE_INTOTO, payload, ours.n, signer, &ours.n);
		free(payload);
	}
	if (ours.n > ACTION_ENTRY_MAX)
		die("the entry of action %.12s has %zu bytes, and %zu at most are read; are there params so "
		    "long? "
		    "Nothing was published",
		    key, ours.n, ACTION_ENTRY_MAX);
	json_t *back = action_parse(ours.text, ours.n, "our own entry", key, ours.id, &ours.verdict, &e);
	if (!back)
		die("%s; nothing was published", error_text(&e));
	json_decref(back);
	if (put(key, &ours, &e) < 0)
		die("%s; what was made is in the store, and no entry says how", error_text(&e));
	memcpy(id, ours.id, DIGEST_HEX);
	release(&ours);
}

int action_adopt(const char *key, const char *text, size_t n, struct error *e)
{
	struct entry theirs = {.text = (char *)text, .n = n};
	json_t *statement = action_parse(text, n, key, key, theirs.id, &theirs.verdict, e);
	if (!statement)
		return -1;
	json_decref(statement);
	if (!theirs.verdict.is_taken)
		return error_set(e, key, 0, "this entry %s", theirs.verdict.why);
	return put(key, &theirs, e);
}
