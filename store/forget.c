#include "store/forget.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/folder.h"
#include "store/forgotten.h"
#include "store/holders.h"
#include "store/lock.h"
#include "store/publish.h"
#include "store/removal.h"
#include "store/runs.h"
#include "store/trash.h"

enum { ACTION_MAX = 16 << 20 };

struct work {
	const struct forget *f;
	FILE *out;
	struct lineage *lineage;
	struct holders *holders;
	struct removal removal;
};

/* ---- entries ---- */

struct listing {
	lineage_add *add;
	void *to;
	bool is_delete;
};

static void add_entry(const struct action_entry *entry, void *context)
{
	const struct listing *l = context;
	l->add(entry, l->to);
}

/* What it names may have been made of the patient. */
static void refuse_entry(const struct error *e, void *context)
{
	const struct listing *l = context;
	const char *remedy =
		e->cause ? error_remedy(e->cause) : "'store fsck --repair' moves it out of the way";
	if (l->is_delete)
		die("%s: %s; nothing was removed, since what this entry names may be made of the patient",
		    error_text(e), remedy);
	warn("%s; what this entry names may be made of the patient, too", error_text(e));
}

static void list_entries(lineage_add *add, void *to, void *context)
{
	const struct forget *f = context;
	action_each(add_entry, refuse_entry, &(struct listing){add, to, f->is_delete});
}

/* ---- removing ---- */

/* Before anything goes: a pull that runs beside us looks again before it publishes. */
static void note_forgotten(const struct work *w)
{
	for (size_t i = 0; i < w->holders->n; i++)
		forgotten_add(w->holders->list[i].id);
}

/* Of whom the records are that a pull has brought and not yet published nobody can tell: all of them. */
static void drop_arriving(const char *path, const char *name, void *context)
{
	struct work *w = context;
	(void)name;
	removal_file(&w->removal, "arriving", path);
}

/* Entries first: a hit on an object that is about to go would be useless. */
static void drop_artifacts(struct work *w)
{
	size_t n;
	const struct lineage_entry *entry = lineage_all(w->lineage, &n);
	for (size_t i = 0; i < n; i++) {
		char *path = action_path(entry[i].key);
		if (holders_has(w->holders, entry[i].id))
			removal_file(&w->removal, "action", path);
		free(path);
	}
	for (size_t i = 0; i < w->holders->n; i++) {
		const char *id = w->holders->list[i].id;
		char *path = artifact_path(id), *trashed = trash_path(id);
		removal_file(&w->removal, "object", path);
		removal_file(&w->removal, "object", trashed);
		free(trashed);
		free(path);
	}
}

static void drop_named(struct work *w, const char *what, const char *path, const char *name)
{
	char id[DIGEST_HEX];
	snprintf(id, sizeof id, "%s", name);
	if (holders_has(w->holders, id))
		removal_file(&w->removal, what, path);
}

/* What fsck has moved aside has the name it had, and maybe ".2" behind it. */
static void drop_damaged(const char *path, const char *name, void *context)
{
	drop_named(context, "damaged", path, name);
}

/* It would keep nothing any more, and its note may name the patient. */
static void drop_pin(const char *path, const char *name, void *context)
{
	drop_named(context, "pin", path, name);
}

/* Whether unfinished work reads one of the artifacts: the folder says what it is (store/stage.h); of one that
 * does not it is assumed. */
static bool is_of_these(const struct work *w, const char *folder)
{
	char *path = die_printf("%s/action.json", folder), *text;
	size_t n;
	json_t *action = NULL;
	if (file_read(&text, &n, path, ACTION_MAX, NULL) == 0) {
		action = json_read(text, n, path, NULL);
		free(text);
	}
	free(path);

	bool is = !action;
	const char *name;
	json_t *id;
	json_object_foreach (json_object_get(action, "inputs"), name, id)
		is |= json_is_string(id) && holders_has(w->holders, json_string_value(id));
	json_decref(action);
	return is;
}

static void drop_checkpoint(const char *path, const char *name, void *context)
{
	struct work *w = context;
	(void)name;
	if (is_of_these(w, path))
		removal_tree(&w->removal, "checkpoint", path);
}

static void refuse_running(const char *path, const char *name, void *context)
{
	(void)context;
	if (strcmp(name, LOCK_ALONE) != 0 && publish_is_held(path))
		die("a stage is running (%s/locks/%.12s...); wait for its end, or stop it, so that it "
		    "publishes nothing more of the patient",
		    artifact_store_path(), name);
}

