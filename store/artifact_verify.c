#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/die.h"
#include "common/error.h"
#include "common/json.h"
#include "store/artifact.h"
#include "store/merkle.h"
#include "store/pages.h"

static int check_table(const struct artifact *a, const char *name, const json_t *described, struct error *e)
{
	struct merkle m;
	char root[DIGEST_HEX];
	json_int_t n_bytes = 0;
	int status;

	merkle_init(&m);
	struct artifact_cursor *c = artifact_walk(a, name);
	while ((status = artifact_try_next(c, e)) > 0) {
		struct digest leaf = digest_leaf(c->key, c->key_bytes, c->value, c->value_bytes);
		merkle_add(&m, &leaf);
		n_bytes += (json_int_t)(c->key_bytes + c->value_bytes);
	}

	if (status < 0)
		return -1;
	struct digest d = merkle_root(&m);
	digest_hex(root, &d);

	const char *want = json_string_value(json_object_get(described, "root"));
	if (!want || strcmp(want, root) || json_integer_value(json_object_get(described, "bytes")) != n_bytes)
		return error_set(
			e, NULL, 0,
			"object %s is damaged: table %s: its records do not hash to the root in the header",
			artifact_id(a), name);

	return 0;
}

int artifact_verify_here(const char *id, struct error *e)
{
	const char *name;
	json_t *described;
	int status = 0;
	struct artifact *a = artifact_try(id, e);
	if (!a)
		return -1;
	json_object_foreach (json_object_get(artifact_header(a), "tables"), name, described) {
		status = check_table(a, name, described, e);
		if (status < 0)
			break;
	}
	artifact_close(a);
	return status;
}

/* In the child: what is wrong goes through the pipe, and the exit code says whether anything is. */
static _Noreturn void check(const char *id, int to_parent)
{
	struct error e = {0};
	if (artifact_verify_here(id, &e) == 0)
		_exit(0);
	_exit(write(to_parent, &e, sizeof e) == (ssize_t)sizeof e ? 1 : 2);
}

/* Whether the child has sent an error, whole. */
static bool receive(int fd, struct error *e)
{
	size_t n = 0;
	while (n < sizeof *e) {
		ssize_t got = read(fd, (char *)e + n, sizeof *e - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	e->text[sizeof e->text - 1] = 0;
	return n == sizeof *e && e->text[0];
}

/* LMDB crashes on nonsense in one of these ways. Any other end is not the file's doing: where memory is short
 * the kernel kills. */
static bool is_crash(int status)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (WIFSIGNALED(status) && WTERMSIG(status) == signals[i])
			return true;
	return false;
}

/* The child has ended without a word. */
static int judge_end(const char *id, int status, struct error *e)
{
	char *path = artifact_place(id);
	int cause = path && is_crash(status) ? pages_read(path) : 0;
	free(path);
	if (cause)
		return error_set_cause(
			e, NULL, cause,
			"object %s cannot be read: %s; that does not say that it is damaged: %s", id,
			strerror(cause), error_remedy(cause));
	if (is_crash(status))
		return error_set(e, NULL, 0, "object %s is damaged: reading it crashed", id);
	if (WIFSIGNALED(status))
		return error_set_cause(
			e, NULL, ECANCELED,
			"object %s could not be checked: the process that read it was ended by "
			"signal %d (%s), as the kernel does where memory is short; that does "
			"not say that it is damaged: free some and ask again",
			id, WTERMSIG(status), strsignal(WTERMSIG(status)));
	return error_set_cause(e, NULL, ECANCELED,
			       "object %s could not be checked: the process that read it gave up (exit code "
			       "%d); that does not say that it is damaged: ask again",
			       id, WEXITSTATUS(status));
}

int artifact_verify(const char *id, struct error *e)
{
	int ends[2], status = -1;
	struct error found = {0};

	if (pipe(ends) < 0)
		die("pipe: %s", strerror(errno));
	pid_t child = fork();
	if (child < 0)
		die("fork: %s", strerror(errno));
	if (child == 0) {
		close(ends[0]);
		check(id, ends[1]);
	}

	close(ends[1]);
	bool is_told = receive(ends[0], &found);
	close(ends[0]);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			die("cannot wait for the process that reads object %s: %s", id, strerror(errno));
	if (is_told)
		return error_set_cause(e, NULL, found.cause, "%s", found.text);

	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : judge_end(id, status, e);
}
