/*
 * model STEPS SEED: walks at random and compares what is there with what the reference says, after each step.
 * Every fifth step is two or three at once: then each cell must be as after one of the orders in which they
 * may have been.
 *
 * Prints how often each kind of step was taken alone and how often it changed something; exit 1 at the first
 * difference, with the step and the seed. What the step itself said is in the file log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "tests/faults/model/world.h"
#include "tests/splitmix.h"

enum { AT_ONCE_OF = 5, VERIFY_EACH = 50, FILLING = 60, GRACE_MOST = 3, TEXT = 4096 };

static uint64_t state;
static struct world now;
static unsigned long taken[KINDS], changed[KINDS];
static unsigned long n_batches;

static int draw(int n)
{
	return (int)(splitmix(&state) % (uint64_t)n);
}

/* ---- choosing ---- */

static const int weights[KINDS] = {
	[MAKE] = 24,	   [MAKE_SHARED] = 10,	[PUSH] = 10,	  [PUSH_ALONE] = 3,
	[PUSH_ALL] = 3,	   [PULL] = 8,		[TAKE] = 8,	  [GIVE] = 5,
	[GC] = 10,	   [GC_LIST] = 1,	[FORGET] = 4,	  [FORGET_LIST] = 1,
	[PIN] = 3,	   [UNPIN] = 3,		[VERIFY] = 1,	  [LOSE_OBJECT] = 2,
	[LOSE_HEADER] = 2, [LOSE_MANIFEST] = 2, [LOSE_ENTRY] = 2, [DROP_ID] = 3,
	[DROP_RUN] = 2,	   [ALLOW_AGAIN] = 8,	[DAY] = 4};

static enum kind draw_kind(int n_kinds)
{
	int sum = 0, at, kind = 0;
	for (int i = 0; i < n_kinds; i++)
		sum += weights[i];
	at = draw(sum);
	while (at >= weights[kind])
		at -= weights[kind++];
	return (enum kind)kind;
}

/* Most times one that is there. */
static int draw_action(enum kind kind, int store)
{
	const struct store_state *s = &now.store[store];
	int a = draw(N);
	for (int tries = 0; tries < 20 && draw(5) > 0; tries++, a = draw(N)) {
		int artifact = artifact_index(a);
		bool is_here = s->object[artifact] != NONE || s->trash[artifact] != NONE;
		if (kind == ALLOW_AGAIN	  ? s->forgotten[artifact]
		    : kind == UNPIN	  ? s->pin[artifact]
		    : kind == PULL	  ? now.header[artifact] && !is_here
		    : kind == TAKE	  ? now.entry[a] && !is_here
		    : kind >= LOSE_HEADER ? now.header[artifact]
					  : is_here)
			break;
	}
	return a;
}

static void choose(struct op *op, int n_kinds)
{
	static const int n_of[STAGES] = {ROOTS, MIDS, LEAVES};
	*op = (struct op){.kind = draw_kind(n_kinds)};
	op->store = draw(STORES);
	op->run = draw(RUNS);
	op->stage = (enum stage_index)draw(STAGES);
	op->number = draw(op->kind == GC || op->kind == GC_LIST ? GRACE_MOST + 1 : n_of[op->stage]);
	op->action = draw_action(op->kind, op->store);
	op->patient = draw(PATIENTS);
	op->within = op->kind >= FORGET && op->kind <= FORGET_LIST && draw(2)
			     ? artifact_index(draw_action(op->kind, op->store))
			     : NONE;
}

/* ---- several at once ---- */

struct batch {
	struct op op[WAYS];
	int n, code[WAYS];
};

struct orders {
	struct world end[6];
	int code[6][WAYS];
	int n;
};

static void order(struct orders *o, const struct batch *b, const int *turn)
{
	o->end[o->n] = now;
	for (int i = 0; i < b->n; i++)
		o->code[o->n][turn[i]] = expect(&o->end[o->n], &b->op[turn[i]]);
	o->n++;
}

static void all_orders(struct orders *o, const struct batch *b)
{
	static const int turns[6][WAYS] = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1}, {2, 0, 1}, {1, 2, 0}, {2, 1, 0}};
	for (int i = 0; i < (b->n == 2 ? 2 : 6); i++)
		order(o, b, turns[i]);
}

static bool has(const struct batch *b, int store, enum kind from, enum kind to)
{
	for (int i = 0; i < b->n; i++)
		if (b->op[i].store == store && b->op[i].kind >= from && b->op[i].kind <= to)
			return true;
	return false;
}

