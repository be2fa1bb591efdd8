#include "store/needed.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/die.h"
#include "common/file.h"
#include "common/owner.h"
#include "common/printable.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/folder.h"
#include "store/lock.h"
#include "store/objects.h"
#include "store/pins.h"
#include "store/publish.h"
#include "store/roots.h"
#include "store/runs.h"

/* A lock of another host that nobody has touched for so long is nobody's. */
#define ABANDONED_S (30 * 86400.0)

/* What a running stage has just published no entry names yet. */
#define PUBLISHING_S 3600.0

enum { MAX_LOCK = 1 << 20 };

struct wanted {
	char id[DIGEST_HEX];
	char *why;
};

struct needed {
	struct wanted *list; /* by somebody; what these were made of comes later */
	size_t n, room;
	struct lineage *lineage;
	json_t *why;	 /* id -> text */
	json_t *running; /* keys */
	bool is_strict;
};

/* Something that may need anything cannot be read. */
static void refuse(const struct needed *n, const char *why)
{
	if (n->is_strict)
		die("%s; cannot tell what is needed: 'store fsck' says what to do", why);
	warn("%s; what it needs is not known", why);
}

static void want(struct needed *n, const char *id, const char *why)
{
	if (n->n == n->room) {
		n->room = 2 * n->room + 64;
		n->list = die_realloc(n->list, n->room * sizeof *n->list);
	}
	struct wanted *w = &n->list[n->n++];
	memcpy(w->id, id, DIGEST_HEX);
	w->why = printable(die_strdup(why)); /* names and notes of others */
}

/* ---- an artifact and what it was made of ---- */

struct keep {
	struct needed *n;
	const char *why;
};

static void keep_input(const char *name, const char *id, void *context);

static void keep(struct needed *n, const char *id, const char *why)
{
	if (json_object_get(n->why, id))
		return;
	json_t *text = json_string(why);
	json_object_set_new(n->why, id, text ? text : json_string("a run"));
	const struct lineage_entry *entry = lineage_find(n->lineage, id);
	struct keep k = {n, why};
	if (entry)
		lineage_inputs(entry, keep_input, &k);
}

static void keep_input(const char *name, const char *id, void *context)
{
	const struct keep *k = context;
	char *why = strncmp(k->why, "for ", 4) ? die_printf("for %s", k->why) : die_strdup(k->why);
	(void)name;
	keep(k->n, id, why);
	free(why);
}

/* ---- runs ---- */

static void want_named(const char *run, const char *stage, const char *id, void *context)
{
	char *why = die_printf("run %s/%s", run, stage);
	want(context, id, why);
	free(why);
}

static void want_runs(struct needed *n, const char *runs)
{
	struct error e = {0};
	if (runs_each(runs, want_named, n, &e) < 0)
		refuse(n, error_text(&e));
}

static void want_root(const struct root *root, void *context)
{
	if (!roots_counts(root))
		return;
	char *why = die_printf("run %s of %s, %s", root->stage, root->user, root->folder);
	want(context, root->id, why);
	if (*root->id_now)
		want(context, root->id_now, why);
	free(why);
}

static void want_pin(const struct pin *pin, void *context)
{
	char *why = die_printf("pin of %s%s%s", pin->user, *pin->note ? ": " : "", pin->note);
	want(context, pin->id, why);
	free(why);
}

static void refuse_note(const char *path, const struct error *e, void *context)
{
	(void)path;
	refuse(context, error_text(e));
}

/* ---- entries ---- */

struct listing {
	lineage_add *add;
	void *to;
	const struct needed *n;
};

static void add_entry(const struct action_entry *entry, void *context)
{
	const struct listing *l = context;
	l->add(entry, l->to);
}

/* Nobody knows what the artifact was made of. */
static void refuse_entry(const struct error *e, void *context)
{
	const struct listing *l = context;
	refuse(l->n, error_text(e));
}

static void list_entries(lineage_add *add, void *to, void *context)
{
	action_each(add_entry, refuse_entry, &(struct listing){add, to, context});
}

/* ---- stages that run ---- */

static bool is_running(const char *path, const char *text)
{
	struct stat s;
	char *first = die_printf("%.*s", (int)strcspn(text, "\n"), text);
	enum owner owner = owner_of(first);
	free(first);
	if (owner == OWNER_ELSEWHERE && lstat(path, &s) == 0)
		return difftime(time(NULL), s.st_mtime) < ABANDONED_S;
	return publish_is_held(path);
}

/* The lines behind the first are what the stage reads. */
static void want_lines(struct needed *n, const char *text)
{
	char id[DIGEST_HEX];
	struct digest d;
	for (const char *line = strchr(text, '\n'); line; line = strchr(line + 1, '\n')) {
		snprintf(id, sizeof id, "%s", line + 1);
		if (digest_parse(&d, id) == 0)
			want(n, id, "a running stage");
	}
}

static void want_running(const char *path, const char *name, void *context)
{
	struct needed *n = context;
	char *text = NULL;
	size_t n_bytes;
	if (!strcmp(name, LOCK_ALONE)) /* publishes nothing */
		return;
	if (file_read(&text, &n_bytes, path, MAX_LOCK, NULL) == 0 && is_running(path, text)) {
		json_object_set_new(n->running, name, json_true());
		want_lines(n, text);
	}
	free(text);
}

/* ---- what was used lately ---- */

static void want_recent(struct needed *n, double grace_s)
{
	char(*ids)[DIGEST_HEX];
	size_t n_ids = objects_list(&ids);
	if (json_object_size(n->running) && grace_s < PUBLISHING_S)
		grace_s = PUBLISHING_S;
	for (size_t i = 0; i < n_ids; i++)
		if (difftime(time(NULL), artifact_used(ids[i])) < grace_s)
			want(n, ids[i], "recent use");
	free(ids);
}

/* Locks before notes: who has let go of the one has left the other. Entries last: of all that is noted the
 * entry was there before. */
struct needed *needed_find(const char *const *runs, double grace_s, bool is_strict)
{
	struct needed *n = die_calloc(1, sizeof *n);
	n->why = json_object();
	n->running = json_object();
	n->is_strict = is_strict;
	folder_each("locks", want_running, n);
	for (; *runs; runs++)
		want_runs(n, *runs);
	roots_each(want_root, refuse_note, n);
	pins_each(want_pin, refuse_note, n);
	want_recent(n, grace_s);
	n->lineage = lineage_gather(list_entries, n);
	for (size_t i = 0; i < n->n; i++)
		keep(n, n->list[i].id, n->list[i].why);
	return n;
}

void needed_free(struct needed *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->list[i].why);
	free(n->list);
	lineage_close(n->lineage);
	json_decref(n->why);
	json_decref(n->running);
	free(n);
}

const char *needed_why(const struct needed *n, const char *id)
{
	return json_string_value(json_object_get(n->why, id));
}

bool needed_runs(const struct needed *n, const char *key)
{
	return json_object_get(n->running, key);
}

const struct lineage *needed_lineage(const struct needed *n)
{
	return n->lineage;
}
