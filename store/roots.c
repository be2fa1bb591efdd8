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

/* The text of the note; NULL if the folder cannot be named. */
static char *describe(const char *folder, const char *stage, const char *id, size_t *n)
{
	char host[OWNER_HOST_BYTES], *mount = mounts_point(folder);
	owner_host(host);
	json_t *note = json_pack("{s:s, s:s, s:s, s:s*, s:s, s:o}", "folder", folder, "host", host, "id", id,
				 "mount", mount, "stage", stage, "user", owner_user());
	char *text = note ? json_canonical(note, n) : NULL;
	json_decref(note);
	free(mount);
	return text;
}

/* host: whose folder that is; NULL: of all that see it. */
static char *path_of(const char *folder, const char *stage, const char *host)
{
	char hex[DIGEST_HEX];
	char *text = die_printf("%s\n%s%s%s", folder, stage, host ? "\n" : "", host ? host : "");
	struct digest d = digest_of(text, strlen(text));
	digest_hex(hex, &d);
	free(text);
	return die_printf("%s/roots/%s.json", artifact_store_path(), hex);
}

/* Another host may have a folder of that name on a disk of its own, and its note stays beside ours. */
static char *own_path(const char *folder, const char *stage)
{
	char host[OWNER_HOST_BYTES];
	owner_host(host);
	return path_of(folder, stage, mounts_is_network(folder) ? NULL : host);
}

/* Versions before wrote one note for all hosts. Unless it is another's, it would keep what it names for as
 * long as the run is. */
static void drop_former(const char *folder, const char *stage, const char *own)
{
	char host[OWNER_HOST_BYTES], *former = path_of(folder, stage, NULL), *text = NULL;
	size_t n;
	struct error e = {0};
	owner_host(host);
	if (strcmp(former, own) != 0 && file_read(&text, &n, former, MAX_NOTE, &e) == 0) {
		json_t *note = json_read(text, n, former, &e);
		const char *whose = json_string_value(json_object_get(note, "host"));
		if (!whose || !strcmp(whose, host))
			(void)!unlink(former);
		json_decref(note);
		free(text);
	}
	free(former);
}

bool roots_note(const char *folder, const char *stage, const char *id)
{
	bool is_noted = false;
	size_t n;
	struct error e = {0};
	char *full = realpath(folder, NULL), *roots = die_printf("%s/roots", artifact_store_path());
	char *text = full ? describe(full, stage, id, &n) : NULL;
	if (text && file_make_folder(roots, &e) == 0) {
		char *path = own_path(full, stage);
		is_noted = file_replace_if_different(path, text, n, &e) == 0;
		if (is_noted) {
			(void)!utimensat(AT_FDCWD, path, NULL, 0);
			drop_former(full, stage, path);
		}
		free(path);
	}
	free(text);
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

/* Whether the disk that the run was on is here, so that what is not there was removed. A note of a version
 * that did not say which that is tells it by the folder alone. */
static bool is_mounted(const struct root *r)
{
	return r->mount ? mounts_has(r->mount) : file_exists(r->folder);
}

static enum root_state state_of(struct root *r)
{
	char host[OWNER_HOST_BYTES];
	int why = read_now(r);
	owner_host(host);
	if (!why)
		return ROOT_LIVES;
	if ((why != ENOENT && why != ENOTDIR) || strcmp(host, r->host) != 0 || !is_mounted(r))
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
	if (json_unpack(note, "{s:s, s:s, s:s, s?s, s:s, s:s}", "folder", &r->folder, "host", &r->host, "id",
			&id, "mount", &r->mount, "stage", &r->stage, "user", &r->user) < 0 ||
	    digest_parse(&d, id) < 0 || r->folder[0] != '/' || strchr(r->stage, '/'))
		return -1;
	memcpy(r->id, id, DIGEST_HEX);
	return 0;
}

/* A note is called after what it is of. One that is not says something that nobody wrote. */
static bool is_called(const char *path, const char *folder, const char *stage, const char *host)
{
	char *shared = path_of(folder, stage, NULL), *own = path_of(folder, stage, host);
	bool is = !strcmp(shared, path) || !strcmp(own, path);
	free(shared);
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
	if (note && fill(&r, note) == 0 && is_called(path, r.folder, r.stage, r.host) &&
	    stat(path, &s) == 0) {
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
	char *full = realpath(folder, NULL), *own = full ? own_path(full, stage) : NULL;
	bool is = own && !strcmp(own, path);
	free(own);
	free(full);
	return is;
}

bool roots_counts(const struct root *root)
{
	return root->state == ROOT_LIVES ||
	       (root->state == ROOT_UNSEEN && difftime(time(NULL), root->used) < ROOT_UNSEEN_S);
}
