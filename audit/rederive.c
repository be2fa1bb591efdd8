#include "audit/rederive.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/claims.h"
#include "audit/stages.h"
#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/artifact.h"
#include "store/explain.h"
#include "store/objects.h"
#include "store/removal.h"

/* What is derived, one step after the other. */
struct work {
	const struct rederive *r;
	FILE *out;
	char *folder; /* of all */
	json_t *done; /* ids that came out again */
};

/* ---- a step's folder, as pipeline.mk would have laid it out ---- */

static void put(const char *folder, const char *name, const char *suffix, const char *text)
{
	struct error e = {0};
	char *path = die_printf("%s/%s%s", folder, name, suffix);
	if (file_replace(path, text, strlen(text), &e) < 0)
		die("%s", error_text(&e));
	free(path);
}

static void put_params(const char *folder, const struct lineage_entry *entry)
{
	struct error e = {0};
	char *params = die_printf("%s/params", folder),
	     *text = json_canonical(claims_params(entry->statement), NULL);
	if (file_make_folder(params, &e) < 0)
		die("%s", error_text(&e));
	put(params, entry->stage, ".json", text);
	free(text);
	free(params);
}

/* An input is named by its stage, or, one of a list, by arm and kind: then <stage>.inputs has it. */
static void put_inputs(const char *folder, const struct lineage_entry *entry)
{
	const char *name;
	const json_t *id;
	int n = 0;
	bool is_listing = false;
	char *list = die_strdup("");
	json_object_foreach (json_object_get(entry->action, "inputs"), name, id) {
		bool is_listed = strchr(name, '/') != NULL;
		char *file = is_listed ? die_printf("input-%d", n++) : die_strdup(name);
		char *line = json_is_string(id) ? die_printf("%s\n", json_string_value(id)) : NULL;
		if (line)
			put(folder, file, ".id", line);
		if (is_listed) {
			char *longer = die_printf("%s%s %s/%s.id\n", list, name, folder, file);
			free(list);
			list = longer;
			is_listing = true;
		}
		free(line);
		free(file);
	}
	if (is_listing)
		put(folder, entry->stage, ".inputs", list);
	free(list);
}

/* Returns the folder, yours to free. */
static char *lay_out(const struct work *w, const struct lineage_entry *entry)
{
	char *folder = die_printf("%s/%s-%.12s", w->folder, entry->stage, entry->id);
	const char *told = json_string_value(json_object_get(entry->action, "content"));
	put_params(folder, entry);
	put_inputs(folder, entry);
	if (told)
		put(folder, entry->stage, ".told", told);
	return folder;
}

/* ---- running it ---- */

/* Its own store, nobody's remote or key, the CPU. */
static _Noreturn void become(const struct work *w, const char *stage, const char *folder)
{
	char *program = die_printf("%s/%s", w->r->programs, stage);
	char *store = die_printf("%s/store", w->folder);
	setenv("EINTHOVEN_STORE", store, 1);
	setenv("EINTHOVEN_REMOTE", "none", 1);
	setenv("EINTHOVEN_TRUST", "", 1);
	setenv("EINTHOVEN_KEY", "", 1);
	setenv("EINTHOVEN_DEVICE", "cpu", 1);
	if (!freopen("/dev/null", "w", stdout)) /* its tables are not ours */
		_exit(127);
	execl(program, program, "--build", folder, (char *)NULL);
	warn("%s: %s", program, strerror(errno));
	_exit(127);
}

