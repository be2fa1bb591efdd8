#include "remote/entry.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "remote/kept.h"
#include "remote/session.h"
#include "remote/signer.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/forgotten.h"
#include "store/signing.h"
#include "trust/envelope.h"

/* An entry as it lies here or there, and what is held of it here. */
struct entry {
	char *text;
	size_t n;
	char id[DIGEST_HEX]; /* "": it says nothing */
	struct verdict verdict;
};

/* 0, or -1 with e filled: it says nothing. */
static int judge(struct entry *entry, const char *key, const char *name, struct error *e)
{
	json_t *statement = action_parse(entry->text, entry->n, name, key, entry->id, &entry->verdict, e);
	bool is_read = statement != NULL;
	if (!is_read)
		*entry->id = '\0';
	json_decref(statement);
	return is_read ? 0 : -1;
}

/* What stands there under a name, as an entry of the action: 1, 0 nothing, or -1 with e filled (and a cause,
 * if it cannot be told). */
static int look(struct entry *there, struct session *s, const char *name, const char *key, struct error *e)
{
	struct bytes text = {0};
	int status = session_get_entry(s, name, ACTION_ENTRY_MAX, &text, e);
	char *what = die_printf("ac/%.12s of the remote", name);
	*there = (struct entry){.text = text.first, .n = text.n};
	if (status == 1 && judge(there, key, what, e) < 0)
		status = -1;
	free(what);
	return status;
}

/* ---- taking ---- */

/* Only what the remote has, or has not, says something of the remote. */
static void doubt(const char *key, const char *id, int status, const struct error *e)
{
	bool is_ours = status < 0 && (e->cause || forgotten_has(id, NULL));
	if (!is_ours)
		kept_doubt(key, status != 1);
}

/* The entry under the key is no hit: is that of another signer? 1, *there is it; 0; -1 with e filled: it
 * cannot be told. */
static int look_further(struct entry *there, struct session *s, const char *key, struct error *e)
{
	size_t n = 0;
	const struct policy *policy = signing_policy();
	const struct signer *signers = policy ? policy_signers(policy, &n) : NULL;
	for (size_t i = 0; i < n; i++) {
		struct entry other;
		struct error why = {0};
		char name[DIGEST_HEX];
		signer_name(name, key, signers[i].key);
		if (look(&other, s, name, key, &why) == 1 && other.verdict.is_taken) {
			free(there->text);
			*there = other;
			return 1;
		}
		free(other.text);
		if (why.cause)
			return error_set_cause(e, NULL, why.cause, "%s", error_text(&why));
	}
	return 0;
}

/* The entry that is a hit: 1, 0 there is none at all, or -1 with e filled. */
static int find(struct entry *there, struct session *s, const char *key, struct error *e)
{
	int status = look(there, s, key, key, e);
	bool is_refused = status == 1 && !there->verdict.is_taken;
	if (status == 0 || (status == 1 && !is_refused) || (status < 0 && e->cause))
		return status;
	if (is_refused)
		error_set(e, NULL, 0, "ac/%.12s of the remote: not taken: this entry %s", key,
			  there->verdict.why);
	return look_further(there, s, key, e) == 1 ? 1 : -1;
}

int entry_take(const struct sharing *remote, const char *key, bool *is_reached, struct pull_sum *sum,
	       struct error *e)
{
	struct entry there = {0};
	struct session *s = session_open(remote, e);
	int status = s ? find(&there, s, key, e) : -1;
	*is_reached = s && (status >= 0 || !e->cause);
	if (status == 1) {
		status = pull_artifact(remote, there.id, sum, e);
		doubt(key, there.id, status, e);
	}
	if (status == 1 && action_adopt(key, there.text, there.n, e) < 0)
		status = -1;
	session_close(s);
	free(there.text);
	return status;
}

/* ---- giving ---- */

static int put(struct session *s, const char *name, const struct entry *entry, bool is_replacing,
	       struct push_sum *sum, struct error *e)
{
	int status = is_replacing ? session_replace_entry(s, name, entry->text, entry->n, e)
				  : session_put_entry(s, name, entry->text, entry->n, e);
	sum->n_entries_sent += status == 1;
	sum->n_sent += status == 1 ? entry->n : 0;
	return status < 0 ? -1 : transport_flush(session_transport(s), e);
}

static int refuse_other(const struct entry *theirs, const struct entry *ours, const char *key,
			struct error *e)
{
	return error_set(e, NULL, 0,
			 "the remote's entry for action %.12s names artifact %.12s, this store's %.12s: the "
			 "stage is not reproducible, or one of both is wrong; the remote's stays",
			 key, theirs->id, ours->id);
}

