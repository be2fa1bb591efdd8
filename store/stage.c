#include "store/stage.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "common/args.h"
#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "common/label.h"
#include "common/schema.h"
#include "common/stamp.h"
#include "store/action.h"
#include "store/crew.h"
#include "store/errand.h"
#include "store/explain.h"
#include "store/folder.h"
#include "store/forgotten.h"
#include "store/interrupt.h"
#include "store/lock.h"
#include "store/outcome.h"
#include "store/provenance.h"
#include "store/publish.h"
#include "store/request.h"
#include "store/roots.h"
#include "store/signing.h"

#define MAX_KEY_DOCUMENT ((size_t)16 << 20)

/* Exit code of --cached when the stage would have to run; ERRAND_UNREACHABLE or ERRAND_FAILED if that is for
 * the remote. */
enum { EXIT_MISS = ERRAND_ABSENT };

/* Files that a stage has open beside its inputs, with room. */
enum { FILES_BESIDE = 64 };

/* ---- running ---- */

/* What the checkpoints are of: for who looks for those of an input (store/forget.h). */
static void note_action(const struct stage_run *r)
{
	size_t n;
	char *path = die_printf("%s/action.json", r->checkpoint), *text = json_canonical(r->action, &n);
	struct error e = {0};
	if (team_rank(r->team) == 0 && !file_exists(path) && file_replace(path, text, n, &e) < 0)
		die("%s", error_text(&e));
	free(text);
	free(path);
}

const char *stage_checkpoint(struct stage_run *r)
{
	if (!r->checkpoint) {
		r->checkpoint = die_printf("%s/checkpoints/%s", artifact_store_path(), r->key);
		publish_folder(r->checkpoint);
		note_action(r);
	}
	return r->checkpoint;
}

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *where)
{
	(void)s, (void)type, (void)where;
	return remove(path) < 0 && errno != ENOENT;
}

static void remove_checkpoint(const struct request *q)
{
	char *path = die_printf("%s/checkpoints/%s", artifact_store_path(), q->key);
	char *link = folder_link(path);
	if (!link && file_exists(path))
		nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(link);
	free(path);
}

/* In the lock before they are opened: gc keeps what a running stage reads. */
static void hold_inputs(struct lock *lock, const struct request *q)
{
	for (int i = 0; i < q->n_inputs; i++)
		if (*q->input[i].id) {
			lock_needs(lock, q->input[i].id);
			artifact_touch(q->input[i].id);
		}
}

/* A comparison of many arms and seeds has more files than shells allow by default. */
static void allow_files(int n)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)n + FILES_BESIDE;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void open_inputs(struct stage_run *r, const struct request *q)
{
	const char **names = die_calloc((size_t)q->n_inputs + 1, sizeof *names);
	const char **ids = die_calloc((size_t)q->n_inputs + 1, sizeof *ids);
	r->input_name = names;
	r->input_id = ids;
	r->n_inputs = q->n_inputs;
	for (int i = 0; i < q->n_inputs; i++) {
		names[i] = q->input[i].name;
		ids[i] = q->input[i].id;
	}
	if (q->stage->opens_itself)
		return;
	allow_files(q->n_inputs);
	r->input = die_calloc((size_t)q->n_inputs + 1, sizeof(struct artifact *));
	for (int i = 0; i < q->n_inputs; i++)
		r->input[i] = *ids[i] ? artifact_open(ids[i], NULL) : NULL;
}

static void release_run(struct stage_run *r)
{
	for (int i = 0; r->input && i < r->n_inputs; i++)
		artifact_close(r->input[i]);
	free(r->input);
	free((void *)r->input_name);
	free((void *)r->input_id);
	json_decref(r->dependencies);
	free(r->checkpoint);
}

/* Object first, then the entry that names it: a reader who finds the entry finds the object. */
static void publish(struct request *q, struct stage_run *r, struct timespec started)
{
	struct provenance p = {q->key,		q->id,	 q->action, params_json(q->params),
			       r->dependencies, started, {0}};
	if (!r->output)
		BUG("run() made no output");
	artifact_publish(r->output, q->id);
	if (forgotten_has(q->id, NULL))
		warn("artifact %.12s was removed for a patient ('store forget') and is made again: the raw "
		     "data "
		     "still hold that patient",
		     q->id);
	clock_gettime(CLOCK_REALTIME, &p.finished);
	json_t *statement = provenance_statement(&p);
	action_record(q->key, q->id, statement);
	json_decref(statement);
	roots_note(q->build, q->stage->name, q->id);
}