/* Exit status as a shell says it. Ctrl-C comes to the stage too, which saves what it can: we wait for it. */
static int run(const struct work *w, const char *stage, const char *folder)
{
	int status;
	fflush(w->out);
	pid_t pid = fork();
	if (pid < 0)
		die("cannot start %s: %s", stage, strerror(errno));
	if (!pid)
		become(w, stage, folder);
	void (*interrupt)(int) = signal(SIGINT, SIG_IGN), (*terminate)(int) = signal(SIGTERM, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("cannot wait for %s: %s", stage, strerror(errno));
	signal(SIGINT, interrupt);
	signal(SIGTERM, terminate);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- comparing ---- */

static json_t *read_action(const char *folder, const char *stage)
{
	char *path = die_printf("%s/%s.key.json", folder, stage), *text = NULL;
	size_t n;
	json_t *action = NULL;
	if (file_read(&text, &n, path, (size_t)16 << 20, NULL) == 0)
		action = json_read(text, n, path, NULL);
	free(text);
	free(path);
	return action;
}

/* The header of an artifact of the work's store. */
static json_t *header_there(const struct work *w, const char *id)
{
	char *store = die_printf("%s/store", w->folder), *own = die_strdup(artifact_store_path());
	setenv("EINTHOVEN_STORE", store, 1);
	struct artifact *a = artifact_try(id, NULL);
	json_t *header = a ? json_deep_copy(artifact_header(a)) : NULL;
	artifact_close(a);
	setenv("EINTHOVEN_STORE", own, 1);
	free(own);
	free(store);
	return header;
}

static void explain(const struct work *w, const struct lineage_entry *entry, const char *folder,
		    const char *id)
{
	json_t *action = read_action(folder, entry->stage), *now = header_there(w, id),
	       *then = evidence_header(w->r->walk->evidence, entry->id);
	explain_difference(w->out, "     action ", entry->action, action);
	explain_difference(w->out, "     header ", then, now);
	json_decref(action);
	json_decref(now);
	json_decref(then);
}

static int compare(struct work *w, const struct lineage_entry *entry, const char *folder)
{
	char id[DIGEST_HEX] = "", *path = die_printf("%s/%s.id", folder, entry->stage);
	struct error e = {0};
	if (objects_resolve(id, path, &e) < 0)
		die("%s", error_text(&e));
	free(path);
	if (!strcmp(id, entry->id)) {
		fprintf(w->out, "ok   %-10s  %.12s  derived again, the same\n", entry->stage, id);
		json_object_set_new(w->done, id, json_true());
		return 0;
	}
	fprintf(w->out, "BAD  %-10s  %.12s  derived again it is %.12s:\n", entry->stage, entry->id, id);
	explain(w, entry, folder, id);
	return 1;
}

/* Who may not say what an artifact is does not say either what is run here. */
static int derive(struct work *w, const struct lineage_entry *entry)
{
	if (!entry->verdict.is_taken) {
		fprintf(w->out, "BAD  %-10s  %.12s  not run: its action entry %s\n", entry->stage, entry->id,
			entry->verdict.why);
		return 1;
	}
	if (!stages_has(entry->stage)) {
		fprintf(w->out,
			"BAD  %-10s  %.12s  not run: its action entry names a stage that there is none of\n",
			entry->stage, entry->id);
		return 1;
	}
	char *folder = lay_out(w, entry);
	int status = run(w, entry->stage, folder);
	if (status > 128)
		fprintf(w->out, "stopped; the next audit goes on in %s\n", w->folder);
	else if (status)
		fprintf(w->out, "BAD  %-10s  %.12s  the stage failed, exit code %d\n", entry->stage,
			entry->id, status);
	else
		status = compare(w, entry, folder);
	free(folder);
	return status > 128 ? status : status != 0;
}

/* ---- the chain ---- */

static bool is_ready(const struct work *w, const json_t *step)
{
	const char *name;
	const json_t *id;
	json_object_foreach (json_object_get(step, "inputs"), name, id)
		if (json_is_string(id) && !json_object_get(w->done, json_string_value(id)))
			return false;
	return true;
}

/* A step that is not derived and whose inputs are; NULL: there is none. */
static const json_t *next(const struct work *w)
{
	size_t i;
	const json_t *step;
	json_array_foreach (json_object_get(w->r->findings, "steps"), i, step)
		if (!json_object_get(w->done, json_text(step, "id")) && is_ready(w, step))
			return step;
	return NULL;
}

/* What it took when it was made stands for what it will take. */
static void tell_cost(const struct work *w)
{
	size_t i, n = json_array_size(json_object_get(w->r->findings, "steps"));
	const json_t *step;
	double s = 0;
	json_array_foreach (json_object_get(w->r->findings, "steps"), i, step)
		s += json_number_value(json_object_get(step, "seconds"));
	fprintf(w->out, "deriving %zu artifacts again in %s; when they were made it took %.0f min %.0f s\n",
		n, w->folder, (double)((long)s / 60), s - 60 * (double)((long)s / 60));
	if (file_exists(w->folder))
		fprintf(w->out, "going on with what an audit that was stopped has left there\n");
}

static void remove_folder(const char *folder)
{
	FILE *nowhere = fopen("/dev/null", "w");
	struct removal r = {.out = nowhere, .is_delete = true};
	removal_tree(&r, "audit", folder);
	if (nowhere)
		fclose(nowhere);
}

int rederive_chain(FILE *out, const struct rederive *r)
{
	const json_t *steps = json_object_get(r->findings, "steps"), *step;
	const char *result = json_string_value(json_array_get(json_object_get(r->findings, "results"), 0));
	struct work w = {r, out, die_printf("%s/%.12s", r->place, result), json_object()};
	int status = 0;

	tell_cost(&w);
	while (!status && (step = next(&w))) {
		const struct lineage_entry *entry = walk_entry(r->walk, json_text(step, "id"));
		if (!entry) {
			fprintf(out, "BAD  %.12s: no action entry says how to derive it\n",
				json_text(step, "id"));
			status = 1;
		} else {
			status = derive(&w, entry);
		}
	}

	if (!status)
		fprintf(out, "%zu artifacts derived again: all the same\n", json_array_size(steps));
	if (!status)
		remove_folder(w.folder);
	else if (status == 1)
		fprintf(out, "what was derived is in %s; remove it when you have seen it\n", w.folder);
	json_decref(w.done);
	free(w.folder);
	return status;
}
