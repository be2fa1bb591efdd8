#include "store/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "store/artifact.h"
#include "store/folder.h"

struct list {
	char (*ids)[DIGEST_HEX];
	size_t n, room;
};

static void append(const char *path, const char *name, void *context)
{
	struct list *l = context;
	struct digest d;
	(void)path;
	char id[DIGEST_HEX];
	if (strlen(name) != DIGEST_HEX - 1 + strlen(".mdb") || strcmp(name + DIGEST_HEX - 1, ".mdb"))
		return;
	memcpy(id, name, DIGEST_HEX - 1);
	id[DIGEST_HEX - 1] = 0;
	if (digest_parse(&d, id) < 0)
		return;
	if (l->n == l->room) {
		l->room = 2 * l->room + 64;
		l->ids = die_realloc(l->ids, l->room * sizeof *l->ids);
	}
	memcpy(l->ids[l->n++], id, DIGEST_HEX);
}

static void list_objects(struct list *l)
{
	for (int i = 0; i < 256; i++) {
		char folder[16];
		snprintf(folder, sizeof folder, "objects/%02x", i);
		folder_each(folder, append, l);
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Sorted, each once: gc may have moved one while we looked. */
static size_t finish(struct list *l, char (**ids)[DIGEST_HEX])
{
	size_t n = 0;
	if (l->n)
		qsort(l->ids, l->n, sizeof *l->ids, compare);
	for (size_t i = 0; i < l->n; i++)
		if (!n || strcmp(l->ids[n - 1], l->ids[i]) != 0)
			memmove(l->ids[n++], l->ids[i], DIGEST_HEX);
	*ids = l->ids;
	return n;
}

size_t objects_in(const char *folder, char (**ids)[DIGEST_HEX])
{
	struct list l = {0};
	if (!strcmp(folder, "objects"))
		list_objects(&l);
	else
		folder_each(folder, append, &l);
	return finish(&l, ids);
}

size_t objects_list(char (**ids)[DIGEST_HEX])
{
	struct list l = {0};
	list_objects(&l);
	folder_each("trash", append, &l);
	return finish(&l, ids);
}

/* A file such as build/runs/default/probe.id. */
static int read_id_file(char id[DIGEST_HEX], const char *path, struct error *e)
{
	char *text;
	size_t n;
	struct digest d;
	if (file_read(&text, &n, path, 1 << 10, e) < 0)
		return -1;
	if (n && text[n - 1] == '\n')
		text[n - 1] = 0;
	int status = digest_parse(&d, text);
	if (status == 0)
		digest_hex(id, &d);
	free(text);
	return status < 0 ? error_set(e, path, 0, "does not hold an id") : 0;
}

static int find_beginning(char id[DIGEST_HEX], const char *name, struct error *e)
{
	char(*ids)[DIGEST_HEX];
	size_t n = objects_list(&ids), n_found = 0, length = strlen(name);
	for (size_t i = 0; i < n; i++)
		if (!strncmp(ids[i], name, length) && ++n_found == 1)
			memcpy(id, ids[i], DIGEST_HEX);
	free(ids);
	if (n_found == 1)
		return 0;
	if (n_found > 1)
		return error_set(e, NULL, 0, "%zu objects begin with %s; give more digits", n_found, name);
	return error_set(e, NULL, 0, "no object in %s begins with %s; 'store ls' lists them",
			 artifact_store_path(), name);
}

int objects_resolve(char id[DIGEST_HEX], const char *name, struct error *e)
{
	size_t n = strlen(name);
	bool is_hex = strspn(name, "0123456789abcdef") == n;
	if (is_hex && n == DIGEST_HEX - 1) {
		memcpy(id, name, DIGEST_HEX);
		return 0;
	}
	if (is_hex && n >= 4 && n < DIGEST_HEX)
		return find_beginning(id, name, e);
	if (file_is_named(name))
		return read_id_file(id, name, e);
	return error_set(e, NULL, 0,
			 "'%.80s' is neither an id, 4 or more first digits of one, nor an .id file", name);
}
