#include "audit/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "store/removal.h"

struct folder {
	char *path, *making;
};

struct folder *folder_begin(const char *path, struct error *e)
{
	struct folder *f = die_calloc(1, sizeof *f);
	size_t n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	f->path = die_printf("%.*s", (int)n, path);
	f->making = die_printf("%s.%ld.new", f->path, (long)getpid());
	if (file_exists(f->path))
		error_set(e, f->path, 0, "is there already; remove it, or give another name");
	else if (file_make_folder(f->making, e) == 0)
		return f;
	folder_drop(f);
	return NULL;
}

void folder_put(struct folder *f, const char *name, const void *bytes, size_t n_bytes)
{
	struct error e = {0};
	const char *slash = strchr(name, '/');
	char *path = die_printf("%s/%s", f->making, name),
	     *within = die_printf("%s/%.*s", f->making, slash ? (int)(slash - name) : 0, name);
	if (file_make_folder(within, &e) < 0 || file_replace(path, bytes, n_bytes, &e) < 0) {
		folder_drop(f);
		die("%s", error_text(&e));
	}
	free(within);
	free(path);
}

void folder_put_json(struct folder *f, const char *name, const json_t *value)
{
	char *text = json_dumps(value, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
	if (!text)
		BUG("a description is not JSON");
	folder_put(f, name, text, strlen(text));
	free(text);
}

static void release(struct folder *f)
{
	free(f->path);
	free(f->making);
	free(f);
}

int folder_end(struct folder *f, struct error *e)
{
	if (rename(f->making, f->path) < 0) {
		int status = error_set(e, f->path, 0, "cannot be made: %s", strerror(errno));
		folder_drop(f);
		return status;
	}
	int status = file_sync_folder(f->path, e);
	release(f);
	return status;
}

void folder_drop(struct folder *f)
{
	FILE *nowhere = fopen("/dev/null", "w");
	struct removal r = {.out = nowhere, .is_delete = true};
	if (file_exists(f->making))
		removal_tree(&r, "export", f->making);
	if (nowhere)
		fclose(nowhere);
	release(f);
}