/* Forget beside a stage that runs does nothing and says so (store/forget.h), which is no order of the two. */
static bool is_fair(const struct batch *b)
{
	for (int i = 0; i < b->n; i++)
		for (int k = 0; k < i; k++)
			if (b->op[i].kind <= MAKE_SHARED && b->op[k].kind <= MAKE_SHARED &&
			    b->op[i].store == b->op[k].store && b->op[i].run == b->op[k].run)
				return false; /* they would write each other's params */
	for (int s = 0; s < STORES; s++)
		if (has(b, s, FORGET, FORGET_LIST) && has(b, s, MAKE, MAKE_SHARED))
			return false;
	return true;
}

/* What cells may be beside what they are after one of the orders. */
enum leeway { NOTHING, WHAT_WAS_THERE, WHAT_WAS };

struct allowed {
	const struct orders *o;
	const struct world *found;
	enum leeway leeway;
};

/* Ages do not count, but what there is: 1 beside 0, an artifact beside NONE. */
static int content(int8_t cell, bool is_age)
{
	return is_age ? cell != NONE : cell;
}

/* at: of the cell in a world. */
static bool is_allowed(const struct allowed *x, size_t at, bool is_age)
{
	int found = content(((const int8_t *)x->found)[at], is_age);
	bool is = found == content(((const int8_t *)&now)[at], is_age) &&
		  (x->leeway == WHAT_WAS || (x->leeway == WHAT_WAS_THERE && found == 1));
	for (int i = 0; i < x->o->n && !is; i++)
		is = found == content(((const int8_t *)&x->o->end[i])[at], is_age);
	return is;
}

/* An object counts as there wherever it lies. */
static void join(struct world *w)
{
	for (int s = 0; s < STORES; s++)
		for (int i = 0; i < N; i++) {
			struct store_state *t = &w->store[s];
			if (t->object[i] == NONE)
				t->object[i] = t->trash[i];
		}
}

static int tell(const char *what, int index, size_t at)
{
	printf("# at once: %s of %s (cell %zu) is as after no order\n", what, action_name(index), at);
	return 1;
}

static int compare_cells(const struct allowed *x, const char *what, const int8_t *first, bool is_age)
{
	size_t at = (size_t)(first - (const int8_t *)x->found);
	int n = 0;
	for (int i = 0; i < N; i++)
		if (!is_allowed(x, at + (size_t)i, is_age))
			n += tell(what, i, at + (size_t)i);
	return n;
}

static int compare_run(const struct allowed *x, const struct run_state *run)
{
	size_t id = (size_t)((const int8_t *)run->id - (const int8_t *)x->found);
	size_t note = (size_t)((const int8_t *)run->note - (const int8_t *)x->found);
	int n = 0;
	for (size_t i = 0; i < STAGES; i++)
		if (!is_allowed(x, id + i, false) || !is_allowed(x, note + i, false))
			n += tell("a run's stage", (int)i, id + i);
	return n;
}

/* Beside others gc may keep what it alone would remove: they use it, or one with a longer grace time takes it
 * back. A sender whose object goes meanwhile fails. */
static int compare_batch(const struct batch *b, struct orders *o, struct world found)
{
	int n = 0;
	bool is_failed = false;
	struct world was = now;
	for (int i = 0; i < o->n; i++)
		join(&o->end[i]);
	join(&found);
	join(&now);
	for (int s = 0; s < STORES; s++) {
		const struct store_state *t = &found.store[s];
		struct allowed x = {o, &found, has(b, s, GC, GC) ? WHAT_WAS_THERE : NOTHING};
		n += compare_cells(&x, "the object", t->object, true);
		n += compare_cells(&x, "the entry", t->entry, false);
		x.leeway = NOTHING;
		n += compare_cells(&x, "the pin", t->pin, false);
		n += compare_cells(&x, "the note of forgetting", t->forgotten, false);
		n += compare_cells(&x, "the doubt", t->doubt, true);
		for (int r = 0; r < RUNS; r++)
			n += compare_run(&x, &t->run[r]);
		if (t->n_left)
			n += tell("what is left", s, 0);
	}
	for (int i = 0; i < b->n; i++)
		is_failed |= b->op[i].kind >= PUSH && b->op[i].kind <= GIVE && b->code[i] != 0;
	struct allowed x = {o, &found, is_failed ? WHAT_WAS : NOTHING};
	n += compare_cells(&x, "the remote's header", found.header, false);
	n += compare_cells(&x, "the remote's manifest", found.manifest, false);
	n += compare_cells(&x, "the remote's entry", found.entry, false);
	now = was;
	return n + (found.n_left != 0);
}

