#include "store/stage.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/args.h"
#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "common/schema.h"
#include "common/stamp.h"
#include "store/action.h"
#include "store/crew.h"
#include "store/explain.h"
#include "store/interrupt.h"
#include "store/lock.h"
#include "store/provenance.h"
#include "store/publish.h"

#define MAX_LIST	 ((size_t)1 << 20)
#define MAX_KEY_DOCUMENT ((size_t)16 << 20)

struct input {
	char *name;
	char id[DIGEST_HEX]; /* "": could not be made */
};

/* What one call of stage_main works with. */
struct job {
	const struct stage *stage;
	const char *build;
	struct params *params;
	struct input *input;
	int n_inputs;
	json_t *action;
	char key[DIGEST_HEX];
	char id[DIGEST_HEX]; /* the result */
};

/* ---- reading what decides the result ---- */

/* <build>/<stage><suffix>; yours to free. */
static char *run_file(const struct job *j, const char *stage, const char *suffix)
{
	return die_printf("%s/%s%s", j->build, stage, suffix);
}

/* The one line of an .id file. 0, or -1 with e filled. */
static int read_id(char id[DIGEST_HEX], const char *path, struct error *e)
{
	char *text;
	size_t n;
	struct digest d;
	if (file_read(&text, &n, path, 1 << 10, e) < 0)
		return -1;
	if (n && text[n - 1] == '\n')
		text[--n] = 0;
	int status = n == DIGEST_HEX - 1 && digest_parse(&d, text) == 0 ? 0 : -1;
	if (status == 0)
		memcpy(id, text, DIGEST_HEX);
	free(text);
	return status < 0
		       ? error_set(e, path, 0, "expected one line of 64 hex digits; remove it and run again")
		       : 0;
}

static void read_params(struct job *j)
{
	struct error e = {0};
	char *path = die_printf("%s/params/%s.json", j->build, j->stage->name);
	if (!file_exists(path))
		die("%s is not there; run 'make -f pipeline.mk %s'", path, j->stage->name);
	j->params = params_open(path, j->stage->params, &e);
	if (!j->params)
		die("%s", error_text(&e));
	free(path);
}

static struct input *add_input(struct job *j, const char *name)
{
	j->input = die_realloc(j->input, ((size_t)j->n_inputs + 1) * sizeof *j->input);
	j->input[j->n_inputs] = (struct input){.name = die_strdup(name)};
	return &j->input[j->n_inputs++];
}

/* One line of the list: "NAME FILE". */
static void read_listed(struct job *j, char *line, const char *list)
{
	struct error e = {0};
	char *blank = strchr(line, ' ');
	if (!blank || blank == line || strchr(blank + 1, ' '))
		die("%s: expected lines of a name and a file, got '%.80s'", list, line);
	*blank = 0;
	struct input *in = add_input(j, line);
	if (file_exists(blank + 1) && read_id(in->id, blank + 1, &e) < 0)
		die("%s", error_text(&e));
}

/* <build>/<stage>.inputs, which pipeline.mk writes for stages that read any number of others. */
static void read_list(struct job *j)
{
	struct error e = {0};
	char *path = run_file(j, j->stage->name, ".inputs"), *text = NULL, *rest = NULL;
	size_t n;
	if (file_read(&text, &n, path, MAX_LIST, &e) < 0)
		die("%s; run 'make -f pipeline.mk %s' to make it", error_text(&e), j->stage->name);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		read_listed(j, line, path);
	free(text);
	free(path);
}

/* The inputs the stage names. One that was not made yet: die, or leave it empty if may_lack. */
static void read_named(struct job *j, bool may_lack)
{
	for (int i = 0; j->stage->inputs[i]; i++) {
		struct error e = {0};
		const char *name = j->stage->inputs[i];
		if (j->stage->needs && !j->stage->needs(j->params, i)) {
			add_input(j, name);
			continue;
		}
		char *path = run_file(j, name, ".id");
		if (read_id(add_input(j, name)->id, path, &e) < 0 && !may_lack)
			die("%s; run 'make -f pipeline.mk %s' to make it", error_text(&e), name);
		free(path);
	}
}

