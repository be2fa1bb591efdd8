#include "store/sweep.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/folder.h"
#include "store/lineage.h"
#include "store/objects.h"
#include "store/publish.h"
#include "store/removal.h"
#include "store/runs.h"

/* A file in tmp or locks that another host has not touched for so long is nobody's. */
#define ABANDONED_S (30 * 86400.0)

struct work {
	const struct sweep *s;
	char (*ids)[DIGEST_HEX]; /* all objects, sorted */
	bool *is_kept;
	size_t n;
	struct lineage *lineage;
	struct removal removal;
};

static bool is_younger(const char *path, double seconds)
{
	struct stat s;
	return stat(path, &s) < 0 || difftime(time(NULL), s.st_mtime) < seconds;
}

static bool is_recent(const struct work *w, const char *path)
{
	return is_younger(path, w->s->grace_s);
}

/* ---- what is kept ---- */

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Where the object stands in the list, or -1. */
static ptrdiff_t find(const struct work *w, const char *id)
{
	const char(*found)[DIGEST_HEX] = w->n ? bsearch(id, w->ids, w->n, sizeof *w->ids, compare) : NULL;
	return found ? found - (const char(*)[DIGEST_HEX])w->ids : -1;
}

/* Keep an artifact and, also if it is gone itself, what it was made of. */
static void keep(const char *name, const char *id, void *context)
{
	struct work *w = context;
	ptrdiff_t i = find(w, id);
	(void)name;
	if (i >= 0 && w->is_kept[i])
		return;
	if (i >= 0)
		w->is_kept[i] = true;
	const struct lineage_entry *entry = lineage_find(w->lineage, id);
	if (entry)
		lineage_inputs(entry, keep, w);
}

static void keep_named(const char *run, const char *stage, const char *id, void *context)
{
	(void)run, (void)stage;
	keep(NULL, id, context);
}

static void keep_runs(struct work *w, const char *runs)
{
	struct error e = {0};
	if (runs_each(runs, keep_named, w, &e) < 0)
		die("%s; cannot tell what is needed", error_text(&e));
}

static void keep_recent(struct work *w)
{
	for (size_t i = 0; i < w->n; i++) {
		char *path = artifact_path(w->ids[i]);
		if (is_recent(w, path))
			keep(NULL, w->ids[i], w);
		free(path);
	}
}

/* ---- what goes ---- */

/* Entries first: a hit on an object that is about to go would be useless. One whose object went before stays:
 * it tells how the artifact came to be. */
static void drop_actions(struct work *w)
{
	size_t n;
	const struct lineage_entry *entry = lineage_all(w->lineage, &n);
	for (size_t k = 0; k < n; k++) {
		ptrdiff_t i = find(w, entry[k].id);
		char *path = action_path(entry[k].key);
		if (i >= 0 && !w->is_kept[i])
			removal_file(&w->removal, "action", path);
		free(path);
	}
}

static void drop_objects(struct work *w)
{
	for (size_t i = 0; i < w->n; i++) {
		char *path = artifact_path(w->ids[i]);
		if (!w->is_kept[i] && !is_recent(w, path)) /* it may have been used since we looked */
			removal_file(&w->removal, "object", path);
		free(path);
	}
}

/* What unfinished work left behind, once nobody has touched it for as long as an object is kept. */
static void drop_checkpoint(const char *path, const char *name, void *context)
{
	struct work *w = context;
	(void)name;
	if (!is_recent(w, path))
		removal_tree(&w->removal, "checkpoint", path);
}

static void drop_download(const char *path, const char *name, void *context)
{
	struct work *w = context;
	(void)name;
	if (!is_recent(w, path))
		removal_tree(&w->removal, "download", path);
}

static bool is_held(const char *path)
{
	int fd = publish_open(AT_FDCWD, path);
	bool is_free = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (fd >= 0)
		close(fd);
	return !is_free;
}

/* Files of processes of other hosts. publish_clean takes those of this one at once. */
static void drop_abandoned(struct work *w, const char *what, const char *path)
{
	if (!is_younger(path, ABANDONED_S) && !is_held(path))
		removal_file(&w->removal, what, path);
}

static void drop_temporary(const char *path, const char *name, void *context)
{
	(void)name;
	drop_abandoned(context, "temporary", path);
}

static void drop_lock(const char *path, const char *name, void *context)
{
	(void)name;
	drop_abandoned(context, "lock", path);
}

void sweep_store(FILE *out, const struct sweep *s)
{
	struct work w = {.s = s, .lineage = lineage_open(), .removal = {out, s->is_delete, 0, 0}};

	w.n = objects_list(&w.ids);
	w.is_kept = die_calloc(w.n, sizeof *w.is_kept);
	for (const char *const *runs = s->runs; *runs; runs++)
		keep_runs(&w, *runs);
	keep_recent(&w);
	drop_actions(&w);
	drop_objects(&w);
	folder_each("checkpoints", drop_checkpoint, &w);
	folder_each("downloads", drop_download, &w);
	folder_each("tmp", drop_temporary, &w);
	folder_each("locks", drop_lock, &w);
	if (s->is_delete)
		w.removal.n_files += (unsigned long long)publish_clean();
	removal_sum(&w.removal, "could be removed; 'store gc --delete' does it");
	lineage_close(w.lineage);
	free(w.is_kept);
	free(w.ids);
}
