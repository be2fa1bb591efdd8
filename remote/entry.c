#include "remote/entry.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "remote/session.h"
#include "store/action.h"
#include "store/artifact.h"

#define ENTRY_MOST ((size_t)16 << 20)

/* The artifact that an entry names, if it may be a hit here: 0 or -1. */
static int check(const char *key, const struct bytes *text, char id[DIGEST_HEX], struct error *e)
{
	struct verdict v = {0};
	char *name = die_printf("ac/%.12s of the remote", key);
	json_t *statement = action_parse(text->first, text->n, name, key, id, &v, e);
	bool is_read = statement != NULL;
	json_decref(statement);
	if (is_read && !v.is_taken)
		error_set(e, name, 0, "not taken: this entry %s", v.why);
	free(name);
	return is_read && v.is_taken ? 0 : -1;
}

int entry_take(const struct sharing *remote, const char *key, bool *is_reached, struct pull_sum *sum,
	       struct error *e)
{
	struct bytes text = {0};
	char id[DIGEST_HEX];
	struct session *s = session_open(remote, e);
	int status = s ? session_get_entry(s, key, ENTRY_MOST, &text, e) : -1;
	*is_reached = status >= 0;
	if (status == 1 && check(key, &text, id, e) < 0)
		status = -1;
	if (status == 1)
		status = pull_artifact(remote, id, sum, e);
	if (status == 1 && action_adopt(key, text.first, text.n, e) < 0)
		status = -1;
	session_close(s);
	free(text.first);
	return status;
}

/* There was an entry: does it say the same? */
static int compare(struct session *s, const char *key, const char *id, struct error *e)
{
	struct bytes text = {0};
	char other[DIGEST_HEX] = "";
	int status = session_get_entry(s, key, ENTRY_MOST, &text, e);
	if (status == 1 && check(key, &text, other, e) == 0 && strcmp(other, id))
		status = error_set(
			e, NULL, 0,
			"the remote's entry for action %.12s names artifact %.12s, this store's %.12s: the "
			"stage is not reproducible, or one of both is wrong; the remote's stays",
			key, other, id);
	free(text.first);
	return status < 0 ? -1 : 0;
}

static int put_entry(struct session *s, const char *key, struct push_sum *sum, struct error *e)
{
	char *path = action_path(key), *text = NULL;
	size_t n;
	int status = file_read(&text, &n, path, ENTRY_MOST, e);
	if (status == 0)
		status = session_put_entry(s, key, text, n, e);
	sum->n_entries_sent += status == 1;
	sum->n_sent += status == 1 ? n : 0;
	free(text);
	free(path);
	return status < 0 ? -1 : transport_flush(session_transport(s), e);
}

static int give(struct session *s, const struct sharing *remote, const char *key, const char *id,
		bool has_artifact, bool *is_reached, struct push_sum *sum, struct error *e)
{
	char *path = die_printf("ac/%s", key);
	int status = transport_head(session_transport(s), path, e);
	*is_reached = status >= 0;
	free(path);
	if (status)
		return status < 0 ? -1 : compare(s, key, id, e);
	if (!has_artifact && push_artifact(remote, id, sum, e) < 0)
		return -1;
	return put_entry(s, key, sum, e);
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