/* The ids of the inputs as JSON, null for one that there is not. */
static json_t *read_inputs(struct job *j, bool may_lack)
{
	json_t *ids = json_object();
	read_named(j, may_lack);
	if (j->stage->has_list)
		read_list(j);
	for (int i = 0; i < j->n_inputs; i++) {
		const struct input *in = &j->input[i];
		if (json_object_get(ids, in->name))
			die("%s: two inputs are called %s", j->stage->name, in->name);
		json_object_set_new(ids, in->name, *in->id ? json_string(in->id) : json_null());
	}
	return ids;
}

static void read_action(struct job *j, bool may_lack)
{
	const struct stage *s = j->stage;
	read_params(j);
	json_t *inputs = read_inputs(j, may_lack);
	j->action = action_new(s->name, s->kind, stage_code_id, params_key(j->params), inputs,
			       s->identify ? s->identify(j->params) : NULL);
	action_key(j->key, j->action);
}

/* ---- running ---- */

const char *stage_checkpoint(struct stage_run *r)
{
	if (!r->checkpoint) {
		r->checkpoint = die_printf("%s/checkpoints/%s", artifact_store_path(), r->key);
		publish_folder(r->checkpoint);
	}
	return r->checkpoint;
}

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *where)
{
	(void)s, (void)type, (void)where;
	return remove(path) < 0 && errno != ENOENT;
}

static void remove_checkpoint(const struct job *j)
{
	char *path = die_printf("%s/checkpoints/%s", artifact_store_path(), j->key);
	if (file_exists(path))
		nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(path);
}

static void open_inputs(struct stage_run *r, const struct job *j)
{
	const char **names = die_calloc((size_t)j->n_inputs + 1, sizeof *names);
	r->input = die_calloc((size_t)j->n_inputs + 1, sizeof(struct artifact *));
	r->input_name = names;
	r->n_inputs = j->n_inputs;
	for (int i = 0; i < j->n_inputs; i++) {
		names[i] = j->input[i].name;
		r->input[i] = *j->input[i].id ? artifact_open(j->input[i].id, NULL) : NULL;
	}
}

static void release_run(struct stage_run *r)
{
	for (int i = 0; i < r->n_inputs; i++)
		artifact_close(r->input[i]);
	free(r->input);
	free((void *)r->input_name);
	json_decref(r->dependencies);
	free(r->checkpoint);
}

/* Object first, then the entry that names it: a reader who finds the entry finds the object. */
static void publish(struct job *j, struct stage_run *r, struct timespec started)
{
	struct provenance p = {j->key,		j->id,	 j->action, params_json(j->params),
			       r->dependencies, started, {0}};
	if (!r->output)
		BUG("run() made no output");
	artifact_publish(r->output, j->id);
	clock_gettime(CLOCK_REALTIME, &p.finished);
	json_t *statement = provenance_statement(&p);
	action_record(j->key, j->id, statement);
	json_decref(statement);
}

