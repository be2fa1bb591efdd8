/* The part of store/fsck.h about what unfinished work and other processes leave. */
#include "store/fsck_left.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "common/owner.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/aside.h"
#include "store/folder.h"
#include "store/publish.h"

enum { MAX_NOTE = 16 << 20 };

struct left {
	struct findings *found;
	bool is_repair;
};

/* ---- locks and files in the making ---- */

static void say_left(struct left *l, const char *path, enum owner owner, const char *what)
{
	if (owner == OWNER_ELSEWHERE || owner == OWNER_NONE)
		findings_say(l->found, FINDING_LEFT,
			     "%s: %s, perhaps of another host; gc removes it after a month", path, what);
	else
		findings_say(l->found, FINDING_LEFT,
			     "%s: %s of a process that is gone; the next stage removes it", path, what);
	if (l->is_repair && owner == OWNER_GONE && folder_unlink(path) == 0)
		findings_mend(l->found, FINDING_LEFT, "removed");
}

static void check_temporary(const char *path, const char *name, void *context)
{
	if (!publish_is_held(path) && file_exists(path))
		say_left(context, path, owner_of(name), "a file in the making");
}

static void check_lock(const char *path, const char *name, void *context)
{
	char *text = NULL;
	size_t n;
	(void)name;
	if (folder_is_link(path)) {
		struct left *l = context;
		findings_say(l->found, FINDING_DAMAGED,
			     "%s is a link, and a lock is a file of its own: remove it", path);
		return;
	}
	if (publish_is_held(path) || file_read(&text, &n, path, MAX_NOTE, NULL) < 0)
		return;
	text[strcspn(text, "\n")] = 0;
	say_left(context, path, owner_of(text), "a lock");
	free(text);
}

/* ---- checkpoints ---- */

/* Whether what the file says it is of hashes to the folder's name; e gets why it could not be read. */
static bool is_noted(const char *note, const char *name, struct error *e)
{
	char *text = NULL, key[DIGEST_HEX] = "";
	size_t n;
	json_t *action = NULL;
	if (file_read(&text, &n, note, MAX_NOTE, e) == 0)
		action = json_read(text, n, note, NULL);
	if (action)
		action_key(key, action);
	json_decref(action);
	free(text);
	return !strcmp(key, name);
}

static void say_unread(struct left *l, const struct error *e)
{
	findings_say(l->found, FINDING_UNREADABLE, "%s: %s", error_text(e), error_remedy(e->cause));
}

/* Its content the stage checks before it goes on from it. */
static void check_checkpoint(const char *path, const char *name, void *context)
{
	struct left *l = context;
	struct error e = {0};
	char *note = die_printf("%s/action.json", path);
	if (!file_is_named(note)) {
		findings_say(l->found, FINDING_LEFT, "checkpoint %s does not say what it is of", path);
	} else if (is_noted(note, name, &e)) {
		;
	} else if (e.cause) {
		say_unread(l, &e);
	} else {
		findings_say(l->found, FINDING_DAMAGED, "checkpoint %s: its action.json is of another action",
			     path);
		char *to = l->is_repair ? aside_move(note) : NULL;
		if (to)
			findings_mend(l->found, FINDING_DAMAGED, "moved to %s; the stage writes it again",
				      to);
		free(to);
	}
	free(note);
}

/* ---- conflicts ---- */

/* conflicts/<key>/<SHA-256 of the entry>.json */
static void check_conflict(const char *path, const char *name, void *context)
{
	struct left *l = context;
	char *text = NULL, hex[DIGEST_HEX];
	size_t n;
	struct error e = {0};
	if (file_read(&text, &n, path, MAX_NOTE, &e) < 0) {
		if (e.cause)
			say_unread(l, &e);
		else
			findings_say(l->found, FINDING_DAMAGED, "conflict: %s", error_text(&e));
		return;
	}
	struct digest d = digest_of(text, n);
	digest_hex(hex, &d);
	if (strncmp(name, hex, DIGEST_HEX - 1) != 0)
		findings_say(l->found, FINDING_DAMAGED, "conflict %s does not hash to its name", path);
	free(text);
}

static void check_conflicts(const char *path, const char *name, void *context)
{
	struct stat s;
	char *folder = die_printf("conflicts/%s", name);
	if (lstat(path, &s) == 0 && S_ISDIR(s.st_mode))
		folder_each(folder, check_conflict, context);
	free(folder);
}

/* ---- the store's own folders ---- */

static void check_top(const char *path, const char *name, void *context)
{
	struct left *l = context;
	if (folder_is_known(name) || !strcmp(name, "remote.down"))
		return;
	findings_say(l->found, FINDING_LEFT, "%s: nothing of the store has such a name", path);
}

/* ---- links ---- */

static void check_link(const char *path, const char *name, void *context)
{
	(void)name;
	if (folder_is_link(path))
		findings_say(context, FINDING_DAMAGED, FOLDER_LINK, path);
}

static void check_top_link(const char *path, const char *name, void *context)
{
	if (folder_is_known(name))
		check_link(path, name, context);
}

bool fsck_links(struct findings *found)
{
	static const char *const of_folders[] = {"objects", "actions", "used", "conflicts", "checkpoints"};
	size_t n = found->n[FINDING_DAMAGED];
	folder_each("", check_top_link, found);
	for (size_t i = 0; i < sizeof of_folders / sizeof *of_folders; i++) {
		char *path = die_printf("%s/%s", artifact_store_path(), of_folders[i]);
		if (!folder_is_link(path))
			folder_each(of_folders[i], check_link, found);
		free(path);
	}
	return found->n[FINDING_DAMAGED] > n;
}

void fsck_left(struct findings *found, bool is_repair)
{
	struct left l = {found, is_repair};
	folder_each("", check_top, &l);
	folder_each("tmp", check_temporary, &l);
	folder_each("locks", check_lock, &l);
	folder_each("checkpoints", check_checkpoint, &l);
	folder_each("conflicts", check_conflicts, &l);
}
