/* The auditor's command line: from a result back to the raw data, what holds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/evidence.h"
#include "audit/rederive.h"
#include "audit/settings.h"
#include "audit/sources.h"
#include "audit/table.h"
#include "audit/walk.h"
#include "common/args.h"
#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/artifact.h"
#include "store/objects.h"

static bool is_json, is_raw_skipped, is_rerun;
static const char *run_folder, *traces = "build/code", *programs = "build/bin", *place = "build/audit";
static const char **arms;

static const struct arg options[] = {
	{"run", "DIR", "a run: its furthest result is audited, its params are compared", .text = &run_folder},
	{"arm", "NAME", "of the run's arms this one's result; may repeat", .list = &arms},
	{"traces", "DIR", "what the stages of this build were linked from (build/code)", .text = &traces},
	{"no-raw", NULL, "do not read the raw data again", .flag = &is_raw_skipped},
	{"rerun", NULL, "also run all stages of the chain anew, in an empty store", .flag = &is_rerun},
	{"programs", "DIR", "the stages that are run anew (build/bin)", .text = &programs},
	{"place", "DIR", "where that is done (build/audit)", .text = &place},
	{"json", NULL, "print what was found as JSON", .flag = &is_json},
	{0}};

static const struct args args = {
	.purpose = "Walk from a result back to the raw data and verify each step",
	.synopsis = "audit [ID ...] [--run DIR [--arm NAME]] [--json]",
	.options = options,
	.example = "audit --run build/runs/default",
	.see_also = "docs/audit.md",
	.notes = "ID: an id, 4 or more of its first digits, or a file that holds it. Exit code 1 if anything "
		 "does not hold."};

/* The furthest that a run, or an arm of it, has come to. */
static const char *result_of(const struct settings *s, const char *arm)
{
	static const char *const order[] = {"report", "evaluate", "finetune", "probe",	    "predict",
					    "embed",  "pretrain", "views",    "preprocess", "fetch"};
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if (settings_id(s, arm, order[i]))
			return settings_id(s, arm, order[i]);
	die("%s%s%s has no result; 'make -f pipeline.mk probe' makes one", run_folder, arm ? "/arms/" : "",
	    arm ? arm : "");
}

static json_t *results(const struct settings *s, char **operands)
{
	json_t *ids = json_array();
	for (; *operands; operands++) {
		char id[DIGEST_HEX];
		struct error e = {0};
		if (objects_resolve(id, *operands, &e) < 0)
			die("%s", error_text(&e));
		json_array_append_new(ids, json_string(id));
	}
	if (json_array_size(ids))
		return ids;
	if (!s)
		die_usage("needs an ID, or --run DIR");
	for (size_t i = 0; arms && arms[i]; i++)
		json_array_append_new(ids, json_string(result_of(s, arms[i])));
	if (!arms)
		json_array_append_new(ids, json_string(result_of(s, NULL)));
	return ids;
}

static void print(const json_t *findings)
{
	if (is_json) {
		char *text = json_canonical(findings, NULL);
		puts(text);
		free(text);
	} else {
		table_print(stdout, findings);
	}
	if (fflush(stdout) || ferror(stdout))
		die("cannot write to stdout");
}

int main(int argc, char **argv)
{
	args_parse(argc, argv, &args);
	if (!file_exists(artifact_store_path()))
		die("%s: no store there; EINTHOVEN_STORE names it, the first stage makes it",
		    artifact_store_path());

	struct settings *s = run_folder ? settings_open(run_folder) : NULL;
	json_t *ids = results(s, argv);
	struct evidence *evidence = evidence_of_store();
	struct sources *sources = sources_open(traces);
	struct walk walk = {evidence, s, sources, !is_raw_skipped};
	json_t *findings = walk_chain(&walk, ids);
	print(findings);
	int status = !json_is_true(json_object_get(findings, "holds"));
	if (is_rerun) {
		int differs = rederive_chain(is_json ? stderr : stdout,
					     &(struct rederive){&walk, findings, programs, place});
		status = differs ? differs : status;
	}

	json_decref(findings);
	json_decref(ids);
	sources_close(sources);
	evidence_close(evidence);
	settings_close(s);
	free(arms);
	return status;
}