/* ---- what is left to do ---- */

static void add_source(const char *name, const char *sha256, void *context)
{
	char **text = context, *longer = die_printf("%s  (%s, SHA-256 %.12s...)", *text, name, sha256);
	free(*text);
	*text = longer;
}

/* "/data/ekg  (listing, SHA-256 e2d5bae3e519...)"; the caller frees it. */
static char *source_text(const struct lineage_entry *entry)
{
	const json_t *params =
		json_object_get(json_object_get(lineage_definition(entry), "externalParameters"), "params");
	const char *place = json_string_value(json_object_get(params, "source"));
	char *text = die_strdup(place ? place : "its source");
	lineage_sources(entry, add_source, &text);
	return text;
}

static void print_download(const char *path, const char *name, void *context)
{
	struct work *w = context;
	(void)name;
	fprintf(w->out, "  %s\n", path);
}

/* Artifacts that nothing in the store was made of come from outside, several maybe from the same place. */
static void print_sources(struct work *w)
{
	json_t *seen = json_object();
	fprintf(w->out,
		"Not in the store's power are the raw data: clean them, or the next fetch brings the patient "
		"back:\n");
	for (size_t i = 0; i < w->holders->n; i++) {
		const struct lineage_entry *entry = lineage_find(w->lineage, w->holders->list[i].id);
		if (!w->holders->list[i].records || !entry ||
		    json_object_size(json_object_get(entry->action, "inputs")))
			continue;
		char *text = source_text(entry);
		if (!json_object_get(seen, text))
			fprintf(w->out, "  %s\n", text);
		json_object_set_new(seen, text, json_true());
		free(text);
	}
	json_decref(seen);
	folder_each("downloads", print_download, w);
}

struct again {
	struct work *w;
	char *run; /* of the line that is being written; NULL: none yet */
};

static void see_named(const char *run, const char *stage, const char *id, void *context)
{
	struct again *a = context;
	if (!holders_has(a->w->holders, id))
		return;
	if (!a->run)
		fprintf(a->w->out, "These must run again; what their folders hold (tables, reports, exported "
				   "files) may still show the patient:\n");
	if (!a->run || strcmp(a->run, run) != 0) {
		fprintf(a->w->out, "%s  %s:", a->run ? "\n" : "", run);
		free(a->run);
		a->run = die_strdup(run);
	}
	fprintf(a->w->out, " %s", stage);
}

static void print_again(struct work *w)
{
	struct error e = {0};
	struct again a = {.w = w};
	for (const char *const *runs = w->f->runs; *runs; runs++)
		if (runs_each(*runs, see_named, &a, &e) < 0)
			warn("%s; what must run again is not known in full", error_text(&e));
	fprintf(w->out, "%s", a.run ? "\n" : "");
	free(a.run);
}

void forget_patient(FILE *out, const struct forget *f)
{
	struct work w = {.f = f, .out = out, .removal = {out, f->is_delete, 0, 0}};
	struct lock *alone = NULL;

	if (f->is_delete) { /* before the entries: a stage that has let go of its lock has written its own */
		alone = lock_take(LOCK_ALONE, "store", &(const volatile bool){false});
		folder_each("locks", refuse_running, NULL);
	}
	w.lineage = lineage_gather(list_entries, (void *)f);
	w.holders = holders_find(f->patient, f->within, w.lineage);
	if (f->is_delete && w.holders->n_damaged)
		die("nothing was removed: mend what is damaged or unreadable first ('store fsck' names it)");
	if (f->is_delete) {
		publish_clean();
		note_forgotten(&w);
	}

	folder_each("arriving", drop_arriving, &w);
	if (w.holders->n) {
		drop_artifacts(&w);
		folder_each("damaged", drop_damaged, &w);
		folder_each("checkpoints", drop_checkpoint, &w);
		folder_each("pins", drop_pin, &w);
	} else {
		fprintf(out, "no artifact holds patient '%s'\n", f->patient);
	}
	if (w.holders->n || w.removal.n_files)
		removal_sum(&w.removal, "would be removed; --delete does it");
	lock_release(alone);
	if (w.holders->n) {
		print_sources(&w);
		print_again(&w);
	}
	holders_free(w.holders);
	lineage_close(w.lineage);
}
