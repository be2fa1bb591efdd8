/* What each step must come to, as store/sweep.h, store/forget.h, docs/store.md and docs/sharing.md say it. */
#include <string.h>

#include "tests/faults/model/world.h"

enum { NOT_THERE = 3 };	 /* exit code of take */
enum { DOUBT_DAYS = 7 }; /* remote/kept.c, and gc */

static bool exists(const struct store_state *s, int artifact)
{
	return s->object[artifact] != NONE || s->trash[artifact] != NONE;
}

static void take_back(struct store_state *s, int artifact)
{
	if (s->trash[artifact] == NONE)
		return;
	s->object[artifact] = s->trash[artifact];
	s->trash[artifact] = s->since[artifact] = NONE;
}

static void touch(struct store_state *s, int artifact)
{
	take_back(s, artifact);
	if (s->object[artifact] != NONE)
		s->object[artifact] = 0;
}

/* ---- the remote ---- */

static void clean_doubts(struct store_state *s)
{
	for (int i = 0; i < N; i++)
		if (s->doubt[i] >= DOUBT_DAYS)
			s->doubt[i] = NONE;
}

/* 1, 0 not there, -1 */
static int pull(struct world *w, struct store_state *s, int artifact)
{
	if (exists(s, artifact)) {
		touch(s, artifact);
		return 1;
	}
	if (s->forgotten[artifact])
		return -1;
	if (!w->header[artifact])
		return 0;
	if (!w->manifest[artifact])
		return -1;
	s->object[artifact] = 0;
	return 1;
}

static int take(struct world *w, struct store_state *s, int action)
{
	int artifact = artifact_index(action);
	clean_doubts(s);
	if (!w->entry[action])
		return NOT_THERE;
	bool is_refused = !exists(s, artifact) && s->forgotten[artifact];
	int status = pull(w, s, artifact);
	if (!is_refused)
		s->doubt[action] = status == 1 ? NONE : 0;
	if (status == 1)
		s->entry[action] = 1;
	return status == 1 ? 0 : status == 0 ? NOT_THERE : 1;
}

static bool send(struct world *w, struct store_state *s, int artifact, bool is_checked)
{
	if (w->header[artifact] && !is_checked)
		return true;
	take_back(s, artifact);
	if (!exists(s, artifact))
		return false;
	w->header[artifact] = w->manifest[artifact] = 1;
	return true;
}

static int give(struct world *w, struct store_state *s, int action)
{
	clean_doubts(s);
	if (!s->entry[action] || !send(w, s, artifact_index(action), s->doubt[action] != NONE))
		return 1;
	s->doubt[action] = NONE;
	w->entry[action] = 1;
	return 0;
}

/* What is in the chain and neither in the store nor there is an error; what it was made of is sent all the
 * same. */
static int push(struct world *w, struct store_state *s, int artifact, const struct op *op)
{
	int status = 0;
	for (int a = 0; a < N && op->kind != PUSH_ALONE; a++)
		if (s->entry[a] && artifact_index(a) == artifact && input_of(a) != NONE) {
			status = push(w, s, input_of(a), op);
			break; /* all have one input */
		}
	if (!exists(s, artifact))
		return w->header[artifact] ? status : 1;
	send(w, s, artifact, op->kind == PUSH_ALL);
	for (int a = 0; a < N; a++)
		if (s->entry[a] && artifact_index(a) == artifact)
			w->entry[a] = 1;
	return status;
}

/* ---- stages ---- */

static int make(struct world *w, struct store_state *s, const struct op *op)
{
	struct run_state *run = &s->run[op->run];
	int input = op->stage == ROOT ? NONE : run->id[op->stage - 1];
	if (op->stage != ROOT && input == NONE)
		return 1;
	int action = action_index(op->stage, input, op->number), artifact = artifact_index(action);

	bool is_hit = s->entry[action] && exists(s, artifact);
	if (!is_hit && op->kind == MAKE_SHARED)
		is_hit = take(w, s, action) == 0;
	if (is_hit) {
		touch(s, artifact);
	} else {
		if (input != NONE)
			touch(s, input);
		if (input != NONE && !exists(s, input))
			return 1;
		s->object[artifact] = 0;
		s->entry[action] = 1;
	}
	run->id[op->stage] = run->note[op->stage] = (int8_t)artifact;
	run->note_age[op->stage] = 0;
	return 0;
}

/* ---- gc ---- */

static void keep(const struct store_state *s, bool needed[N], int artifact)
{
	if (needed[artifact])
		return;
	needed[artifact] = true;
	for (int a = 0; a < N; a++)
		if (s->entry[a] && artifact_index(a) == artifact && input_of(a) != NONE)
			keep(s, needed, input_of(a));
}

/* A note counts while the run's .id file is there, and for ten minutes before it is. */
static bool counts(const struct run_state *run, int stage)
{
	return run->note[stage] != NONE && (run->id[stage] != NONE || run->note_age[stage] == 0);
}