static void run(struct job *j, struct team *team)
{
	struct stage_run r = {.stage = j->stage,
			      .params = j->params,
			      .team = team,
			      .key = j->key,
			      .dependencies = json_array(),
			      .is_interrupted = interrupt_flag()};
	struct timespec started;
	clock_gettime(CLOCK_REALTIME, &started);
	open_inputs(&r, j);
	j->stage->run(&r);
	if (team_any(team, *interrupt_flag()))
		crew_stop(team);
	if (team_rank(team) == 0)
		publish(j, &r, started);
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

/* Run, once however many processes ask: true if another has done it meanwhile. */
static bool run_once(struct job *j, struct team *team)
{
	struct lock *lock = NULL;
	bool is_cached = false;
	if (team_rank(team) == 0) {
		interrupt_catch(j->stage->name);
		lock = lock_take(j->key, j->stage->name, interrupt_flag());
		if (!lock)
			interrupt_stop();
		is_cached = action_find(j->key, j->id);
	}
	is_cached = crew_told(team, is_cached);
	if (!is_cached)
		run(j, team);
	lock_release(lock);
	return is_cached;
}

/* Fill j->id from the cache or by running. */
static void obtain(struct job *j, struct team *team)
{
	double start_s = seconds();
	publish_clean();
	bool is_cached = crew_told(team, action_find(j->key, j->id));
	if (!is_cached)
		is_cached = run_once(j, team);
	team_leave(team);

	remove_checkpoint(j); /* also one that a kill after publishing has left */
	if (is_cached)
		artifact_touch(j->id);
	if (is_cached)
		fprintf(stderr, "%s: cached %.12s\n", j->stage->name, j->id);
	else
		fprintf(stderr, "%s: ran in %.1f s -> %.12s\n", j->stage->name, seconds() - start_s, j->id);
}

/* ---- telling Make ---- */

/* Whether the executable on disk is no longer the one that runs: then what we make must not look up to date. */
static bool is_rebuilt(void)
{
	char path[PATH_MAX], *text = NULL;
	size_t n;
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	if (length <= 0)
		return false;
	path[length] = 0;
	char *code = die_printf("%s.code", path);
	bool is_gone = strstr(path, " (deleted)") != NULL;
	bool differs = file_read(&text, &n, code, 1 << 10, NULL) == 0 &&
		       strncmp(text, stage_code_id, DIGEST_HEX - 1);
	free(text);
	free(code);
	return is_gone || differs;
}

static void replace_if_different(const struct job *j, const char *suffix, const char *text)
{
	struct error e = {0};
	char *path = run_file(j, j->stage->name, suffix);
	if (file_replace_if_different(path, text, strlen(text), &e) < 0)
		die("%s", error_text(&e));
	free(path);
}

/* The id only if it changed, so that Make stops here; the stamp last, so that a kill before it means "run again". */
static void leave_traces(const struct job *j, const struct stamp *t0)
{
	struct error e = {0};
	char *line = die_printf("%s\n", j->id), *action = json_canonical(j->action, NULL);
	char *document = die_printf("%s\n", action), *path = run_file(j, j->stage->name, ".stamp");
	replace_if_different(j, ".id", line);
	replace_if_different(j, ".key.json", document);
	if (stamp_end(t0, path, &e) < 0)
		die("%s", error_text(&e));
	free(line);
	free(action);
	free(document);
	free(path);
}

/* Replaced only if different, so that a browser's copy stays fresh and a file that is open elsewhere is not cut short. */
static void unpack(const struct job *j, const struct artifact *a)
{
	struct error e = {0};
	char *folder = run_file(j, j->stage->name, "");
	bool is_first = true;
	if (file_make_folder(folder, &e) < 0)
		die("%s", error_text(&e));
	for (struct artifact_cursor *c = artifact_walk(a, "file"); artifact_next(c); is_first = false) {
		char *path = die_printf("%s/%.*s", folder, (int)c->key_bytes, (const char *)c->key);
		if (file_replace_if_different(path, c->value, c->value_bytes, &e) < 0)
			die("%s", error_text(&e));
		if (is_first)
			puts(path);
		free(path);
	}
	free(folder);
}

static void show(const struct job *j)
{
	if (!j->stage->show && !j->stage->has_files)
		return;
	struct artifact *a = artifact_open(j->id, j->stage->kind);
	if (j->stage->has_files)
		unpack(j, a);
	if (j->stage->show)
		j->stage->show(a);
	artifact_close(a);
	if (fflush(stdout))
		die("cannot write to stdout: %s", strerror(errno));
}

/* Files of this stage that a killed process left before their rename: <build>/<stage>.<what>.<pid>[-<n>].new. */
static void remove_leftovers(const struct job *j)
{
	DIR *d = opendir(j->build);
	size_t n = strlen(j->stage->name);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		const char *name = entry->d_name;
		size_t length = strlen(name);
		if (length < n + 5 || strncmp(name, j->stage->name, n) || name[n] != '.' ||
		    strcmp(name + length - 4, ".new"))
			continue;
		const char *pid = name + length - 4;
		while (pid > name && pid[-1] != '.')
			pid--;
		if (atol(pid) > 1 && kill((pid_t)atol(pid), 0) < 0 && errno == ESRCH)
			unlinkat(dirfd(d), name, 0);
	}

	if (d)
		closedir(d);
}

