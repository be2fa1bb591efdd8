/* Each step as a program would do it, in a process that is forked and not started anew. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/die.h"
#include "remote/entry.h"
#include "remote/kept.h"
#include "remote/pull.h"
#include "remote/push.h"
#include "store/artifact.h"
#include "store/forget.h"
#include "store/objects.h"
#include "store/pins.h"
#include "store/publish.h"
#include "store/sweep.h"
#include "tests/faults/model/hand.h"
#include "tests/faults/model/stages.h"
#include "tests/faults/model/world.h"

static const struct sharing team = {.url = "team", .can_write = true, .timeout_s = 5, .patience_s = 600};

static int fail(const struct error *e)
{
	warn("%s", error_text(e));
	return 1;
}

static int make(const struct op *op)
{
	const struct stage *stage = &stages[op->stage];
	char *folder = die_printf("s%d-runs/r%d", op->store, op->run);
	char *path = die_printf("%s/params/%s.json", folder, stage->name);
	char *params = die_printf("%s/params", folder), *runs = die_printf("s%d-runs", op->store);
	mkdir(runs, 0777), mkdir(folder, 0777), mkdir(params, 0777);
	FILE *f = fopen(path, "w");
	if (!f || fprintf(f, "{\"number\":%d}\n", op->number) < 0 || fclose(f))
		die("%s: %s", path, strerror(errno));
	setenv("EINTHOVEN_REMOTE", op->kind == MAKE_SHARED ? "team" : "none", 1);
	return stage_main(stage, 3, (char *[]){(char *)stage->name, "--build", folder, NULL});
}

static int push(const struct op *op)
{
	const struct push_way way = {.is_alone = op->kind == PUSH_ALONE, .is_checked = op->kind == PUSH_ALL};
	struct push_sum sum = {0};
	struct error e = {0};
	return push_chain(&team, &ids[artifact_index(op->action)], 1, &way, &sum, &e) < 0 ? fail(&e) : 0;
}

static int pull(const struct op *op)
{
	struct pull_sum sum = {0};
	struct error e = {0};
	int status = pull_artifact(&team, ids[artifact_index(op->action)], &sum, &e);
	return status < 0 ? fail(&e) : status ? 0 : 1;
}

static int take(const struct op *op)
{
	struct pull_sum sum = {0};
	struct error e = {0};
	bool is_reached = false;
	int status = entry_take(&team, keys[op->action], &is_reached, &sum, &e);
	return status < 0 ? fail(&e) : status ? 0 : 3;
}

static int give(const struct op *op)
{
	struct push_sum sum = {0};
	struct error e = {0};
	bool is_reached = false;
	return entry_give(&team, keys[op->action], false, &is_reached, &sum, &e) < 0 ? fail(&e) : 0;
}

static int gc(const struct op *op)
{
	char *runs = die_printf("s%d-runs", op->store);
	const char *const all[] = {runs, NULL};
	sweep_store(stdout, &(struct sweep){all, 86400.0 * op->number, op->kind == GC});
	free(runs);
	return 0;
}

static int forget(const struct op *op)
{
	char patient[8];
	static const char *const none[] = {NULL};
	snprintf(patient, sizeof patient, "P%d", op->patient);
	forget_patient(stdout, &(struct forget){patient, op->within == NONE ? NULL : ids[op->within], none,
						op->kind == FORGET});
	return 0;
}

static int verify(void)
{
	char(*all)[DIGEST_HEX];
	size_t n = objects_list(&all);
	int n_bad = 0;
	for (size_t i = 0; i < n; i++) {
		struct error e = {0};
		n_bad += artifact_verify_here(all[i], &e) < 0 && fail(&e);
	}
	free(all);
	return n_bad;
}

/* As the program would begin. */
static int run(const struct op *op)
{
	if (op->kind >= PUSH && op->kind <= GIVE) {
		publish_clean();
		kept_clean();
	}
	switch (op->kind) {
	case MAKE:
	case MAKE_SHARED:
		return make(op);
	case PUSH:
	case PUSH_ALONE:
	case PUSH_ALL:
		return push(op);
	case PULL:
		return pull(op);
	case TAKE:
		return take(op);
	case GIVE:
		return give(op);
	case GC:
	case GC_LIST:
		return gc(op);
	case FORGET:
	case FORGET_LIST:
		return forget(op);
	case PIN:
		pins_add(ids[artifact_index(op->action)], "kept");
		return 0;
	case UNPIN:
		pins_remove(ids[artifact_index(op->action)]);
		return 0;
	default:
		return verify();
	}
}

int perform_begin(const struct op *op)
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid > 0)
		return pid;

	char store[16], text[96];
	int log = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(99);
	snprintf(store, sizeof store, "s%d", op->store);
	setenv("EINTHOVEN_STORE", store, 1);
	op_text(text, sizeof text, op);
	fprintf(stderr, "-- %s\n", text);
	exit(run(op));
}

int perform_end(int pid)
{
	int status;
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int perform(const struct op *op)
{
	if (op->kind >= BY_HAND) {
		hand_do(op);
		return 0;
	}
	return perform_end(perform_begin(op));
}
