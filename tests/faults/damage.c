/*
 * Damages a file again and again and runs a program that reads it. Each time the program must refuse the
 * file with a message, or give what it gave for the sound file; it may not crash, hang or take it silently.
 *
 *	damage flip 1000 object.mdb -- store verify 3fa9
 *	damage cut 1000 labels.csv --result run/fetch.id --before 'rm -rf store' -- fetch --build run
 *
 * flip: one to three bytes are changed; cut: the end is missing (every length if the file has no more bytes
 * than there are trials); both draw from --seed. --result names a file that belongs to what the program gives
 * beside stdout. --before is a shell command that restores whatever else the program changes.
 * --may-differ: the file is its author's word (params, a table of labels without sums), so that another
 * content may be taken and give another result.
 *
 * Prints one line of counts; exit 0 if nothing was crashed, hung, silent or, without --may-differ, other.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/splitmix.h"

/* Exit codes of ours beside 1 and 2: no hit (--cached); the last: what a remote has was not taken. */
enum { EXIT_MISS = 3, EXIT_NOT_TAKEN = 5 };

enum { SECONDS = 60, SHOWN = 8 };

struct bytes {
	char *at;
	size_t n;
};

struct trial {
	const char *path, *result, *before;
	char **command;
	bool may_differ;
	char out[64], err[64]; /* files of what the program prints */
	mode_t mode;
	struct timespec times[2];
};

enum outcome { REFUSED, SAME, OTHER, CRASHED, HUNG, SILENT, N_OUTCOMES };
static const char *const outcome_name[] = {"refused", "same", "other", "crashed", "hung", "silent"};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "damage: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* Empty if it is not there. */
static struct bytes slurp(const char *path)
{
	struct bytes b = {NULL, 0};
	struct stat s;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || fstat(fd, &s) < 0)
		return b;
	b.at = malloc((size_t)s.st_size + 1);
	if (!b.at || read(fd, b.at, (size_t)s.st_size) != s.st_size)
		fail(path);
	b.n = (size_t)s.st_size;
	close(fd);
	return b;
}

static bool are_equal(struct bytes a, struct bytes b)
{
	return a.n == b.n && (!a.n || !memcmp(a.at, b.at, a.n));
}

/* A new file in its place, with the old one's mode and times: what was mapped or hashed by name is not it. */
static void put(const struct trial *t, struct bytes b)
{
	if (unlink(t->path) < 0 && errno != ENOENT)
		fail(t->path);
	int fd = open(t->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, b.at, b.n) != (ssize_t)b.n || fchmod(fd, t->mode) < 0 ||
	    futimens(fd, t->times) < 0 || close(fd) < 0)
		fail(t->path);
}

static _Noreturn void become(const struct trial *t)
{
	struct rlimit cpu = {SECONDS, SECONDS + 1}, core = {0, 0};
	int in = open("/dev/null", O_RDONLY), out = open(t->out, O_WRONLY | O_CREAT | O_TRUNC, 0600),
	    err = open(t->err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &core);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(126);
	alarm(2 * SECONDS); /* it survives exec: the end of one that waits */
	execvp(t->command[0], t->command);
	_exit(127);
}

static int run(const struct trial *t)
{
	int status;
	if (t->before && system(t->before) != 0)
		fail(t->before);
	if (t->result)
		unlink(t->result);
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0)
		become(t);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("wait");
	return status;
}

/* On stderr, or as what `store verify` has found. */
static bool is_said(const struct trial *t)
{
	struct bytes out = slurp(t->out), err = slurp(t->err);
	bool is = out.n + err.n > 0;
	free(out.at);
	free(err.at);
	return is;
}

/* A sanitizer's report and a broken invariant are crashes, whatever they exit with. */
static bool is_report(const struct trial *t)
{
	struct bytes err = slurp(t->err);
	bool is = err.n && (memmem(err.at, err.n, "Sanitizer", 9) || memmem(err.at, err.n, "BUG in", 6) ||
			    memmem(err.at, err.n, "runtime error", 13));
	free(err.at);
	return is;
}

static enum outcome judge(const struct trial *t, int status, struct bytes sound_out,
			  struct bytes sound_result)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGALRM ? HUNG : CRASHED;
	if (is_report(t))
		return CRASHED;
	if (WEXITSTATUS(status) == EXIT_MISS)
		return REFUSED;
	if (WEXITSTATUS(status))
		return WEXITSTATUS(status) <= EXIT_NOT_TAKEN && is_said(t) ? REFUSED : SILENT;

	struct bytes out = slurp(t->out), result = slurp(t->result);
	bool is_same = are_equal(out, sound_out) && are_equal(result, sound_result);
	free(out.at);
	free(result.at);
	return is_same ? SAME : OTHER;
}

