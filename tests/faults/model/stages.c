/* The three stages, tiny; with the store's own code around them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "store/stage.h"
#include "tests/faults/model/stages.h"
#include "tests/faults/model/world.h"

extern const char stage_code_id[65];
const char stage_code_id[65] = "2222222222222222222222222222222222222222222222222222222222222222";

enum { RECORDS = 3, VALUE_BYTES = 400 };

static const struct param params[] = {
	{"number", PARAM_INT, .min = 0, .max = 100, .otherwise = "0", .help = "which of them"}, {0}};

static const char *numerics(void)
{
	return "model/1";
}

/* Records that are in no other artifact. */
static void put_numbers(struct artifact_writer *w, int64_t seed)
{
	uint8_t value[VALUE_BYTES];
	int table = artifact_table(w, "number");
	for (uint64_t i = 0; i < RECORDS; i++) {
		memset(value, (int)i, sizeof value);
		memcpy(value, &seed, sizeof seed);
		artifact_put(w, table, artifact_key(i).bytes, 8, value, sizeof value);
	}
}

static int64_t seed_of(const struct artifact *a)
{
	int64_t seed;
	memcpy(&seed, artifact_get_record(a, "number", 0).bytes, sizeof seed);
	return seed;
}

static void put_patients(struct artifact_writer *w, const char *name, int artifact)
{
	char text[64];
	int table = artifact_table(w, name);
	for (int p = 0; p < PATIENTS; p++)
		if (holds(artifact, p)) {
			int n = snprintf(text, sizeof text, "{\"id\":\"%d\",\"patient\":\"P%d\"}", 70 + p, p);
			artifact_put(w, table, artifact_key((uint64_t)p).bytes, 8, text, (size_t)n);
		}
}

static void run_root(struct stage_run *r)
{
	int action = action_index(ROOT, NONE, (int)params_int(r->params, "number"));
	r->output = artifact_create("records", 1);
	put_numbers(r->output, action);
	put_patients(r->output, "subject", action);
}

static void run_mid(struct stage_run *r)
{
	int action = action_index(MID, (int)seed_of(r->input[0]), (int)params_int(r->params, "number"));
	r->output = artifact_create("mids", 1);
	put_numbers(r->output, action);
	put_patients(r->output, "origin", action);
}

static void run_leaf(struct stage_run *r)
{
	int action = action_index(LEAF, (int)seed_of(r->input[0]), (int)params_int(r->params, "number"));
	r->output = artifact_create("leaves", 1);
	put_numbers(r->output, artifact_index(action));
}

const struct stage stages[STAGES] = {{.name = "root",
				      .purpose = "Root",
				      .inputs = INPUTS(),
				      .kind = "records",
				      .params = params,
				      .run = run_root,
				      .numerics = numerics},
				     {.name = "mid",
				      .purpose = "Mid",
				      .inputs = INPUTS("root"),
				      .kind = "mids",
				      .params = params,
				      .run = run_mid,
				      .numerics = numerics},
				     {.name = "leaf",
				      .purpose = "Leaf",
				      .inputs = INPUTS("mid"),
				      .kind = "leaves",
				      .params = params,
				      .run = run_leaf,
				      .numerics = numerics}};
