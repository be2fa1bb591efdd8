/* Two stages for tests of the runner: `tiny` writes numbers, `twice` (-DTWICE) reads them
 * and doubles them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "store/stage.h"

#ifndef CODE_ID
#define CODE_ID "1111111111111111111111111111111111111111111111111111111111111111"
#endif
extern const char stage_code_id[65];
const char stage_code_id[65] = CODE_ID;

static const char *numerics(void)
{
	return getenv("TINY_NUMERICS") ? getenv("TINY_NUMERICS") : "tiny/1";
}

#ifdef TWICE
static const struct param params[] = {
	{"offset", PARAM_INT, .min = 0, .max = 1000, .otherwise = "0", .help = "added to each number"}, {0}};

static void run(struct stage_run *r)
{
	r->output = artifact_create("twice", 1);
	int t = artifact_table(r->output, "number");
	for (struct artifact_cursor *c = artifact_walk(r->input[0], "number"); artifact_next(c);) {
		int64_t x;
		memcpy(&x, c->value, sizeof x);
		x = 2 * x + params_int(r->params, "offset");
		artifact_put(r->output, t, c->key, c->key_bytes, &x, sizeof x);
	}
}

static const struct stage stage = {.name = "twice",
				   .purpose = "Double numbers",
				   .inputs = INPUTS("tiny"),
				   .kind = "twice",
				   .params = params,
				   .run = run,
				   .numerics = numerics};
#else
static void wait_for(const char *file, const volatile bool *is_interrupted)
{
	for (int ms = 0; access(file, F_OK) != 0 && !*is_interrupted; ms++) {
		if (ms > 120000)
			die("nobody makes the file %s", file);
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	}
}

/* Says that it is at work by the file <gate>.begun, and goes on when there is a file <gate>. */
static void pass_gate(const struct stage_run *r, const char *gate)
{
	if (!*gate)
		return;

	char *begun = die_printf("%s.begun", gate);
	FILE *f = fopen(begun, "w");
	if (!f || fclose(f))
		die("%s: cannot be made", begun);
	free(begun);

	wait_for(gate, r->is_interrupted);
	if (*r->is_interrupted && *params_text(r->params, "save")) /* what a training does before it stops */
		wait_for(params_text(r->params, "save"), &(const volatile bool){false});
}

static const struct param params[] = {
	{"count", PARAM_INT, .min = 0, .max = 1e9, .otherwise = "100", .help = "how many numbers"},
	{"value_bytes", PARAM_INT, .min = 8, .max = 1e6, .otherwise = "8", .help = "bytes of each value"},
	{"divisor", PARAM_INT, .min = 1, .max = 100, .otherwise = "1", .help = "numbers are i / divisor"},
	{"rate", PARAM_FLOAT, .min = 0, .max = 1, .otherwise = "0.1", .help = "kept as an attribute"},
	{"gate", PARAM_TEXT, .otherwise = "", .help = "wait until this file is there", .not_in_key = true},
	{"save", PARAM_TEXT, .otherwise = "", .help = "... and then, if interrupted, for this",
	 .not_in_key = true},
	{0}};

static void run(struct stage_run *r)
{
	static uint8_t value[1 << 20];
	int64_t n = params_int(r->params, "count"), n_bytes = params_int(r->params, "value_bytes");
	int64_t drift = getenv("TINY_DRIFT") ? atoi(getenv("TINY_DRIFT")) : 0; /* as no stage should */

	if (getenv("TINY_LOG")) { /* one byte per run */
		FILE *f = fopen(getenv("TINY_LOG"), "a");
		if (!f || fputc('x', f) == EOF || fclose(f))
			die("TINY_LOG");
	}

	r->output = artifact_create("numbers", 1);
	artifact_attribute(r->output, "rate", json_real(params_float(r->params, "rate")));
	int t = artifact_table(r->output, "number");
	if (getenv("TINY_NAMES")) { /* as somebody might who means harm */
		artifact_attribute(r->output, getenv("TINY_NAMES"), json_true());
		artifact_table(r->output, getenv("TINY_NAMES"));
	}
	pass_gate(r, params_text(r->params, "gate"));
	if (getenv("TINY_SAYS"))
		warn("writing %lld numbers", (long long)n);

	for (int64_t i = 0; i < n; i++) {
		int64_t x = i / params_int(r->params, "divisor") + drift;
		memcpy(value, &x, sizeof x);
		artifact_put(r->output, t, artifact_key((uint64_t)i).bytes, 8, value, (size_t)n_bytes);
	}
}

static void show(struct artifact *a)
{
	printf("%llu numbers\n%s", (unsigned long long)artifact_count(a, "number"),
	       getenv("TINY_SHOWS") ? getenv("TINY_SHOWS") : "");
}

static const struct stage stage = {.name = "tiny",
				   .purpose = "Write numbers",
				   .inputs = INPUTS(),
				   .kind = "numbers",
				   .params = params,
				   .run = run,
				   .numerics = numerics,
				   .show = show};
#endif

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