/* An entry that is no hit gives way to one that is; of its result this store keeps the proof. */
static int replace(struct session *s, const char *key, const struct entry *theirs, const struct entry *ours,
		   struct push_sum *sum, struct error *e)
{
	if (*theirs->id && strcmp(theirs->id, ours->id) != 0) {
		warn("the remote's entry for action %.12s named artifact %.12s, this store's names %.12s; it "
		     "is replaced, for it %s. It is kept here: 'store conflicts' lists it",
		     key, theirs->id, ours->id, theirs->verdict.why);
		action_set_aside(key, theirs->text, theirs->n);
	}
	return put(s, key, ours, true, sum, e);
}

/* Whether an entry has a right signature of this key. */
static bool has_signed(const struct entry *entry, const char *line)
{
	struct envelope v;
	if (envelope_parse(&v, entry->text, entry->n, NULL, NULL) < 0)
		return false;
	envelope_verify(&v);
	bool has = envelope_has(&v, line);
	envelope_release(&v);
	return has;
}

/* Whether both say the same of the action, each on the word of another: one that is taken, or of whom nothing
 * is known here. One who is known and not taken, revoked for instance, is no witness. */
static bool is_witness(const struct entry *theirs, const struct entry *ours)
{
	return ours->verdict.is_taken && *ours->verdict.key && *theirs->verdict.key &&
	       (theirs->verdict.is_taken || theirs->verdict.kind == VERDICT_UNKNOWN_KEY) &&
	       !strcmp(theirs->id, ours->id) && !has_signed(theirs, ours->verdict.key);
}

/* Ours beside the first, unless it is there: what others may have put in its place is not ours. */
static int put_beside(struct session *s, const char *key, const struct entry *ours, struct push_sum *sum,
		      struct error *e)
{
	struct entry there;
	struct error why = {0};
	char name[DIGEST_HEX];
	signer_name(name, key, ours->verdict.key);
	int status = look(&there, s, name, key, &why);
	bool is_there = status == 1 && there.verdict.is_taken && !strcmp(there.id, ours->id) &&
			has_signed(&there, ours->verdict.key);
	free(there.text);
	if (why.cause)
		return error_set_cause(e, NULL, why.cause, "%s", error_text(&why));
	return is_there ? 0 : put(s, name, ours, status != 0, sum, e);
}

/* There is one already: which stays? As store/action_record.c has it. */
static int settle(struct session *s, const char *key, const struct entry *theirs, const struct entry *ours,
		  struct push_sum *sum, struct error *e)
{
	struct entry joint = {0};
	joint.text = envelope_join(ours->text, ours->n, theirs->text, theirs->n, &joint.n);
	if (joint.text) {
		sum->n_bytes += joint.n - ours->n;
		int status = put(s, key, &joint, true, sum, e);
		free(joint.text);
		return status;
	}
	if (is_witness(theirs, ours))
		return put_beside(s, key, ours, sum, e);
	if (theirs->verdict.is_taken)
		return 0;
	if (ours->verdict.is_taken)
		return replace(s, key, theirs, ours, sum, e);
	if (sum->n_refused++ == 0)
		memcpy(sum->why, theirs->verdict.why, sizeof sum->why);
	return 0;
}

/* An artifact that could not be pulled is looked through, and what is damaged is sent again. */
static int give_artifact(const struct sharing *remote, const char *key, const char *id, struct push_sum *sum,
			 struct error *e)
{
	int status = push_artifact(remote, id, kept_is_doubted(key), sum, e);
	if (status == 0)
		kept_doubt(key, false);
	return status;
}

static int give(struct session *s, const struct sharing *remote, const char *key, const struct entry *ours,
		bool has_artifact, bool *is_reached, struct push_sum *sum, struct error *e)
{
	struct entry theirs;
	struct error why = {0};
	int there = look(&theirs, s, key, key, &why), status = 0;
	*is_reached = !why.cause;
	if (why.cause)
		status = error_set_cause(e, NULL, why.cause, "%s", error_text(&why));
	else if (theirs.verdict.is_taken && strcmp(theirs.id, ours->id) != 0)
		status = refuse_other(&theirs, ours, key, e);
	if (status == 0 && !has_artifact)
		status = give_artifact(remote, key, ours->id, sum, e);
	if (status == 0)
		status = there == 1 ? settle(s, key, &theirs, ours, sum, e)
				    : put(s, key, ours, there < 0, sum, e);
	free(theirs.text);
	return status;
}

int entry_give(const struct sharing *remote, const char *key, bool has_artifact, bool *is_reached,
	       struct push_sum *sum, struct error *e)
{
	struct entry ours = {0};
	char *path = action_path(key);
	*is_reached = true;
	int status = file_read(&ours.text, &ours.n, path, ACTION_ENTRY_MAX, e);
	if (status == 0)
		status = judge(&ours, key, path, e);
	free(path);
	if (status == 0) {
		struct session *s = session_open(remote, e);
		*is_reached = s != NULL;
		sum->n_entries++;
		sum->n_bytes += ours.n;
		status = s ? give(s, remote, key, &ours, has_artifact, is_reached, sum, e) : -1;
		session_close(s);
	}
	free(ours.text);
	return status;
}
