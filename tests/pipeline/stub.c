/* A stage that costs nothing, for tests of pipeline.mk and the runner: its artifact says what it was made of.
 * pipeline.sh copies it to stages/<name>.c with NAME and READS replaced. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "store/digest.h"
#include "store/stage.h"

static json_t *identify(const struct params *p)
{
	struct error e = {0};
	char *bytes, hex[DIGEST_HEX];
	size_t n;
	if (!strcmp(params_text(p, "source"), "none"))
		return json_null();
	if (file_read(&bytes, &n, params_text(p, "source"), 1 << 20, &e) < 0)
		die("%s", error_text(&e));
	struct digest d = digest_of(bytes, n);
	digest_hex(hex, &d);
	free(bytes);
	return json_string(hex);
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

	for (int ms = 0; access(gate, F_OK) != 0 && !*r->is_interrupted; ms++) {
		if (ms > 120000)
			die("nobody opens the gate %s", gate);
		usleep(1000);
	}
}

static void run(struct stage_run *r)
{
	char text[4096];
	pass_gate(r, params_text(r->params, "gate"));
	if (params_bool(r->params, "fails"))
		die("told to fail");

	int n = snprintf(text, sizeof text, "NAME %g", params_float(r->params, "temperature"));
	if (!params_bool(r->params, "is_constant"))
		n += snprintf(text + n, sizeof text - (size_t)n, " %d %d", (int)params_int(r->params, "n"),
			      (int)params_int(r->params, "seed"));

	for (int i = 0; i < r->n_inputs && *params_text(r->params, "members"); i++)
		if (!r->input[i])
			die("%s was not made", r->input_name[i]);
	for (int i = 0; i < r->n_inputs; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, " %s",
			      r->input[i] ? artifact_id(r->input[i]) : "-");
	r->output = artifact_create("stub", 1);

	if (strcmp(params_text(r->params, "source"), "none")) {
		json_t *sha256 = identify(r->params);
		json_array_append_new(r->dependencies, json_pack("{s:{s:o}, s:s}", "digest", "sha256", sha256,
								 "name", "source:file"));
	}

	int table = artifact_table(r->output, "made");
	artifact_put(r->output, table, artifact_key(1).bytes, 8, text, (size_t)n);
}

/* As the real finetune: from scratch it reads nothing that was trained. As the real pretrain: it reads the
 * list of members where there are some. */
static bool needs(const struct params *p, int i)
{
	const char *const *inputs = INPUTS(READS);
	if (!inputs[i])
		return strcmp("NAME", "pretrain") != 0 || *params_text(p, "members");
	bool is_scratch = !strcmp(params_text(p, "from"), "scratch"), is_views = !strcmp(inputs[i], "views");
	if (strcmp("NAME", "finetune") || !strcmp(inputs[i], "preprocess"))
		return true;
	return is_views == is_scratch;
}

static void show(struct artifact *a)
{
	struct artifact_value v = artifact_get_record(a, "made", 1);
	printf("made of %.*s\n", (int)v.n_bytes, (const char *)v.bytes);
}

static const struct param params[] = {
	{"n", PARAM_INT, .unit = "Hz", .min = 1, .max = 1000, .otherwise = "1", .help = "a number"},
	{"seed", PARAM_INT, .min = 0, .max = 10000, .otherwise = "1", .help = "of what is drawn"},
	{"label_draw", PARAM_INT, .min = 0, .max = 10000, .otherwise = "1", .help = "which labels"},
	{"members", PARAM_TEXT, .otherwise = "", .help = "of pretrain: arms whose models it reads"},
	{"params", PARAM_TEXT, .otherwise = "", .help = "what the report is told"},
	{"set", PARAM_TEXT, .otherwise = "", .help = "... and this"},
	{"temperature", PARAM_FLOAT, .min = 0.01, .max = 10, .otherwise = "0.1", .help = "another"},
	{"is_constant", PARAM_BOOL, .otherwise = "false", .help = "leave n out of the artifact"},
	{"from", PARAM_CHOICE, .choices = "pretrained scratch", .otherwise = "pretrained",
	 .help = "which chain"},
	{"source", PARAM_PATH, .otherwise = "none", .help = "a file"},
	{"gate", PARAM_TEXT, .otherwise = "", .not_in_key = true, .help = "wait until this file is there"},
	{"fails", PARAM_BOOL, .otherwise = "false", .not_in_key = true, .help = "fail"},
	{0}};

static const char *numerics(void)
{
	return getenv("STUB_NUMERICS") ? getenv("STUB_NUMERICS") : "stub/1";
}

static const struct stage stage = {.name = "NAME",
				   .purpose = "Stand in for a stage",
				   .inputs = INPUTS(READS),
				   .kind = "stub",
				   .params = params,
				   .run = run,
				   .numerics = numerics,
				   .needs = needs,
				   .identify = identify,
				   .show = show,
				   .has_list = LISTED};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
