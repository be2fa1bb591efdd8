/*
 * What tests/faults/model.sh walks through: three stores with two runs each and one remote, a folder. Of each
 * of a few actions and artifacts the state is a small number, so that what is expected and what is found can
 * be compared cell by cell.
 *
 *	struct world w = {0};
 *	int code = expect(&w, &op);          // w is now what must be there
 *	observe(&found);
 *	world_differ(text, &found, &w);      // "store 1: entry of mid 2.0 is 0 and not 1"
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/digest.h"

enum { STORES = 3, RUNS = 2, STAGES = 3, PATIENTS = 3, WAYS = 3 };
enum stage_index { ROOT, MID, LEAF };

/* Roots, of each MIDS mids, of each of these LEAVES leaves: `root 2`, `mid 2.1`, `leaf 2.1.0`. Actions have
 * artifacts of the same index, but for the leaves of mids 0, which are one artifact by two actions. */
enum { ROOTS = 4, MIDS = 2, LEAVES = 2 };
enum { FIRST_MID = ROOTS, FIRST_LEAF = FIRST_MID + ROOTS * MIDS, N = FIRST_LEAF + ROOTS * MIDS * LEAVES };
#define NONE (-1)

/* Ages are in days, of 86,401 seconds. NONE: there is no such file. */
struct run_state {
	int8_t id[STAGES];   /* artifact that <stage>.id names */
	int8_t note[STAGES]; /* that the store's note of the run names */
	int8_t note_age[STAGES];
};

struct store_state {
	int8_t object[N], trash[N]; /* ages since the last use of what lies there */
	int8_t since[N];	    /* age of what the trash says since when */
	int8_t entry[N];	    /* by action: 1 there is one */
	int8_t pin[N], forgotten[N];
	int8_t doubt[N]; /* by action: age of the note that the remote lacks what its entry names */
	struct run_state run[RUNS];
	int8_t n_left; /* files in tmp and locks, and objects that are none of these */
};

struct world {
	struct store_state store[STORES];
	int8_t header[N], manifest[N], entry[N]; /* of the remote: 1 there is one */
	int8_t n_left;				 /* files in its tmp */
};

void world_init(struct world *w);
/* How many cells differ; the first few as text, of at most n bytes. */
int world_differ(char *text, size_t n, const struct world *found, const struct world *expected);

/* ---- actions and artifacts ---- */

int artifact_index(int action);
enum stage_index stage_of(int action);
int input_of(int action); /* NONE: of roots */
int action_index(enum stage_index stage, int input, int number);
bool holds(int artifact, int patient); /* has rows of the patient */
const char *action_name(int action);

/* ---- steps ---- */

enum kind {
	/* by a process of its own, so several at once */
	MAKE,
	MAKE_SHARED, /* asks the remote before it runs */
	PUSH,
	PUSH_ALONE,
	PUSH_ALL,
	PULL,
	TAKE,
	GIVE,
	GC,
	GC_LIST,
	FORGET,
	FORGET_LIST,
	PIN,
	UNPIN,
	VERIFY,
	/* by the hand of a user */
	LOSE_OBJECT,
	LOSE_HEADER,
	LOSE_MANIFEST,
	LOSE_ENTRY,
	DROP_ID,
	DROP_RUN,
	ALLOW_AGAIN,
	DAY,
	KINDS
};
#define BY_HAND LOSE_OBJECT

struct op {
	enum kind kind;
	int store, run;
	enum stage_index stage;
	int number;	     /* of MAKE: the parameter; of GC: the grace time, in days */
	int action;	     /* or the artifact of that index */
	int patient, within; /* NONE: of all */
};

extern const char *const kind_names[KINDS];
void op_text(char *text, size_t n, const struct op *op);

/* The reference: what is there after the step. Returns its exit code. */
int expect(struct world *w, const struct op *op);

/* ---- the real ones, in the working folder: s0, s0-runs, ..., team ---- */

extern char ids[N][DIGEST_HEX], keys[N][DIGEST_HEX], places[N][DIGEST_HEX];

/* Make each once in a store of its own, to learn its id and key. */
void universe_learn(void);

void observe(struct world *w);

int perform(const struct op *op);	/* exit code; of VERIFY how many objects are not sound */
int perform_begin(const struct op *op); /* process id; not of what is done by hand */
int perform_end(int pid);		/* exit code; 128 and more: a signal */

#endif
