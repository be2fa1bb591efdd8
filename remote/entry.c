#include "remote/entry.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "remote/kept.h"
#include "remote/session.h"
#include "store/action.h"
#include "store/artifact.h"

#define ENTRY_MOST ((size_t)1 << 20)

/* The artifact that an entry names, *is_taken if it may be a hit here: 0, or -1: it says nothing. */
static int read_entry(const char *key, const struct bytes *text, char id[DIGEST_HEX], bool *is_taken,
		      struct error *e)
{
	struct verdict v = {0};
	char *name = die_printf("ac/%.12s of the remote", key);
	json_t *statement = action_parse(text->first, text->n, name, key, id, &v, e);
	bool is_read = statement != NULL;
	json_decref(statement);
	*is_taken = is_read && v.is_taken;
	if (is_read && !v.is_taken)
		error_set(e, name, 0, "not taken: this entry %s", v.why);
	free(name);
	return is_read ? 0 : -1;
}

int entry_take(const struct sharing *remote, const char *key, bool *is_reached, struct pull_sum *sum,
	       struct error *e)
{
	struct bytes text = {0};
	char id[DIGEST_HEX];
	bool is_taken;
	struct session *s = session_open(remote, e);
	int status = s ? session_get_entry(s, key, ENTRY_MOST, &text, e) : -1;
	*is_reached = status >= 0;
	if (status == 1 && (read_entry(key, &text, id, &is_taken, e) < 0 || !is_taken))
		status = -1;
	if (status == 1) {
		status = pull_artifact(remote, id, sum, e);
		kept_doubt(key, status != 1);
	}
	if (status == 1 && action_adopt(key, text.first, text.n, e) < 0)
		status = -1;
	session_close(s);
	free(text.first);
	return status;
}

/* What the remote has under a key: nothing, an entry, which stays, or what cannot be read or says nothing. */
enum found { NOTHING, ENTRY, DAMAGED };

/* There is an entry: does it say the same? 0, or -1 with e filled. */
static int compare(enum found *found, struct session *s, const char *key, const char *id, struct error *e)
{
	struct bytes text = {0};
	char other[DIGEST_HEX] = "";
	struct error unused = {0};
	bool is_taken = false;
	int status = session_get_entry(s, key, ENTRY_MOST, &text, &unused);
	bool is_read = status == 1 && read_entry(key, &text, other, &is_taken, &unused) == 0;
	free(text.first);
	*found = is_read ? ENTRY : DAMAGED;
	if (!is_taken || !strcmp(other, id))
		return 0;
	return error_set(e, NULL, 0,
			 "the remote's entry for action %.12s names artifact %.12s, this store's %.12s: the "
			 "stage is not reproducible, or one of both is wrong; the remote's stays",
			 key, other, id);
}

static int look(enum found *found, struct session *s, const char *key, const char *id, bool *is_reached,
		struct error *e)
{
	char *path = die_printf("ac/%s", key);
	int status = transport_head(session_transport(s), path, e);
	free(path);
	*found = NOTHING;
	*is_reached = status >= 0;
	return status == 1 ? compare(found, s, key, id, e) : status;
}

static int put_entry(struct session *s, const char *key, bool is_replacing, struct push_sum *sum,
		     struct error *e)
{
	char *path = action_path(key), *text = NULL;
	size_t n;
	int status = file_read(&text, &n, path, ENTRY_MOST, e);
	if (status == 0)
		status = is_replacing ? session_replace_entry(s, key, text, n, e)
				      : session_put_entry(s, key, text, n, e);
	sum->n_entries_sent += status == 1;
	sum->n_sent += status == 1 ? n : 0;
	free(text);
	free(path);
	return status < 0 ? -1 : transport_flush(session_transport(s), e);
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

static int give(struct session *s, const struct sharing *remote, const char *key, const char *id,
		bool has_artifact, bool *is_reached, struct push_sum *sum, struct error *e)
{
	enum found found;
	if (look(&found, s, key, id, is_reached, e) < 0 ||
	    (!has_artifact && give_artifact(remote, key, id, sum, e) < 0))
		return -1;
	return found == ENTRY ? 0 : put_entry(s, key, found == DAMAGED, sum, e);
}

int entry_give(const struct sharing *remote, const char *key, bool has_artifact, bool *is_reached,
	       struct push_sum *sum, struct error *e)
{
	char id[DIGEST_HEX];
	json_t *statement = action_read(key, id, NULL, e);
	*is_reached = true;
	if (!statement)
		return -1;
	json_decref(statement);
	struct session *s = session_open(remote, e);
	*is_reached = s != NULL;
	sum->n_entries++;
	int status = s ? give(s, remote, key, id, has_artifact, is_reached, sum, e) : -1;
	session_close(s);
	return status;
}
