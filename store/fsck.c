#include "store/fsck.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/aside.h"
#include "store/findings.h"
#include "store/folder.h"
#include "store/fsck_left.h"
#include "store/mend.h"
#include "store/pins.h"
#include "store/roots.h"
#include "store/runs.h"

struct check {
	const struct fsck *f;
	struct findings found;
	struct mend *mend;
	mode_t shared; /* of the store's folder if it has the set-group-id bit; else 0 */
	json_t *told;  /* ids of objects that something was said of: who names one of them need not again */
	size_t n_objects, n_entries, n_gone;
};

/* ---- names ---- */

static bool is_named(const char *name, const char *suffix)
{
	char id[DIGEST_HEX];
	struct digest d;
	if (strlen(name) != DIGEST_HEX - 1 + strlen(suffix) || strcmp(name + DIGEST_HEX - 1, suffix) != 0)
		return false;
	memcpy(id, name, DIGEST_HEX - 1);
	id[DIGEST_HEX - 1] = 0;
	return digest_parse(&d, id) == 0;
}

/* The two digits of the folder that holds path are the first of its name. */
static bool is_placed(const char *path, const char *name)
{
	size_t n = strlen(path) - strlen(name);
	return n >= 3 && !strncmp(path + n - 3, name, 2);
}

static void tell(struct check *c, const char *id)
{
	json_object_set_new(c->told, id, json_true());
}

static void put_in_place(struct check *c, const char *path, const char *to)
{
	if (!c->f->is_repair)
		return;
	if (!file_exists(to) && folder_move(path, to) == 0)
		findings_mend(&c->found, FINDING_DAMAGED, "moved to %s", to);
	else
		findings_advise(&c->found, "there is %s too: compare the two, and remove one", to);
}

static bool is_sound_name(struct check *c, const char *path, const char *name, const char *suffix,
			  char *(*place)(const char *id))
{
	char id[DIGEST_HEX];
	if (!is_named(name, suffix)) {
		findings_say(&c->found, FINDING_LEFT, "%s: no file of the store has such a name", path);
		return false;
	}
	if (is_placed(path, name))
		return true;
	memcpy(id, name, DIGEST_HEX - 1);
	id[DIGEST_HEX - 1] = 0;
	char *to = place(id);
	findings_say(&c->found, FINDING_DAMAGED,
		     "%s lies in the wrong folder, nobody finds it: %s is its place", path, to);
	put_in_place(c, path, to);
	tell(c, id);
	free(to);
	return false;
}

/* ---- rights ---- */

static void set_mode(struct check *c, const char *path, mode_t mode)
{
	struct stat s;
	if (lstat(path, &s) == 0 && S_ISREG(s.st_mode) && s.st_nlink > 1)
		findings_advise(&c->found, "it has another name too, maybe elsewhere; if not: chmod %04o %s",
				(unsigned)mode, path);
	else if (!c->f->is_repair)
		findings_advise(&c->found, "chmod %04o %s", (unsigned)mode, path);
	else if (fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW) == 0)
		findings_mend(&c->found, FINDING_MODE, "mode %04o", (unsigned)mode);
	else
		findings_advise(&c->found, "its owner must: chmod %04o %s", (unsigned)mode, path);
}

/* What a link leads to may be a file, or not to be looked at; a link that leads nowhere is none. */
static bool may_be_file(const char *path)
{
	struct stat s;
	return stat(path, &s) == 0 ? S_ISREG(s.st_mode) : errno != ENOENT && errno != ELOOP;
}

/* What is published never changes; and where the store is shared whoever may look into the folder may read
 * it. False: what lies there is no file, nor a link to one. */
static bool check_rights(struct check *c, const char *path)
{
	struct stat s;
	if (lstat(path, &s) < 0)
		return true;
	mode_t mode = s.st_mode & 07777, wanted = (mode & 0444) | (c->shared ? 0400 | (c->shared & 0044) : 0);
	if (c->shared)
		wanted &= 0400 | (c->shared & 0044);
	if (!S_ISREG(s.st_mode)) {
		findings_say(&c->found, FINDING_DAMAGED, "%s is no file", path);
		return may_be_file(path);
	}
	if (mode != wanted) {
		findings_say(&c->found, FINDING_MODE, "%s: mode %04o, and it should be %04o", path,
			     (unsigned)mode, (unsigned)wanted);
		set_mode(c, path, wanted);
	}
	return true;
}

static void check_folder_rights(struct check *c, const char *path)
{
	struct stat s;
	if (!c->shared || lstat(path, &s) < 0 || !S_ISDIR(s.st_mode) || (s.st_mode & 02777) == c->shared)
		return;
	findings_say(&c->found, FINDING_MODE, "%s: mode %04o, and that of the shared store is %04o", path,
		     (unsigned)(s.st_mode & 07777), (unsigned)c->shared);
	set_mode(c, path, c->shared);
}

/* ---- objects ---- */

