#include "tests/faults/model/world.h"

#include <stdio.h>
#include <string.h>

void world_init(struct world *w)
{
	memset(w, NONE, sizeof *w);
	memset(w->entry, 0, sizeof w->entry);
	memset(w->header, 0, sizeof w->header);
	memset(w->manifest, 0, sizeof w->manifest);
	w->n_left = 0;
	for (int s = 0; s < STORES; s++) {
		struct store_state *t = &w->store[s];
		memset(t->entry, 0, sizeof t->entry);
		memset(t->pin, 0, sizeof t->pin);
		memset(t->forgotten, 0, sizeof t->forgotten);
		t->n_left = 0;
	}
}

/* ---- actions and artifacts ---- */

enum stage_index stage_of(int action)
{
	return action < FIRST_MID ? ROOT : action < FIRST_LEAF ? MID : LEAF;
}

static int number_of(int action)
{
	switch (stage_of(action)) {
	case ROOT:
		return action;
	case MID:
		return (action - FIRST_MID) % MIDS;
	default:
		return (action - FIRST_LEAF) % LEAVES;
	}
}

int input_of(int action)
{
	switch (stage_of(action)) {
	case ROOT:
		return NONE;
	case MID:
		return (action - FIRST_MID) / MIDS;
	default:
		return FIRST_MID + (action - FIRST_LEAF) / LEAVES;
	}
}

int action_index(enum stage_index stage, int input, int number)
{
	switch (stage) {
	case ROOT:
		return number;
	case MID:
		return FIRST_MID + input * MIDS + number;
	default:
		return FIRST_LEAF + (input - FIRST_MID) * LEAVES + number;
	}
}

int artifact_index(int action)
{
	bool is_same = stage_of(action) == LEAF && number_of(input_of(action)) == 0;
	return is_same ? action - number_of(action) : action;
}

/* Mids 1 and leaves do not say whose they are: that they were made of such says their entry alone. */
bool holds(int artifact, int patient)
{
	bool is_silent = stage_of(artifact) == LEAF || (stage_of(artifact) == MID && number_of(artifact));
	int root = stage_of(artifact) == MID ? input_of(artifact) : artifact;
	return !is_silent && (root == patient || (root == ROOTS - 1 && patient > 0));
}

const char *action_name(int action)
{
	static char names[4][24];
	static int turn;
	char *name = names[turn++ % 4];
	int in = action >= 0 ? input_of(action) : NONE;
	if (action < 0)
		snprintf(name, sizeof names[0], "none");
	else if (stage_of(action) == ROOT)
		snprintf(name, sizeof names[0], "root %d", action);
	else if (stage_of(action) == MID)
		snprintf(name, sizeof names[0], "mid %d.%d", in, number_of(action));
	else
		snprintf(name, sizeof names[0], "leaf %d.%d.%d", input_of(in), number_of(in),
			 number_of(action));
	return name;
}

/* ---- differences ---- */

struct report {
	char *text;
	size_t room;
	int n;
};

static void tell(struct report *r, const char *what, const char *of, int found, int expected)
{
	if (r->n++ < 8) {
		int used =
			snprintf(r->text, r->room, "%s of %s is %d and not %d\n", what, of, found, expected);
		size_t n = used < 0 ? 0 : (size_t)used < r->room ? (size_t)used : r->room - 1;
		r->text += n;
		r->room -= n;
	}
}

static void differ(struct report *r, const char *where, const char *what, const int8_t found[N],
		   const int8_t expected[N])
{
	char of[64];
	for (int i = 0; i < N; i++)
		if (found[i] != expected[i]) {
			snprintf(of, sizeof of, "%s in %s", action_name(i), where);
			tell(r, what, of, found[i], expected[i]);
		}
}

static void differ_run(struct report *r, const char *where, const struct run_state *found,
		       const struct run_state *expected)
{
	static const char *const stages[] = {"root", "mid", "leaf"};
	char of[64];
	for (int i = 0; i < STAGES; i++) {
		snprintf(of, sizeof of, "%s of %s", stages[i], where);
		if (found->id[i] != expected->id[i])
			tell(r, "id", of, found->id[i], expected->id[i]);
		if (found->note[i] != expected->note[i])
			tell(r, "note", of, found->note[i], expected->note[i]);
		if (found->note_age[i] != expected->note_age[i])
			tell(r, "age of the note", of, found->note_age[i], expected->note_age[i]);
	}
}

static void differ_store(struct report *r, const char *where, const struct store_state *found,
			 const struct store_state *expected)
{
	differ(r, where, "object", found->object, expected->object);
	differ(r, where, "trash", found->trash, expected->trash);
	differ(r, where, "since", found->since, expected->since);
	differ(r, where, "entry", found->entry, expected->entry);
	differ(r, where, "pin", found->pin, expected->pin);
	differ(r, where, "note of forgetting", found->forgotten, expected->forgotten);
	differ(r, where, "doubt", found->doubt, expected->doubt);
	if (found->n_left != expected->n_left)
		tell(r, "number of what is left", where, found->n_left, expected->n_left);
	for (int i = 0; i < RUNS; i++) {
		char run[40];
		snprintf(run, sizeof run, "run %d of %s", i, where);
		differ_run(r, run, &found->run[i], &expected->run[i]);
	}
}

int world_differ(char *text, size_t n, const struct world *found, const struct world *expected)
{
	struct report r = {text, n, 0};
	*text = 0;
	for (int s = 0; s < STORES; s++) {
		char where[24];
		snprintf(where, sizeof where, "store %d", s);
		differ_store(&r, where, &found->store[s], &expected->store[s]);
	}
	differ(&r, "the remote", "header", found->header, expected->header);
	differ(&r, "the remote", "manifest", found->manifest, expected->manifest);
	differ(&r, "the remote", "entry", found->entry, expected->entry);
	if (found->n_left != expected->n_left)
		tell(&r, "number of what is left", "the remote", found->n_left, expected->n_left);
	return r.n;
}

/* ---- steps ---- */

const char *const kind_names[KINDS] = {
	"make",		 "make shared", "push",	      "push alone",	"push all",	 "pull",
	"take",		 "give",	"gc",	      "gc list",	"forget",	 "forget list",
	"pin",		 "unpin",	"verify",     "lose an object", "lose a header", "lose a manifest",
	"lose an entry", "drop an id",	"drop a run", "allow again",	"a day"};

void op_text(char *text, size_t n, const struct op *op)
{
	static const char *const stages[] = {"root", "mid", "leaf"};
	const char *name = kind_names[op->kind];
	switch (op->kind) {
	case MAKE:
	case MAKE_SHARED:
		snprintf(text, n, "%s: store %d, run %d, %s %d", name, op->store, op->run, stages[op->stage],
			 op->number);
		break;
	case DROP_ID:
	case DROP_RUN:
		snprintf(text, n, "%s: store %d, run %d, %s", name, op->store, op->run, stages[op->stage]);
		break;
	case GC:
	case GC_LIST:
		snprintf(text, n, "%s: store %d, %d days", name, op->store, op->number);
		break;
	case FORGET:
	case FORGET_LIST:
		snprintf(text, n, "%s: store %d, patient %d, within %s", name, op->store, op->patient,
			 action_name(op->within));
		break;
	case VERIFY:
	case DAY:
		snprintf(text, n, "%s: store %d", name, op->store);
		break;
	default:
		snprintf(text, n, "%s: store %d, %s", name, op->store, action_name(op->action));
	}
}