static void lead(struct job *j, struct team *team)
{
	struct error e = {0};
	struct stamp t0;
	if (file_make_folder(j->build, &e) < 0 || stamp_begin(&t0, j->build, &e) < 0)
		die("%s", error_text(&e));
	if (is_rebuilt())
		t0.t0 = (struct timespec){86400, 0}; /* older than any file */
	remove_leftovers(j);
	read_action(j, false);
	crew_agree(team, j->key);
	obtain(j, team);
	leave_traces(j, &t0);
	show(j);
}

/* Other ranks of a team than the first read the same and run; the rest is the first one's. */
static void follow(struct job *j, struct team *team)
{
	read_action(j, false);
	crew_agree(team, j->key);
	if (!crew_told(team, false))
		run_once(j, team);
	team_leave(team);
}

static void make(struct job *j)
{
	struct team *team = crew_join(j->stage);
	if (team_rank(team) == 0)
		lead(j, team);
	else
		follow(j, team);
}

/* ---- explaining ---- */

static void explain(struct job *j)
{
	char *text = NULL, *path = run_file(j, j->stage->name, ".key.json"),
	     *id_path = run_file(j, j->stage->name, ".id");
	char *prefix = die_printf("%s: ", j->stage->name);
	size_t n;
	json_t *before = NULL;

	if (file_read(&text, &n, path, MAX_KEY_DOCUMENT, NULL) == 0)
		before = json_read(text, n, path, NULL);
	read_action(j, true);
	if (!before)
		printf("%snever run\n", prefix);
	else if (!explain_difference(stdout, prefix, before, j->action))
		printf("%s%s\n", prefix,
		       read_id(j->id, id_path, NULL) == 0 && artifact_exists(j->id) ? "up to date"
										    : "its artifact is gone");

	json_decref(before);
	free(prefix);
	free(text);
	free(path);
	free(id_path);
}

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
	struct job j = {.stage = stage};
	bool is_explain = false, is_describe = false;
	const struct arg options[] = {
		{"build", "DIR", "folder of the run: DIR/params, DIR/*.id", .text = &j.build},
		{"explain", NULL, "print what differs from the last run and do nothing", .flag = &is_explain},
		{"describe", NULL, "print the parameters of this stage as JSON", .flag = &is_describe},
		{0}};
	char *synopsis = die_printf("%s --build DIR [--explain] | --describe", stage->name);
	char *example = die_printf("make -f pipeline.mk %s", stage->name);
	char *notes = schema_help(stage->params, stage->name);

	argc = args_parse(
		argc, argv,
		&(struct args){stage->purpose, synopsis, options, example, "docs/stages.md", notes});
	die_program(stage->name);
	if (argc > 0)
		die_usage("takes no operand, got '%s'", argv[0]);
	if (!is_describe && !j.build)
		die_usage("needs --build DIR");

	if (is_describe)
		describe(stage);
	else if (is_explain)
		explain(&j);
	else
		make(&j);

	free(synopsis);
	free(example);
	free(notes);
	json_decref(j.action);
	params_close(j.params);
	for (int i = 0; i < j.n_inputs; i++)
		free(j.input[i].name);
	free(j.input);

	return 0;
}
