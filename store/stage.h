/*
 * A stage: one small program that reads artifacts and writes one. The stage's file holds a descriptor and
 * run(); stage_main does all the rest in this order: T0, params slice and input ids, action key, cache, lock,
 * run, publish, action entry, .id, .stamp (docs/stages.md says why in this order).
 *
 *	static void run(struct stage_run *r) { ... r->output = artifact_create("signals", 1); ... }
 *	static const struct param params[] = {
 *		{"rate_hz", PARAM_INT, .unit = "Hz", .min = 50, .max = 1000, .otherwise = "100",
 *		 .help = "..."}, {0}};
 *	static const struct stage stage = {"preprocess", "Filter and resample records", INPUTS("fetch"),
 *					     "signals", params, run, contract_host};
 *	int main(int argc, char **argv) { return stage_main(&stage, argc, argv); }
 *
 * Command line of every stage: --build DIR (folder of the run: DIR/params/<stage>.json, DIR/<input>.id),
 * --cached (only look into the store), --explain, --describe (schema of its params as JSON), --help. Exit 0
 * done, 1 failed, 2 usage, 3 to 5 no hit (--cached; docs/stages.md), 128 + signal interrupted.
 */
#ifndef STORE_STAGE_H
#define STORE_STAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/params.h"
#include "store/artifact.h"

struct stage_run {
	const struct stage *stage;
	struct params *params; /* this stage's section, complete with defaults */
	/* opened in the order of stage->inputs, then of the list; NULL: could not be made */
	struct artifact **input;
	const char *const *input_name; /* as in stage->inputs, or as the list has them */
	const char *const *input_id;   /* "": could not be made */
	int n_inputs;
	const char *told; /* text of <build>/<stage>.told, if the stage has_told; "": there is none */
	struct artifact_writer *output; /* run() creates it; stage_main publishes it */
	/* NULL: alone. run() is called in all ranks; rank 0 alone has a result, speaks and
	 * keeps checkpoints. */
	struct team *team;
	const char *key;      /* action key, hex */
	const json_t *action; /* what it is the key of */
	char *checkpoint;     /* folder for this key's checkpoints, made on demand by stage_checkpoint() */
	json_t *dependencies; /* further in-toto resource descriptors (raw files), appended by run() */
	const volatile bool *is_interrupted; /* asked to stop (store/interrupt.h): checkpoint, return */
};

struct stage {
	const char *name;	    /* file = binary = params section = make target */
	const char *purpose;	    /* one line, for --help */
	const char *const *inputs;  /* names of the stages it reads, NULL-terminated */
	const char *kind;	    /* of the artifact it writes */
	const struct param *params; /* its section of the params file */
	void (*run)(struct stage_run *r);
	/* The numerics class it computes in, for the action key: ops_chosen_numerics if it computes with
	 * kernels/, which says what EINTHOVEN_DEVICE chooses; contract_host if it does not. */
	const char *(*numerics)(void);
	/* Optional: called before numerics with the params, which may choose the device and the class. True:
	 * a class that only the processes that compute can name, for it tells of their devices and number. */
	bool (*choose)(const struct params *params);
	/* Optional: whether with these params input i of `inputs` is read. One that is not need not be there:
	 * NULL for run(), null in the action. pipeline.mk must know it too, or it makes what nobody reads. If
	 * it has_list, the number of `inputs` stands for the list. */
	bool (*needs)(const struct params *params, int i);
	/* Optional: content that stands for PARAM_PATH params in the action key (a path itself is never in
	 * the key): a JSON value such as {"sha256":"..."}; new reference. */
	json_t *(*identify)(const struct params *params);
	/* Optional: after a hit or a run, print the result to stdout (a table); output is the
	 * published artifact. */
	void (*show)(struct artifact *output);
	/* Reads also what <build>/<stage>.inputs lists: lines "NAME FILE", FILE holding an id. A FILE that is
	 * not there is an input that could not be made: NULL for run(), null in the action. */
	bool has_list;
	/* run() opens what it reads by input_id, and closes it, as long lists cannot be open all at once:
	 * input is NULL. */
	bool opens_itself;
	/* Reads also <build>/<stage>.told: text that who calls it knows and no input has, such as which arms
	 * of a comparison failed. It is the "content" of the action; not beside identify. */
	bool has_told;
	/* After a hit or a run, the records of table `file` (name -> bytes) are written to <build>/<stage>/
	 * for people to open; the path of the first goes to stdout. */
	bool has_files;
	/* Optional: the file as it is written there, for what may be in no artifact (when it was made, from
	 * which commit): malloced, its length in *n_bytes, which comes as that of bytes. NULL: as it is. */
	char *(*put_out)(const struct artifact *output, const char *name, const void *bytes, size_t *n_bytes);
	/* After a hit or a run, store/export.h writes the artifact as <build>/<stage><suffix>, for people and
	 * other programs; the path goes to stdout. NULL: not. */
	const char *export_suffix;
	/* run() works in the processes of a team. Else several of them are an error. */
	bool has_team;
};

#define INPUTS(...)                                                                                          \
	(const char *const[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__ __VA_OPT__(, ) NULL                                                              \
	}

int stage_main(const struct stage *stage, int argc, char **argv);

/* The folder for checkpoints of this action (<store>/checkpoints/<key>), made if absent. Removed
 * after publishing. */
const char *stage_checkpoint(struct stage_run *r);

/* SHA-256 of the sources in this program's link (design: code identity); linked into each
 * stage by the build. */
extern const char stage_code_id[65];

#endif
