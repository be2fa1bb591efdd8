#include <errno.h>
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
	if (write(to_parent, e.text, strlen(e.text)) < 0)
		_exit(2);
	_exit(1);
}

static void read_message(int fd, char *text, size_t room)
{
	size_t n = 0;
	while (n < room - 1) {
		ssize_t got = read(fd, text + n, room - 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	text[n] = 0;
}

int artifact_verify(const char *id, struct error *e)
{
	int ends[2], status = -1;
	pid_t ended;
	char text[sizeof e->text];

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
	read_message(ends[0], text, sizeof text);
	close(ends[0]);
	while ((ended = waitpid(child, &status, 0)) < 0 && errno == EINTR)
		;
	if (ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0 && !text[0])
		return 0;
	if (text[0])
		return error_set(e, NULL, 0, "%s", text);

	return error_set(e, NULL, 0, "object %s is damaged: reading it crashed", id);
}