static int compare_codes(const struct batch *b, const struct orders *o)
{
	int n = 0;
	for (int k = 0; k < b->n; k++) {
		const struct op *op = &b->op[k];
		bool is_sender = (op->kind >= PUSH && op->kind <= PUSH_ALL) || op->kind == GIVE;
		bool is = is_sender && b->code[k] == 1 && has(b, op->store, GC, FORGET_LIST);
		for (int i = 0; i < o->n; i++)
			is |= o->code[i][k] == b->code[k];
		if (!is) {
			printf("# at once: the %d-th ends with %d, and after no order so\n", k + 1,
			       b->code[k]);
			n++;
		}
	}
	return n;
}

static int at_once(struct world *found)
{
	struct batch b = {.n = 2 + draw(2)};
	struct orders o = {0};
	int pids[WAYS];
	do {
		for (int i = 0; i < b.n; i++) {
			choose(&b.op[i], BY_HAND);
			if (i && draw(2))
				b.op[i].store = b.op[0].store;
		}
	} while (!is_fair(&b));
	all_orders(&o, &b);
	for (int i = 0; i < b.n; i++)
		pids[i] = perform_begin(&b.op[i]);
	for (int i = 0; i < b.n; i++)
		b.code[i] = perform_end(pids[i]);
	observe(found);
	n_batches++;

	int n = compare_codes(&b, &o) + compare_batch(&b, &o, *found);
	for (int i = 0; i < b.n && n; i++) {
		char text[96];
		op_text(text, sizeof text, &b.op[i]);
		printf("#   %s: exit %d\n", text, b.code[i]);
	}
	now = *found;
	return n;
}

/* ---- one step ---- */

static int one(struct world *found, int n_kinds)
{
	struct op op;
	char text[TEXT], name[96], unused[TEXT];
	choose(&op, n_kinds);
	struct world before = now;
	int code = expect(&now, &op), got = perform(&op);
	observe(found);
	int n = world_differ(text, sizeof text, found, &now);
	taken[op.kind]++;
	changed[op.kind] += world_differ(unused, sizeof unused, found, &before) > 0;
	if (n || got != code) {
		op_text(name, sizeof name, &op);
		printf("# %s: exit %d, expected %d\n%s", name, got, code, text);
	}
	return n + (got != code);
}

/* What is read comes back from the trash. */
static int verify_all(void)
{
	char text[TEXT];
	struct world found;
	int n = 0;
	for (int s = 0; s < STORES; s++) {
		expect(&now, &(struct op){.kind = VERIFY, .store = s, .action = NONE});
		n += perform(&(struct op){.kind = VERIFY, .store = s});
	}
	if (n)
		printf("# %d objects are not sound\n", n);
	observe(&found);
	n += world_differ(text, sizeof text, &found, &now);
	printf("%s", text);
	return n;
}

static void print_counts(long n_steps)
{
	printf("%ld steps, %lu of two or three at once\n", n_steps, n_batches);
	for (int i = 0; i < KINDS; i++)
		printf("%s: %lu, %lu changed something\n", kind_names[i], taken[i], changed[i]);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		die_usage("model STEPS SEED");
	long n_steps = atol(argv[1]);
	state = strtoull(argv[2], NULL, 10);
	mkdir("team", 0777);
	for (int s = 0; s < STORES; s++) {
		char folder[24];
		snprintf(folder, sizeof folder, "s%d-runs", s);
		mkdir(folder, 0777);
		snprintf(folder, sizeof folder, "s%d", s);
		mkdir(folder, 0777);
	}
	universe_learn();
	world_init(&now);
	for (long i = 1; i <= n_steps; i++) {
		struct world found;
		if (truncate("log", 0) < 0)
			die("log");
		int n = i <= FILLING	   ? one(&found, PUSH + 1) /* so that there is something */
			: draw(AT_ONCE_OF) ? one(&found, KINDS)
					   : at_once(&found);
		if (n == 0 && (i % VERIFY_EACH == 0 || i == n_steps))
			n = verify_all();
		if (n) {
			printf("# step %ld of seed %s\n", i, argv[2]);
			return 1;
		}
	}
	print_counts(n_steps);
	return 0;
}
