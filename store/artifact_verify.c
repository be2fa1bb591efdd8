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
#include "store/guard.h"
#include "store/merkle.h"
#include "store/pages.h"

/* What a table's records come to. */
struct sum {
	struct merkle merkle;
	json_int_t n_bytes;
};

/* Records that are hashed in one go. */
enum { BATCH = 64 };
struct batch {
	uint8_t head[BATCH][DIGEST_HEAD_MOST];
	struct digest_text text[BATCH];
	struct digest leaf[BATCH], found[BATCH];
	size_t n;
};

static void hash(void *context)
{
	struct batch *b = context;
	digest_of_many(b->found, b->text, b->n);
}

static bool add_batch(struct sum *s, struct batch *b)
{
	if (!guard_call(hash, b) || memcmp(b->leaf, b->found, b->n * sizeof *b->leaf) != 0)
		return false;
	for (size_t i = 0; i < b->n; i++)
		merkle_add(&s->merkle, &b->found[i]);
	b->n = 0;
	return true;
}

/* Whether all records are sound. If not, the other way says which one is not, and why. */
static bool add_quickly(struct sum *s, struct artifact_cursor *c)
{
	struct batch *b = die_calloc(1, sizeof *b);
	struct error unused = {0};
	bool is_sound = true;
	int status = 0;
	while (is_sound && (status = artifact_try_peek(c, &unused)) > 0) {
		b->leaf[b->n] = c->leaf;
		b->text[b->n] =
			digest_leaf_text(b->head[b->n], c->key, c->key_bytes, c->value, c->value_bytes);
		s->n_bytes += (json_int_t)(c->key_bytes + c->value_bytes);
		if (++b->n == BATCH)
			is_sound = add_batch(s, b);
	}
	if (!is_sound)
		artifact_stop(c);
	else
		is_sound = status == 0 && add_batch(s, b);
	free(b);
	return is_sound;
}

static int add_one_by_one(struct sum *s, struct artifact_cursor *c, struct error *e)
{
	int status;
	while ((status = artifact_try_next(c, e)) > 0) {
		merkle_add(&s->merkle, &c->leaf);
		s->n_bytes += (json_int_t)(c->key_bytes + c->value_bytes);
	}
	return status;
}

static int check_table(const struct artifact *a, const char *name, const json_t *described, struct error *e)
{
	struct sum s = {0};
	char root[DIGEST_HEX];
	if (!add_quickly(&s, artifact_walk(a, name))) {
		s = (struct sum){0};
		if (add_one_by_one(&s, artifact_walk(a, name), e) < 0)
			return -1;
	}

	struct digest d = merkle_root(&s.merkle);
	digest_hex(root, &d);
	const char *want = json_string_value(json_object_get(described, "root"));
	if (!want || strcmp(want, root) ||
	    json_integer_value(json_object_get(described, "bytes")) != s.n_bytes)
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
