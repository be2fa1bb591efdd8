#include "store/pinning.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/printable.h"
#include "store/artifact.h"
#include "store/objects.h"
#include "store/pins.h"
#include "store/runs.h"

struct work {
	FILE *out;
	const char *name, *note;
	bool is_pin;
	size_t n;
	json_t *others; /* users that have pinned what this one has not */
};

struct asked {
	const char *id;
	json_t *users;
};

static void note_user(const struct pin *pin, void *context)
{
	const struct asked *a = context;
	if (!strcmp(pin->id, a->id))
		json_object_set_new(a->users, pin->user, json_true());
}

static void pin_one(struct work *w, const char *id, const char *what)
{
	if (w->is_pin && !artifact_exists(id))
		die("%s%.12s is not in the store, so it cannot be kept", what, id);
	if (w->is_pin)
		pins_add(id, w->note);
	else if (!pins_remove(id)) {
		pins_each(note_user, NULL, &(struct asked){id, w->others});
		return;
	}
	fprintf(w->out, "%s %.12s  %s\n", w->is_pin ? "pinned" : "unpinned", id, what);
	w->n++;
}

/* Of the run and its arms. */
static void pin_named(const char *run, const char *stage, const char *id, void *context)
{
	struct work *w = context;
	size_t n = strlen(w->name);
	if (strncmp(run, w->name, n) != 0 || (run[n] && run[n] != '/'))
		return;
	char *what = die_printf("%s/%s", run, stage);
	pin_one(w, id, what);
	free(what);
}

static _Noreturn void die_unpinned(const struct work *w)
{
	const char *user = json_object_iter_key(json_object_iter(w->others));
	size_t n = json_object_size(w->others);
	if (user)
		die("%s: pinned by %s%s, not by you: who has pinned it unpins it ('store pins' lists them)",
		    w->name, user, n > 1 ? " and others" : "");
	die("%s: there is no pin of it; 'store pins' lists them", w->name);
}

static void pin(struct work *w, const char *const *runs)
{
	struct error e = {0};
	char id[DIGEST_HEX];
	for (; *runs; runs++)
		if (runs_each(*runs, pin_named, w, &e) < 0)
			die("%s", error_text(&e));
	if (!w->n && !json_object_size(w->others)) {
		if (objects_resolve(id, w->name, &e) < 0)
			die("%s; nor is it a run that has something to pin", error_text(&e));
		pin_one(w, id, "");
	}
	if (!w->n)
		die_unpinned(w);
}

void pinning_add(FILE *out, const char *name, const char *const *runs, const char *note)
{
	struct work w = {out, name, note, true, 0, json_object()};
	pin(&w, runs);
	json_decref(w.others);
}

void pinning_remove(FILE *out, const char *name, const char *const *runs)
{
	struct work w = {out, name, "", false, 0, json_object()};
	pin(&w, runs);
	json_decref(w.others);
}

static void print_pin(const struct pin *p, void *context)
{
	char *line = die_printf("%.12s  %s  %-11s %s%s", p->id, p->time, p->user, p->note,
				artifact_exists(p->id) ? "" : "  (not in this store)");
	fprintf(context, "%s\n", printable(line));
	free(line);
}

void pinning_list(FILE *out)
{
	pins_each(print_pin, NULL, out);
}