static bool may_read(struct check *c, const char *path)
{
	if (access(path, R_OK) == 0)
		return true;
	int why = errno;
	if (!file_is_named(path)) /* gc has removed it meanwhile */
		return false;
	findings_say(&c->found, FINDING_UNREADABLE, "%s: %s: %s", path, strerror(why), error_remedy(why));
	return false;
}

/* What could not be read is not known to be damaged, and nothing is done about it here. */
static bool is_unread(struct check *c, const char *what, const struct error *e)
{
	if (!e->cause)
		return false;
	findings_say(&c->found, FINDING_UNREADABLE, "%s%s", what, error_text(e));
	return true;
}

/* Of what file_read reads the error says no remedy. */
static bool is_unread_file(struct check *c, const char *what, const struct error *e)
{
	bool is = is_unread(c, what, e);
	if (is)
		findings_advise(&c->found, "%s", error_remedy(e->cause));
	return is;
}

static void check_object(const char *path, const char *name, void *context)
{
	struct check *c = context;
	struct error e = {0};
	char id[DIGEST_HEX];
	if (!is_sound_name(c, path, name, ".mdb", artifact_path))
		return;
	memcpy(id, name, DIGEST_HEX - 1);
	id[DIGEST_HEX - 1] = 0;
	c->n_objects++;
	bool is_file = check_rights(c, path);
	if (is_file && (!may_read(c, path) || artifact_verify(id, &e) == 0 || is_unread(c, "", &e)))
		return;
	if (is_file)
		findings_say(&c->found, FINDING_DAMAGED, "%s", error_text(&e));
	mend_object(c->mend, &c->found, FINDING_DAMAGED, id);
	tell(c, id);
}

/* ---- entries ---- */

static void check_entry(const char *path, const char *name, void *context)
{
	struct check *c = context;
	struct error e = {0};
	char key[DIGEST_HEX], id[DIGEST_HEX];
	if (!is_sound_name(c, path, name, ".json", action_path))
		return;
	memcpy(key, name, DIGEST_HEX - 1);
	key[DIGEST_HEX - 1] = 0;
	c->n_entries++;
	if (!check_rights(c, path)) {
		mend_entry(c->mend, &c->found, path);
		return;
	}
	if (!may_read(c, path))
		return;

	json_t *statement = action_read(key, id, NULL, &e);
	if (statement) {
		c->n_gone += !artifact_exists(id);
	} else if (!is_unread_file(c, "action entry: ", &e)) {
		findings_say(&c->found, FINDING_DAMAGED, "action entry: %s", error_text(&e));
		mend_entry(c->mend, &c->found, path);
	}
	json_decref(statement);
}

/* A folder that fans out into 256: each of them, and names between them that are none. */
struct fan {
	struct check *c;
	const char *folder;
	void (*f)(const char *path, const char *name, void *context);
};

static void check_fan_folder(const char *path, const char *name, void *context)
{
	const struct fan *fan = context;
	struct stat s;
	bool is_folder = lstat(path, &s) == 0 && S_ISDIR(s.st_mode);
	if (!is_folder || strlen(name) != 2 || strspn(name, "0123456789abcdef") != 2) {
		findings_say(&fan->c->found, FINDING_LEFT, "%s: no folder of the store has such a name",
			     path);
		return;
	}
	check_folder_rights(fan->c, path);
	if (access(path, R_OK | X_OK) < 0) {
		int why = errno;
		findings_say(&fan->c->found, FINDING_UNREADABLE, "%s: %s: %s", path, strerror(why),
			     error_remedy(why));
		return;
	}
	char *inner = die_printf("%s/%s", fan->folder, name);
	folder_each(inner, fan->f, fan->c);
	free(inner);
}

static void check_fan(struct check *c, const char *folder,
		      void (*f)(const char *path, const char *name, void *context))
{
	folder_each(folder, check_fan_folder, &(struct fan){c, folder, f});
}

/* ---- what is named and is not there ---- */

/* Whether the place of the object can be looked at, and it is not there; why not was said with its folder. */
static bool is_gone(const char *id)
{
	char *path = artifact_path(id);
	bool is = !artifact_exists(id) && access(path, F_OK) < 0 && errno == ENOENT;
	free(path);
	return is;
}

static void check_named(struct check *c, const char *id, const char *by)
{
	if (json_object_get(c->told, id) || !is_gone(id))
		return;
	tell(c, id);
	findings_say(&c->found, FINDING_MISSING, "object %s, which %s names, is not in the store", id, by);
	mend_object(c->mend, &c->found, FINDING_MISSING, id);
}

static void check_run(const char *run, const char *stage, const char *id, void *context)
{
	char *by = die_printf("run %s/%s", run, stage);
	check_named(context, id, by);
	free(by);
}

static void check_pin(const struct pin *pin, void *context)
{
	char *by = die_printf("a pin of %s", pin->user);
	check_named(context, pin->id, by);
	free(by);
}

