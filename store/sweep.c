#include "store/sweep.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "common/printable.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/folder.h"
#include "store/needed.h"
#include "store/objects.h"
#include "store/publish.h"
#include "store/removal.h"
#include "store/roots.h"
#include "store/show.h"
#include "store/strays.h"
#include "store/trash.h"

/* A file in tmp or locks that another host has not touched for so long is nobody's; and what fsck has moved
 * aside has been looked at by then. */
#define ABANDONED_S (30 * 86400.0)

/* A checkpoint is hours of work that no other place has, of a run that may only wait to go on: it stays so
 * many times as long as an object, and so long whatever the grace time. */
#define CHECKPOINT_GRACES 14
#define CHECKPOINT_S	  (14 * 86400.0)

/* What a pull has begun to bring and nobody went on with. */
#define ARRIVING_S (7 * 86400.0)

#define DOWN_S 3600.0

struct work {
	const struct sweep *s;
	struct needed *needed;
	struct removal removal;
	unsigned long long n_moved, moved_bytes, n_waiting;
};

static bool is_younger(const char *path, double seconds)
{
	struct stat s;
	return lstat(path, &s) < 0 || difftime(time(NULL), s.st_mtime) < seconds;
}

/* ---- into the trash ---- */

static unsigned long long size_of(const char *path)
{
	struct stat s;
	return lstat(path, &s) == 0 ? (unsigned long long)s.st_size : 0;
}

static void move(struct work *w, const char *id)
{
	char size[16], *path = artifact_path(id);
	unsigned long long n_bytes = size_of(path);
	if (!w->s->is_delete) {
		removal_file(&w->removal, "object", path);
	} else if (trash_put(id)) {
		if (w->s->grace_s > 0) /* else it is named when it goes, at once */
			fprintf(w->removal.out, "to the trash: %s  %s\n", path, show_size(size, n_bytes));
		w->n_moved++;
		w->moved_bytes += n_bytes;
	}
	free(path);
}

static void move_unneeded(struct work *w)
{
	char(*ids)[DIGEST_HEX];
	size_t n = objects_in("objects", &ids);
	for (size_t i = 0; i < n; i++)
		if (!needed_why(w->needed, ids[i]))
			move(w, ids[i]);
	free(ids);
}

/* ---- for good ---- */

static void remove_for_good(struct work *w, const char *id)
{
	char *path = trash_path(id), size[16];
	unsigned long long n_bytes = size_of(path);
	if (!w->s->is_delete) {
		removal_file(&w->removal, "object", path);
	} else if (trash_remove(id)) {
		fprintf(w->removal.out, "object %s  %s\n", path, show_size(size, n_bytes));
		w->removal.n_files++;
		w->removal.n_bytes += n_bytes;
	}
	free(path);
}

/* What was needed, or used, after it came here goes back. */
static void judge_trashed(struct work *w, const char *id)
{
	double age_s = difftime(time(NULL), trash_since(id));
	if (needed_why(w->needed, id)) {
		if (w->s->is_delete && trash_take_back(id))
			fprintf(w->removal.out, "taken back: %s, needed by %s\n", id,
				needed_why(w->needed, id));
	} else if (age_s >= w->s->grace_s) {
		remove_for_good(w, id);
	} else {
		w->n_waiting++;
	}
}

static void empty_trash(struct work *w)
{
	char(*ids)[DIGEST_HEX];
	size_t n = trash_list(&ids);
	for (size_t i = 0; i < n; i++)
		judge_trashed(w, ids[i]);
	free(ids);
}

/* A stage that makes the object anew meanwhile finds its entry there and lets it stay: so the object is
 * looked for once more when the entry is gone. */
static void remove_action(struct work *w, const char *path, const char *id)
{
	struct error e = {0};
	char *text = NULL;
	size_t n = 0;
	if (w->s->is_delete && file_read(&text, &n, path, ACTION_ENTRY_MAX, &e) < 0) {
		if (file_is_named(path))
			warn("%s; it stays", error_text(&e));
		return;
	}
	removal_file(&w->removal, "action", path);
	if (w->s->is_delete && artifact_exists(id)) {
		struct publish *file = publish_begin();
		publish_write(file, text, n);
		publish_first(file, path);
		fprintf(w->removal.out, "put back: %s, its object was made again\n", path);
	}
	free(text);
}

/* After their objects: an entry without object is a miss, and one whose object was taken back at the last
 * moment must stay. One whose object went before stays too: it tells how the artifact came to be. */
