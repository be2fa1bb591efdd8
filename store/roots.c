#include "store/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "common/owner.h"
#include "store/artifact.h"
#include "store/folder.h"
#include "store/mounts.h"
#include "store/publish.h"

enum { MAX_NOTE = 1 << 16 };

/* A note is older than the .id file it is of, by as long as a stage takes between the two. */
#define FRESH_S 600.0

/* ---- writing ---- */

/* Where a folder is, so that one of its name elsewhere is another; where that cannot be told, this host. */
static char *place_of(const char *folder)
{
	char host[OWNER_HOST_BYTES], *place = mounts_place(folder);
	owner_host(host);
	return place ? place : die_strdup(host);
}

/* The text of the note; NULL if the folder cannot be named. */
static char *describe(const char *folder, const char *stage, const char *id, const char *place, size_t *n)
{
	char host[OWNER_HOST_BYTES];
	owner_host(host);
	json_t *note = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "folder", folder, "host", host, "id", id,
				 "place", place, "stage", stage, "user", owner_user());
	char *text = note ? json_canonical(note, n) : NULL;
	json_decref(note);
	return text;
}

/* place NULL: as versions before called it. */
static char *path_of(const char *folder, const char *stage, const char *place)
{
	char hex[DIGEST_HEX];
	char *text = die_printf("%s\n%s%s%s", folder, stage, place ? "\n" : "", place ? place : "");
	struct digest d = digest_of(text, strlen(text));
	digest_hex(hex, &d);
	free(text);
	return die_printf("%s/roots/%s.json", artifact_store_path(), hex);
}

/* Versions before wrote one note for all hosts. Of this host it would keep what it names for as long as the
 * run is. */
static void drop_former(const char *folder, const char *stage)
{
	char host[OWNER_HOST_BYTES], *former = path_of(folder, stage, NULL), *text = NULL;
	size_t n;
	struct error e = {0};
	owner_host(host);
	if (file_read(&text, &n, former, MAX_NOTE, &e) == 0) {
		json_t *note = json_read(text, n, former, &e);
		if (!strcmp(json_text(note, "host"), host))
			(void)!folder_unlink(former);
		json_decref(note);
		free(text);
	}
	free(former);
}

/* full: the folder's own name. */
static bool put_note(const char *full, const char *stage, const char *id)
{
	struct error e = {0};
	size_t n;
	bool is_noted = false;
	char *place = place_of(full), *path = path_of(full, stage, place);
	char *text = describe(full, stage, id, place, &n);
	if (text && file_replace_if_different(path, text, n, &e) == 0) {
		is_noted = true;
		(void)!utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
		drop_former(full, stage);
	}
	free(text);
	free(path);
	free(place);
	return is_noted;
}

bool roots_note(const char *folder, const char *stage, const char *id)
{
	struct error e = {0};
	char *full = realpath(folder, NULL), *roots = die_printf("%s/roots", artifact_store_path());
	bool is_noted = full && folder_make(roots, &e) == 0 && put_note(full, stage, id);
	free(roots);
	free(full);
	return is_noted;
}

/* ---- reading ---- */

/* What <folder>/<stage>.id says; or why it says nothing, as errno. */
static int read_now(struct root *r)
{
	char *path = die_printf("%s/%s.id", r->folder, r->stage), line[DIGEST_HEX + 1] = "";
	struct digest d;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), why = fd < 0 ? errno : 0;
	free(path);
	if (fd < 0)
		return why;
	ssize_t n = read(fd, line, DIGEST_HEX - 1);
	close(fd);
	line[n > 0 ? n : 0] = 0;
	if (digest_parse(&d, line) == 0)
		memcpy(r->id_now, line, DIGEST_HEX);
	return 0;
}

/* Whether what the run was on is here, so that what is not there was removed. Notes of versions before say
 * where it was mounted on which host, or not even that: then the folder alone tells it. */
static bool is_here(const struct root *r)
{
	char host[OWNER_HOST_BYTES];
	if (r->place) {
		char *place = place_of(r->folder);
		bool is = !strcmp(place, r->place);
		free(place);
		return is;
	}
	owner_host(host);
	return !strcmp(host, r->host) && (r->mount ? mounts_has(r->mount) : file_exists(r->folder));
}

static enum root_state state_of(struct root *r)
{
	bool here = is_here(r);
	if (r->place && !here)
		return ROOT_UNSEEN; /* what is called so here is another */
	int why = read_now(r);
	if (!why)
		return ROOT_LIVES;
	if ((why != ENOENT && why != ENOTDIR) || !here)
		return ROOT_UNSEEN;
	return difftime(time(NULL), r->used) < FRESH_S ? ROOT_LIVES : ROOT_GONE;
}

struct visit {
	void (*f)(const struct root *root, void *context);
	void (*bad)(const char *path, const struct error *e, void *context);
	void *context;
};

static int fill(struct root *r, json_t *note)
{
	const char *id;
	struct digest d;
	if (json_unpack(note, "{s:s, s:s, s:s, s?s, s?s, s:s, s:s}", "folder", &r->folder, "host", &r->host,
			"id", &id, "mount", &r->mount, "place", &r->place, "stage", &r->stage, "user",
			&r->user) < 0 ||
	    digest_parse(&d, id) < 0 || r->folder[0] != '/' || strchr(r->stage, '/'))
		return -1;
	memcpy(r->id, id, DIGEST_HEX);
	return 0;
}

/* A note is called after what it is of. One that is not says something that nobody wrote. */
static bool is_called(const char *path, const struct root *r)
{
	char *own = path_of(r->folder, r->stage, r->place);
	bool is = !strcmp(own, path);
	free(own);
	return is;
}

static void visit_one(const char *path, const char *name, void *context)
{
	const struct visit *v = context;
	struct error e = {0};
	struct stat s;
	struct root r = {.path = path};
	char *text;
	size_t n, length = strlen(name);
	if (length < 5 || strcmp(name + length - 5, ".json") != 0)
		return; /* one in the making */
	if (file_read(&text, &n, path, MAX_NOTE, &e) < 0) {
		if (v->bad && file_is_named(path))
			v->bad(path, &e, v->context);
		return;
	}

	json_t *note = json_read(text, n, path, &e);
	if (note && fill(&r, note) == 0 && is_called(path, &r) && stat(path, &s) == 0) {
		r.used = s.st_mtime;
		r.state = state_of(&r);
		v->f(&r, v->context);
	} else if (v->bad) {
		if (note)
			error_set(&e, path, 0, "is no note of a run");
		v->bad(path, &e, v->context);
	}
	json_decref(note);
	free(text);
}

void roots_each(void (*f)(const struct root *root, void *context),
		void (*bad)(const char *path, const struct error *e, void *context), void *context)
{
	folder_each("roots", visit_one, &(struct visit){f, bad, context});
}

bool roots_is_note(const char *path, const char *folder, const char *stage)
{
	char *full = realpath(folder, NULL), *place = full ? place_of(full) : NULL;
	char *own = full ? path_of(full, stage, place) : NULL;
	bool is = own && !strcmp(own, path);
	free(own);
	free(place);
	free(full);
	return is;
}

bool roots_counts(const struct root *root)
{
	return root->state == ROOT_LIVES ||
	       (root->state == ROOT_UNSEEN && difftime(time(NULL), root->used) < ROOT_UNSEEN_S);
}
