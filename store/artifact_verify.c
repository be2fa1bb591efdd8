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

static void check_table(const struct artifact *a, const char *name, const json_t *described)
{
	struct merkle m;
	uint64_t n_bytes = 0;
	merkle_init(&m);
	for (struct artifact_cursor *c = artifact_walk(a, name); artifact_next(c);) {
		struct digest leaf = digest_leaf(c->key, c->key_bytes, c->value, c->value_bytes);
		merkle_add(&m, &leaf);
		n_bytes += c->key_bytes + c->value_bytes;
	}
	char root[DIGEST_HEX];
	struct digest d = merkle_root(&m);
	digest_hex(root, &d);
	const char *want = json_string_value(json_object_get(described, "root"));
	if (!want || strcmp(want, root))
		die("object %s is damaged: table %s: its records do not hash to the root in the header",
		    artifact_id(a), name);
	if (json_integer_value(json_object_get(described, "bytes")) != (json_int_t)n_bytes)
		die("object %s is damaged: table %s: %llu bytes of records are not what the header says",
		    artifact_id(a), name, (unsigned long long)n_bytes);
}

/* In the child: dies with a message on the pipe, crashes, or exits 0. */
static _Noreturn void check(const char *id, int to_parent)
{
	const char *name;
	json_t *described;
	dup2(to_parent, STDERR_FILENO);
	die_program("");
	die_cleanup(NULL);
	struct artifact *a = artifact_open(id, NULL);
	json_t *tables = json_object_get(artifact_header(a), "tables");
	json_object_foreach(tables, name, described) check_table(a, name, described);
	_exit(0);
}

static size_t read_message(int fd, char *text, size_t room)
{
	size_t n = 0;
	for (;;) {
		ssize_t got = read(fd, text + n, room - 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || (n += (size_t)got) == room - 1)
			break;
	}
	while (n && text[n - 1] == '\n')
		n--;
	text[n] = 0;
	return n;
}

int artifact_verify(const char *id, struct error *e)
{
	int ends[2], status = 0;
	fflush(NULL); /* else the child's exit would write the parent's buffers again */
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
	char text[400];
	size_t n = read_message(ends[0], text, sizeof text);
	close(ends[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (n)
		return error_set(e, NULL, 0, "%s", text + (strncmp(text, ": ", 2) ? 0 : 2));
	return error_set(e, NULL, 0, "object %s is damaged: reading it crashed", id);
}