static void check_root(const struct root *root, void *context)
{
	if (root->state != ROOT_LIVES || !*root->id_now)
		return;
	char *by = die_printf("%s/%s.id of %s", root->folder, root->stage, root->user);
	check_named(context, root->id_now, by);
	free(by);
}

/* gc stops at a note that it cannot read, since it may need anything; so it must not be out of the way before
 * something says the same in its place. */
static void check_bad_pin(const char *path, const struct error *e, void *context)
{
	struct check *c = context;
	struct error why = {0};
	if (is_unread_file(c, "", e))
		return;
	findings_say(&c->found, FINDING_DAMAGED, "%s", error_text(e));
	char *kept = c->f->is_repair ? pins_restore(path, &why) : NULL;
	if (kept)
		findings_mend(&c->found, FINDING_DAMAGED,
			      "pinned again as the file's name says; what was in it is in %s", kept);
	else
		findings_advise(&c->found, "%s",
				c->f->is_repair ? error_text(&why)
						: "'store fsck --repair' pins again what its name says");
	free(kept);
}

struct renoting {
	struct check *c;
	const char *path, *runs;
	bool is_found;
};

static void note_again(const char *run, const char *stage, const char *id, void *context)
{
	struct renoting *r = context;
	const char *arm = strchr(run, '/');
	char *folder = arm ? die_printf("%s/%.*s/arms%s", r->runs, (int)(arm - run), run, arm)
			   : die_printf("%s/%s", r->runs, run);
	if (!r->is_found && roots_is_note(r->path, folder, stage)) {
		char *to = aside_copy(r->path);
		if (!to)
			findings_advise(&r->c->found,
					"it cannot be kept aside (%s): move it out of the store",
					strerror(errno));
		r->is_found = to && roots_note(folder, stage, id);
		if (r->is_found)
			findings_mend(&r->c->found, FINDING_DAMAGED,
				      "noted again of %s/%s; what was in it is in %s", folder, stage, to);
		free(to);
	}
	free(folder);
}

/* Its name is a hash of the run: those at hand can be told by it. */
static void check_bad_root(const char *path, const struct error *e, void *context)
{
	struct check *c = context;
	struct renoting r = {c, path, NULL, false};
	struct error unsaid = {0};
	if (is_unread_file(c, "", e))
		return;
	findings_say(&c->found, FINDING_DAMAGED, "%s", error_text(e));
	for (const char *const *runs = c->f->runs; c->f->is_repair && *runs; runs++) {
		r.runs = *runs;
		(void)!runs_each(*runs, note_again, &r, &unsaid); /* check_runs says it */
	}
	if (!r.is_found && !is_named(strrchr(path, '/') + 1, ".json"))
		findings_advise(&c->found,
				"no run's note has such a name: remove it; gc removes nothing while "
				"it is there");
	else if (!r.is_found)
		findings_advise(
			&c->found,
			"its run's next make writes it again, or 'store fsck --repair' where that run "
			"is; gc removes nothing while it is there. Once all who use the store have "
			"done so, remove it");
}

static void check_runs(struct check *c)
{
	for (const char *const *runs = c->f->runs; *runs; runs++) {
		struct error e = {0};
		if (runs_each(*runs, check_run, c, &e) < 0 && !is_unread_file(c, "", &e))
			findings_say(&c->found, FINDING_DAMAGED,
				     "%s; remove it: the next make writes it again", error_text(&e));
	}
	pins_each(check_pin, check_bad_pin, c);
	roots_each(check_root, check_bad_root, c);
}

/* ---- all ---- */

static void check_folder(const char *path, const char *name, void *context)
{
	(void)name;
	check_folder_rights(context, path);
}

static mode_t shared_mode(void)
{
	struct stat s;
	return stat(artifact_store_path(), &s) == 0 && (s.st_mode & S_ISGID) ? s.st_mode & 02777 : 0;
}

size_t fsck_store(FILE *out, const struct fsck *f)
{
	struct findings links = {.out = out};
	if (fsck_links(&links)) {
		findings_advise(&links, "nothing else was looked at: it may lie elsewhere");
		return findings_sum(&links);
	}

	struct check c = {.f = f,
			  .found = {.out = out},
			  .mend = mend_open(f->runs, f->is_repair),
			  .shared = shared_mode(),
			  .told = json_object()};

	folder_each("", check_folder, &c);
	check_fan(&c, "objects", check_object);
	check_fan(&c, "actions", check_entry);
	check_runs(&c);
	fsck_left(&c.found, f->is_repair);

	fprintf(out, "%zu objects and %zu action entries checked%s", c.n_objects, c.n_entries,
		c.n_gone ? "" : ": ");
	if (c.n_gone)
		fprintf(out, " (%zu of them of objects that gc has removed): ", c.n_gone);
	size_t n_bad = findings_sum(&c.found);
	mend_close(c.mend);
	json_decref(c.told);
	return n_bad;
}