static void drop_actions(struct work *w)
{
	size_t n;
	const char *id;
	json_t *gone = trash_gone(), *unused;
	const struct lineage_entry *entry = lineage_all(needed_lineage(w->needed), &n);
	for (size_t k = 0; k < n; k++) {
		char *path = action_path(entry[k].key);
		bool is_gone = (json_object_get(gone, entry[k].id) && !artifact_exists(entry[k].id)) ||
			       (!w->s->is_delete && artifact_exists(entry[k].id) &&
				!needed_why(w->needed, entry[k].id));
		if (is_gone)
			remove_action(w, path, entry[k].id);
		free(path);
	}
	if (w->s->is_delete)
		json_object_foreach (gone, id, unused)
			trash_forget(id);
	json_decref(gone);
}

/* ---- what else lies there ---- */

static void drop_checkpoint(const char *path, const char *name, void *context)
{
	struct work *w = context;
	double kept_s = CHECKPOINT_GRACES * w->s->grace_s;
	if (!is_younger(path, kept_s > CHECKPOINT_S ? kept_s : CHECKPOINT_S) && !needed_runs(w->needed, name))
		removal_tree(&w->removal, "checkpoint", path);
}

static void drop_download(const char *path, const char *name, void *context)
{
	struct work *w = context;
	(void)name;
	if (!is_younger(path, w->s->grace_s))
		removal_tree(&w->removal, "download", path);
}

/* Files of processes of other hosts. publish_clean takes those of this one at once. */
static void drop_abandoned(struct work *w, const char *what, const char *path)
{
	if (!is_younger(path, ABANDONED_S) && !publish_is_held(path))
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

static void drop_damaged(const char *path, const char *name, void *context)
{
	struct work *w = context;
	(void)name;
	if (!is_younger(path, ABANDONED_S))
		removal_file(&w->removal, "damaged", path);
}

static void drop_arriving(const char *path, const char *name, void *context)
{
	struct work *w = context;
	(void)name;
	if (!is_younger(path, ARRIVING_S))
		removal_file(&w->removal, "arriving", path);
}

static void drop_root(const struct root *root, void *context)
{
	struct work *w = context;
	if (roots_counts(root))
		return;
	if (root->state == ROOT_UNSEEN) {
		char *who = die_printf("%s of %s on %s", root->folder, root->user, root->host);
		fprintf(w->removal.out, "nobody has used %s for %.0f days: it counts no more\n",
			printable(who), difftime(time(NULL), root->used) / 86400);
		free(who);
	}
	removal_file(&w->removal, "run", root->path);
}

/* Somebody found the remote not there (store/errand.h); that is soon asked anew. */
static void drop_down(struct work *w)
{
	char *path = die_printf("%s/remote.down", artifact_store_path());
	if (!is_younger(path, DOWN_S))
		removal_file(&w->removal, "note", path);
	free(path);
}

/* The stamps of what is gone. */
static void drop_used(struct work *w)
{
	for (int i = 0; i < 256; i++) {
		char folder[16];
		snprintf(folder, sizeof folder, "used/%02x", i);
		folder_each(folder, strays_used, &w->removal);
	}
}

/* ---- all ---- */

static void look(struct work *w)
{
	if (w->needed)
		needed_free(w->needed);
	w->needed = needed_find(w->s->runs, w->s->grace_s, w->s->is_delete);
}

static void print_waiting(const struct work *w)
{
	char size[16];
	if (w->s->is_delete && w->s->grace_s > 0 && w->n_moved)
		fprintf(w->removal.out,
			"%llu objects, %s moved to the trash; a gc after %.3g days removes them\n",
			w->n_moved, show_size(size, w->moved_bytes), w->s->grace_s / 86400);
	if (w->n_waiting > w->n_moved)
		fprintf(w->removal.out, "%llu objects wait in the trash\n", w->n_waiting);
}

void sweep_store(FILE *out, const struct sweep *s)
{
	struct work w = {.s = s, .removal = {out, s->is_delete, 0, 0}};

	look(&w);
	move_unneeded(&w);
	if (s->is_delete)
		look(&w); /* again, now that who looks for an object sees that it was moved */
	empty_trash(&w);
	drop_actions(&w);
	roots_each(drop_root, NULL, &w);
	folder_each("checkpoints", drop_checkpoint, &w);
	folder_each("downloads", drop_download, &w);
	folder_each("arriving", drop_arriving, &w);
	folder_each("tmp", drop_temporary, &w);
	folder_each("locks", drop_lock, &w);
	folder_each("damaged", drop_damaged, &w);
	drop_down(&w);
	for (const char *const *runs = s->runs; *runs; runs++)
		strays_in_runs(&w.removal, *runs);
	if (s->is_delete) {
		drop_used(&w);
		w.removal.n_files += (unsigned long long)publish_clean();
	}
	print_waiting(&w);
	removal_sum(&w.removal, "could be removed; 'store gc --delete' does it");
	needed_free(w.needed);
}