/* The damage of trial i, as text in what. */
static struct bytes make_damage(struct bytes sound, bool is_cut, long i, long n_trials, uint64_t *state,
				char what[96])
{
	struct bytes b = {malloc(sound.n + 1), sound.n};
	if (!b.at)
		fail("memory");
	memcpy(b.at, sound.at, sound.n);
	if (is_cut) {
		b.n = (size_t)n_trials >= sound.n ? (size_t)i : splitmix(state) % sound.n;
		sprintf(what, "cut to %zu bytes", b.n);
		return b;
	}

	int n = splitmix(state) % 4 ? 1 : 1 + (int)(splitmix(state) % 3);
	char *end = what + sprintf(what, "byte");
	for (int k = 0; k < n; k++) {
		size_t at = splitmix(state) % sound.n;
		uint8_t change = splitmix(state) % 2 ? (uint8_t)(1u << splitmix(state) % 8)
						     : (uint8_t)(1 + splitmix(state) % 255);
		b.at[at] ^= (char)change;
		end += sprintf(end, " %zu^%02x", at, change);
	}
	return b;
}

static void show(const struct trial *t, enum outcome o, const char *what, int status)
{
	struct bytes out = slurp(t->out), err = slurp(t->err);
	printf("# %s: %s (status %x): %.*s%.*s\n", outcome_name[o], what, (unsigned)status,
	       (int)(out.n < 300 ? out.n : 300), out.at ? out.at : "", (int)(err.n < 300 ? err.n : 300),
	       err.at ? err.at : "");
	free(out.at);
	free(err.at);
}

static bool is_bad(const struct trial *t, enum outcome o)
{
	return o >= CRASHED || (o == OTHER && !t->may_differ);
}

static bool run_trials(struct trial *t, bool is_cut, long n_trials, uint64_t seed)
{
	long count[N_OUTCOMES] = {0}, n_bad = 0;
	struct bytes sound = slurp(t->path);
	struct stat s;
	if (!sound.n || stat(t->path, &s) < 0)
		fail(t->path);
	t->mode = s.st_mode & 07777;
	t->times[0] = s.st_atim, t->times[1] = s.st_mtim;

	int status = run(t);
	if (status != 0) {
		show(t, SILENT, "the sound file", status);
		return false;
	}
	struct bytes out = slurp(t->out), result = slurp(t->result);
	if (is_cut && (size_t)n_trials > sound.n)
		n_trials = (long)sound.n;

	for (long i = 0; i < n_trials; i++) {
		char what[96];
		struct bytes b = make_damage(sound, is_cut, i, n_trials, &seed, what);
		put(t, b);
		status = run(t);
		enum outcome o = judge(t, status, out, result);
		count[o]++;
		if (is_bad(t, o) && n_bad++ < SHOWN)
			show(t, o, what, status);
		free(b.at);
		put(t, sound);
	}

	printf("%ld", n_trials);
	for (int o = 0; o < N_OUTCOMES; o++)
		printf(" %s %ld", outcome_name[o], count[o]);
	printf("\n");
	return n_bad == 0;
}

int main(int argc, char **argv)
{
	struct trial t = {0};
	uint64_t seed = 1;
	if (argc < 6 || (strcmp(argv[1], "flip") && strcmp(argv[1], "cut"))) {
		fprintf(stderr, "damage flip|cut N FILE [--result FILE] [--before SHELL] [--seed N] "
				"[--may-differ] -- COMMAND...\n");
		return 2;
	}

	t.path = argv[3];
	int i = 4;
	for (; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--may-differ"))
			t.may_differ = true;
		else if (!strcmp(argv[i], "--result") && i + 1 < argc)
			t.result = argv[++i];
		else if (!strcmp(argv[i], "--before") && i + 1 < argc)
			t.before = argv[++i];
		else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 10);
	}
	t.command = argv + i + 1;
	if (i >= argc || !t.command[0])
		return 2;

	sprintf(t.out, "damage-out.%ld", (long)getpid());
	sprintf(t.err, "damage-err.%ld", (long)getpid());
	bool is_well = run_trials(&t, !strcmp(argv[1], "cut"), strtol(argv[2], NULL, 10), seed);
	unlink(t.out);
	unlink(t.err);
	return !is_well;
}