static void find_needed(const struct store_state *s, bool needed[N], int grace)
{
	for (int r = 0; r < RUNS; r++)
		for (int i = 0; i < STAGES; i++) {
			if (s->run[r].id[i] != NONE)
				keep(s, needed, s->run[r].id[i]);
			if (counts(&s->run[r], i))
				keep(s, needed, s->run[r].note[i]);
		}
	for (int i = 0; i < N; i++) {
		int used = s->object[i] != NONE ? s->object[i] : s->trash[i];
		if (s->pin[i] || (used != NONE && used < grace))
			keep(s, needed, i);
	}
}

static void drop_entries(struct store_state *s, int artifact)
{
	for (int a = 0; a < N; a++)
		if (artifact_index(a) == artifact)
			s->entry[a] = 0;
}

static void judge(struct store_state *s, int artifact, bool is_needed, int grace)
{
	if (!is_needed && s->object[artifact] != NONE) {
		s->trash[artifact] = s->object[artifact];
		s->object[artifact] = NONE;
		s->since[artifact] = 0;
	}
	if (s->trash[artifact] == NONE)
		return;
	if (is_needed) {
		take_back(s, artifact);
	} else if (s->since[artifact] >= grace) {
		s->trash[artifact] = s->since[artifact] = NONE;
		drop_entries(s, artifact);
	}
}

static void gc(struct store_state *s, int grace)
{
	bool needed[N] = {0};
	find_needed(s, needed, grace);
	for (int i = 0; i < N; i++)
		judge(s, i, needed[i], grace);
	for (int r = 0; r < RUNS; r++)
		for (int i = 0; i < STAGES; i++)
			if (!counts(&s->run[r], i))
				s->run[r].note[i] = s->run[r].note_age[i] = NONE;
	clean_doubts(s);
}

/* ---- forgetting ---- */

/* And what was made of them, as the entries say, whether it is there or not. */
static void add_made(const struct store_state *s, bool set[N])
{
	for (bool is_more = true; is_more;) {
		is_more = false;
		for (int a = 0; a < N; a++) {
			int artifact = artifact_index(a);
			if (s->entry[a] && !set[artifact] && input_of(a) != NONE && set[input_of(a)])
				set[artifact] = is_more = true;
		}
	}
}

static void forget(struct store_state *s, const struct op *op)
{
	bool limit[N] = {0}, set[N] = {0};
	if (op->within != NONE) {
		limit[op->within] = true;
		add_made(s, limit);
	}
	for (int i = 0; i < N; i++)
		if (exists(s, i) && (op->within == NONE || limit[i])) {
			take_back(s, i); /* it is read */
			set[i] = holds(i, op->patient);
		}
	add_made(s, set);
	if (op->kind == FORGET_LIST)
		return;
	memset(s->doubt, NONE, sizeof s->doubt);
	for (int i = 0; i < N; i++)
		if (set[i]) {
			s->object[i] = s->trash[i] = NONE;
			s->pin[i] = 0;
			s->forgotten[i] = 1;
			drop_entries(s, i);
		}
}

/* ---- by hand ---- */

static void age(int8_t *days)
{
	if (*days != NONE && *days < 100)
		++*days;
}

static void pass_day(struct store_state *s)
{
	for (int i = 0; i < N; i++) {
		age(&s->object[i]);
		age(&s->trash[i]);
		age(&s->since[i]);
		age(&s->doubt[i]);
	}
	for (int r = 0; r < RUNS; r++)
		for (int i = 0; i < STAGES; i++)
			age(&s->run[r].note_age[i]);
}

int expect(struct world *w, const struct op *op)
{
	struct store_state *s = &w->store[op->store];
	int artifact = op->action == NONE ? NONE : artifact_index(op->action);
	switch (op->kind) {
	case MAKE:
	case MAKE_SHARED:
		return make(w, s, op);
	case PUSH:
	case PUSH_ALONE:
	case PUSH_ALL:
		clean_doubts(s);
		return push(w, s, artifact, op);
	case PULL:
		clean_doubts(s);
		return pull(w, s, artifact) == 1 ? 0 : 1;
	case TAKE:
		return take(w, s, op->action);
	case GIVE:
		return give(w, s, op->action);
	case GC:
		gc(s, op->number);
		return 0;
	case GC_LIST:
		return 0;
	case FORGET:
	case FORGET_LIST:
		forget(s, op);
		return 0;
	case PIN:
	case UNPIN:
		s->pin[artifact] = op->kind == PIN;
		return 0;
	case VERIFY:
		for (int i = 0; i < N; i++)
			take_back(s, i);
		return 0;
	case LOSE_OBJECT:
		s->object[artifact] = NONE;
		return 0;
	case LOSE_HEADER:
		w->header[artifact] = 0;
		return 0;
	case LOSE_MANIFEST:
		w->manifest[artifact] = 0;
		return 0;
	case LOSE_ENTRY:
		w->entry[op->action] = 0;
		return 0;
	case DROP_ID:
		s->run[op->run].id[op->stage] = NONE;
		return 0;
	case DROP_RUN:
		memset(s->run[op->run].id, NONE, STAGES);
		return 0;
	case ALLOW_AGAIN:
		s->forgotten[artifact] = 0;
		return 0;
	case DAY:
		pass_day(s);
		return 0;
	default:
		return NONE;
	}
}
