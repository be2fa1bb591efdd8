#include "store/outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "common/printable.h"
#include "store/artifact.h"
#include "store/export.h"

#define PLAIN_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

/* Whether the executable on disk is no longer the one that runs: then what we make must
 * not look up to date. */
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

void outcome_begin(struct stamp *t0, const struct request *r)
{
	struct error e = {0};
	char *folder = request_file(r, "");
	if (file_make_folder(r->build, &e) < 0 || stamp_begin(t0, r->build, &e) < 0)
		die("%s", error_text(&e));
	if (is_rebuilt())
		t0->t0 = (struct timespec){86400, 0}; /* older than any file */
	file_clean(r->build);
	file_clean(folder);
	free(folder);
}

static void replace_if_different(const struct request *r, const char *suffix, const char *text)
{
	struct error e = {0};
	char *path = request_file(r, suffix);
	if (file_replace_if_different(path, text, strlen(text), &e) < 0)
		die("%s", error_text(&e));
	free(path);
}

/* The artifact may be another's work: letters, digits and ._- name a file in the folder, none elsewhere. */
static bool is_plain(const char *name, size_t n)
{
	return *name != '.' && strlen(name) == n && !name[strspn(name, PLAIN_LETTERS)];
}

/* One record of table `file`, written to the folder; returns its path. */
static char *unpack_file(const struct request *r, const struct artifact *a, const struct artifact_cursor *c,
			 const char *folder)
{
	struct error e = {0};
	char *name = die_printf("%.*s", (int)c->key_bytes, (const char *)c->key);
	if (!is_plain(name, c->key_bytes))
		die("object %s has a file that is called '%s': such a name is not written; whoever made the "
		    "object meant harm",
		    artifact_id(a), printable(name));
	char *path = die_printf("%s/%s", folder, name);
	size_t n = c->value_bytes;
	char *own = r->stage->put_out ? r->stage->put_out(a, name, c->value, &n) : NULL;
	if (file_replace_if_different(path, own ? own : c->value, n, &e) < 0)
		die("%s", error_text(&e));
	free(own);
	free(name);
	return path;
}

/* Replaced only if different, so that a browser's copy stays fresh and a file that is open elsewhere
 * is not cut short. */
static void unpack(const struct request *r, const struct artifact *a)
{
	struct error e = {0};
	char *folder = request_file(r, "");
	bool is_first = true;
	if (file_make_folder(folder, &e) < 0)
		die("%s", error_text(&e));
	for (struct artifact_cursor *c = artifact_walk(a, "file"); artifact_next(c); is_first = false) {
		char *path = unpack_file(r, a, c, folder);
		if (is_first)
			puts(path);
		free(path);
	}
	free(folder);
}

/* The artifact in a format of other programs. */
static void export(const struct request *r, const struct artifact *a)
{
	struct error e = {0};
	char *path = request_file(r, r->stage->export_suffix);
	if (export_artifact(a, path, &e) < 0)
		die("%s", error_text(&e));
	puts(path);
	free(path);
}

static void print(const struct request *r)
{
	if (!r->stage->show && !r->stage->has_files && !r->stage->export_suffix)
		return;
	struct artifact *a = artifact_open(r->id, r->stage->kind);
	if (r->stage->has_files)
		unpack(r, a);
	if (r->stage->export_suffix)
		export(r, a);
	if (r->stage->show)
		r->stage->show(a);
	artifact_close(a);
}

static void flush(void)
{
	if (fflush(stdout))
		die("cannot write to stdout: %s", strerror(errno));
}

/* The bytes of an open file as text; yours to free. */
static char *text_of(int fd)
{
	struct stat s;
	if (fstat(fd, &s) < 0)
		die("cannot read what was printed: %s", strerror(errno));
	char *text = die_malloc((size_t)s.st_size + 1);
	if (pread(fd, text, (size_t)s.st_size, 0) != s.st_size)
		die("cannot read what was printed: %s", strerror(errno));
	text[s.st_size] = 0;
	return text;
}

/* What print() prints; yours to free. */
static char *printed(const struct request *r)
{
	int memory = memfd_create("printed", MFD_CLOEXEC), out = dup(STDOUT_FILENO);
	if (memory < 0 || out < 0)
		die("cannot catch what is printed: %s", strerror(errno));

	flush();
	dup2(memory, STDOUT_FILENO);
	print(r);
	flush();
	dup2(out, STDOUT_FILENO);

	char *text = printable_lines(text_of(memory)); /* names of classes come from tables of others */
	close(memory);
	close(out);
	return text;
}

/* What make prints again with nothing to do. Its time is never after the stamp's, so that make, which
 * compares the two, notices an edit. */
static void leave_text(const struct request *r, const struct stamp *t0, const char *text)
{
	struct stat s;
	char *path = request_file(r, ".txt");
	replace_if_different(r, ".txt", text);
	if (stat(path, &s) == 0 &&
	    (s.st_mtim.tv_sec > t0->t0.tv_sec ||
	     (s.st_mtim.tv_sec == t0->t0.tv_sec && s.st_mtim.tv_nsec > t0->t0.tv_nsec)) &&
	    utimensat(AT_FDCWD, path, (const struct timespec[2]){t0->t0, t0->t0}, 0) < 0)
		die("%s: cannot set its time: %s", path, strerror(errno));
	free(path);
}

void outcome_leave(const struct request *r, const struct stamp *t0)
{
	struct error e = {0};
	char *text = printed(r), *line = die_printf("%s\n", r->id), *action = json_canonical(r->action, NULL);
	char *document = die_printf("%s\n", action), *path = request_file(r, ".stamp");

	/* The stamp last, so that a kill before it means "run again". */
	leave_text(r, t0, text);
	replace_if_different(r, ".id", line);
	replace_if_different(r, ".key.json", document);
	if (stamp_end(t0, path, line, &e) < 0)
		die("%s", error_text(&e));

	fputs(text, stdout);
	flush();
	free(text);
	free(line);
	free(action);
	free(document);
	free(path);
}