static void run(struct request *q, struct team *team)
{
	struct stage_run r = {.stage = q->stage,
			      .params = q->params,
			      .team = team,
			      .key = q->key,
			      .action = q->action,
			      .told = q->told ? q->told : "",
			      .dependencies = json_array(),
			      .is_interrupted = interrupt_flag()};
	struct timespec started;
	clock_gettime(CLOCK_REALTIME, &started);
	open_inputs(&r, q);
	q->stage->run(&r);

	if (team_any(team, *interrupt_flag()))
		crew_stop(team);
	if (team_rank(team) == 0)
		publish(q, &r, started);
	else
		artifact_abandon(r.output);
	release_run(&r);
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* What other hosts have done to the folder of this id or key (store/folder.h). */
static void refresh(const char *folder, const char *name)
{
	char *inner = die_printf("%s/%.2s", folder, name);
	folder_refresh(inner);
	free(inner);
}

/* A hit counts once it is noted that this run uses the object, and the object is in its place: so gc, which
 * looks at the notes after it has moved an object, never removes what was hit (store/sweep.h). */
static bool find_hit(struct request *q)
{
	if (!action_find(q->key, q->id))
		return false;
	roots_note(q->build, q->stage->name, q->id);
	refresh("objects", q->id);
	folder_refresh("trash");
	artifact_touch(q->id);
	return artifact_exists(q->id);
}

/* The same for one that the remote has. A team's first rank has been told before it was launched. */
static bool find_shared(struct request *q, const struct team *team, int *outcome)
{
	*outcome = team_size(team) == 1 ? errand_take(q->key, interrupt_flag()) : ERRAND_ABSENT;
	q->is_pulled = *outcome == 0 && find_hit(q);
	if (*outcome == 0 && !q->is_pulled)
		*outcome = ERRAND_FAILED;
	return q->is_pulled;
}

/* Run, once however many processes ask: true if another has done it meanwhile. */
static bool run_once(struct request *q, struct team *team)
{
	struct lock *lock = NULL;
	bool is_cached = false;
	int unused;
	if (team_rank(team) == 0) {
		publish_check();
		interrupt_catch(q->stage->name);
		lock = lock_take(q->key, q->stage->name, interrupt_flag());
		if (!lock)
			interrupt_stop();
		refresh("actions", q->key);
		is_cached = find_hit(q) || find_shared(q, team, &unused);
		if (*interrupt_flag())
			interrupt_stop();
		if (!is_cached)
			signing_check(q->stage->name);
	}
	is_cached = crew_told(team, is_cached);
	if (!is_cached)
		hold_inputs(lock, q);
	if (!is_cached)
		run(q, team);
	lock_release(lock);
	return is_cached;
}

/* Fill q->id from the cache or by running; or exit, if only a hit is wanted. */
static void obtain(struct request *q, struct team *team, bool is_hit_only)
{
	double start_s = seconds();
	publish_clean();
	int outcome = EXIT_MISS;
	bool is_cached = find_hit(q) || (is_hit_only && find_shared(q, NULL, &outcome));
	if (!is_cached && is_hit_only)
		exit(outcome);
	is_cached = crew_told(team, is_cached);
	if (!is_cached)
		is_cached = run_once(q, team);
	team_leave(team);

	remove_checkpoint(q); /* also one that a kill after publishing has left */
	if (is_cached)
		fprintf(stderr, "%s%s: %s %.12s\n", label_text(), q->stage->name,
			q->is_pulled ? "pulled" : "cached", q->id);
	else
		fprintf(stderr, "%s%s: ran in %.1f s -> %.12s\n", label_text(), q->stage->name,
			seconds() - start_s, q->id);
	if (!is_cached)
		errand_give(q->key, interrupt_flag());
}

static void lead(struct request *q, struct team *team, bool is_hit_only)
{
	struct stamp t0;
	outcome_begin(&t0, q);
	request_read(q, false);
	crew_agree(team, q->key);
	obtain(q, team, is_hit_only);
	outcome_leave(q, &t0);
}

/* Other ranks of a team than the first read the same and run; the rest is the first one's. */
static void follow(struct request *q, struct team *team)
{
	request_read(q, false);
	crew_agree(team, q->key);
	if (!crew_told(team, false))
		run_once(q, team);
	team_leave(team);
}

/* Before a launcher is started for what is not in the store. */
static void leave_to_launched(struct request *q)
{
	if (!request_is_local(q))
		return;
	fprintf(stderr, "%s%s: numerics: %s: the processes that are launched look into the store\n",
		label_text(), q->stage->name, params_text(q->params, "numerics"));
	exit(EXIT_MISS);
}

/* <build>/<stage>.failed holds why the last run of this stage in this folder came to nothing. */
static void make(struct request *q, bool is_hit_only)
{
	folder_refuse_links();
	char *failed = request_file(q, ".failed");
	if (!is_hit_only)
		die_record(failed);
	struct team *team = is_hit_only ? NULL : crew_join(q->stage);
	bool is_first = team_rank(team) == 0;
	if (is_first)
		lead(q, team, is_hit_only);
	else
		follow(q, team);
	die_record(NULL);
	if (is_first)
		remove(failed);
	free(failed);
}

/* ---- explaining ---- */

/* The action of the last run in this folder; NULL: none. */
static json_t *last_action(const struct request *q)
{
	char *text = NULL, *path = request_file(q, ".key.json");
	size_t n;
	json_t *action = NULL;
	if (file_read(&text, &n, path, MAX_KEY_DOCUMENT, NULL) == 0)
		action = json_read(text, n, path, NULL);
	free(text);
	free(path);
	return action;
}

static bool has_artifact(struct request *q)
{
	char *path = request_file(q, ".id");
	bool has = request_read_id(q->id, path, NULL) == 0 && artifact_exists(q->id);
	free(path);
	return has;
}

static void explain(struct request *q)
{
	char *prefix = die_printf("%s: ", q->stage->name);
	json_t *before = last_action(q);
	request_read(q, true);
	if (!before)
		printf("%snever run\n", prefix);
	else if (!explain_difference(stdout, prefix, before, q->action))
		printf("%s%s\n", prefix, has_artifact(q) ? "up to date" : "its artifact is gone");
	json_decref(before);
	free(prefix);
}

/* ---- the command ---- */

static void describe(const struct stage *stage)
{
	json_t *table = params_describe(stage->params);
	char *text = json_canonical(table, NULL);
	puts(text);
	free(text);
	json_decref(table);
}

int stage_main(const struct stage *stage, int argc, char **argv)
{
	struct request q = {.stage = stage};
	bool is_hit_only = false, is_launched = false, is_explain = false, is_describe = false;
	const struct arg options[] = {
		{"build", "DIR", "folder of the run: DIR/params, DIR/*.id", .text = &q.build},
		{"cached", NULL,
		 "take the result if it is in the store or the remote, else exit 3 (4: the remote is not "
		 "there; 5: what it has was not taken) and do nothing",
		 .flag = &is_hit_only},
		{"launched", NULL,
		 "with --cached: a launcher would start it; what only its processes can look for is left "
		 "to them",
		 .flag = &is_launched},
		{"explain", NULL, "print what differs from the last run and do nothing", .flag = &is_explain},
		{"describe", NULL, "print the parameters of this stage as JSON", .flag = &is_describe},
		{0}};
	char *synopsis =
		die_printf("%s --build DIR [--cached [--launched] | --explain] | --describe", stage->name);
	char *example = die_printf("make -f pipeline.mk %s", stage->name);
	char *notes = schema_help(stage->params, stage->name);

	argc = args_parse(
		argc, argv,
		&(struct args){stage->purpose, synopsis, options, example, "docs/stages.md", notes});
	die_program(stage->name);
	if (argc > 0)
		die_usage("takes no operand, got '%s'", argv[0]);
	if (!is_describe && !q.build)
		die_usage("needs --build DIR");
	if (is_launched && !is_hit_only)
		die_usage("--launched is for --cached");

	if (is_launched)
		leave_to_launched(&q);
	if (is_describe)
		describe(stage);
	else if (is_explain)
		explain(&q);
	else
		make(&q, is_hit_only);

	free(synopsis);
	free(example);
	free(notes);
	request_release(&q);

	return 0;
}
