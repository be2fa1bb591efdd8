/* The auditor's command line: from a result back to the raw data, what holds; and the bundle of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/bundle.h"
#include "audit/evidence.h"
#include "audit/rederive.h"
#include "audit/settings.h"
#include "audit/sources.h"
#include "audit/stages.h"
#include "audit/table.h"
#include "audit/walk.h"
#include "common/args.h"
#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/artifact.h"
#include "store/folder.h"
#include "store/objects.h"
#include "store/signing.h"

static bool is_json, is_raw_skipped, is_rerun, is_whole;
static const char *run_folder, *traces = "build/code", *programs = "build/bin", *place = "build/audit";
static const char *bundle_path, *command;
static const char **arms, **params;

static const struct arg options[] = {
	{"run", "DIR", "a run: its furthest result is audited, its params are compared", .text = &run_folder},
	{"arm", "NAME", "of the run's arms this one's result; may repeat", .list = &arms},
	{"traces", "DIR", "what the stages of this build were linked from (build/code)", .text = &traces},
	{"no-raw", NULL, "do not read the raw data again", .flag = &is_raw_skipped},
	{"rerun", NULL, "also run all stages of the chain anew, in an empty store", .flag = &is_rerun},
	{"programs", "DIR", "the stages that are run anew, or asked what raw data is (build/bin)",
	 .text = &programs},
	{"place", "DIR", "where that is done (build/audit)", .text = &place},
	{"bundle", "FILE", "write FILE.tar for a reader who has no store", .text = &bundle_path},
	{"params", "FILE", "bundle: params that were given; may repeat", .list = &params},
	{"command", "TEXT", "bundle: what makes the result again", .text = &command},
	{"whole", NULL, "bundle: also pages that draw signals of patients", .flag = &is_whole},
	{"json", NULL, "print what was found as JSON", .flag = &is_json},
	{0}};

static const struct args args = {
	.purpose = "Walk from a result back to the raw data and verify each step",
	.synopsis = "audit [ID ...] [--run DIR [--arm NAME]] [--rerun] [--json] [--bundle FILE.tar]\n"
		    "       audit FILE.tar ...",
	.options = options,
	.example = "audit --run build/runs/default",
	.see_also = "docs/audit.md",
	.notes = "ID: an id, 4 or more of its first digits, or a file that holds it. FILE.tar: a bundle. "
		 "Exit\n"
		 "code 1 if anything does not hold."};

/* The furthest that a run, or an arm of it, has come to. */
static const char *result_of(const struct settings *s, const char *arm)
{
	for (const char *const *stage = stages; *stage; stage++)
		if (settings_id(s, arm, *stage))
			return settings_id(s, arm, *stage);
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

/* Returns whether all holds. */
static bool print(const json_t *findings)
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
	return json_is_true(json_object_get(findings, "holds"));
}

/* Exit code. */
static int audit_bundles(char **paths)
{
	int status = 0;
	struct sources *sources = file_exists("stages") ? sources_open(traces) : NULL;
	for (; *paths; paths++) {
		struct error e = {0};
		json_t *findings = bundle_findings(*paths, sources, &e);
		if (!findings)
			die("%s", error_text(&e));
		status |= !print(findings);
		json_decref(findings);
	}
	sources_close(sources);
	return status;
}

static void write_bundle(const struct walk *walk, const json_t *findings)
{
	struct error e = {0};
	struct bundle_content c = {.walk = walk,
				   .findings = findings,
				   .params = params,
				   .trust = signing_policy_path(),
				   .command = command,
				   .is_whole = is_whole};
	if (!bundle_is_name(bundle_path))
		die_usage("--bundle needs a name that ends in .tar, got '%s'", bundle_path);
	if (bundle_write(bundle_path, &c, &e) < 0)
		die("%s", error_text(&e));
	fprintf(stderr, "audit: wrote %s\n", bundle_path);
}

static int audit_store(char **operands)
{
	if (!file_exists(artifact_store_path()))
		die("%s: no store there; EINTHOVEN_STORE names it, the first stage makes it",
		    artifact_store_path());

	folder_refuse_links();
	struct settings *s = run_folder ? settings_open(run_folder) : NULL;
	json_t *ids = results(s, operands);
	struct evidence *evidence = evidence_of_store();
	struct sources *sources = sources_open(traces);
	struct walk walk = {evidence, s, sources, !is_raw_skipped, programs};
	json_t *findings = walk_chain(&walk, ids);
	int status = !print(findings), differs = 0;

	if (is_rerun)
		differs = rederive_chain(is_json ? stderr : stdout,
					 &(struct rederive){&walk, findings, programs, place});
	if (bundle_path) {
		write_bundle(&walk, findings);
		status = 0; /* other code and params than here the reader sees himself */
	}
	status = differs ? differs : status;

	json_decref(findings);
	json_decref(ids);
	sources_close(sources);
	evidence_close(evidence);
	settings_close(s);
	return status;
}

int main(int argc, char **argv)
{
	argc = args_parse(argc, argv, &args);
	int status = argc && bundle_is_name(argv[0]) ? audit_bundles(argv) : audit_store(argv);
	free(arms);
	free(params);
	return status;
}
