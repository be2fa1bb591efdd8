#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/bundle.h"
#include "audit/bundle_members.h"
#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/bytes.h"
#include "store/digest.h"

#define MAX_BUNDLE  ((size_t)1 << 30)
#define MAX_MEMBERS ((size_t)100000)

/* ---- members ---- */

static int compare(const void *name, const void *member)
{
	return strcmp(name, ((const struct tar_member *)member)->name);
}

const struct tar_member *bundle_find(const struct bundle *b, const char *name)
{
	return bsearch(name, b->members, b->n, sizeof *b->members, compare);
}

void bundle_stem(char stem[TAR_NAME], const struct tar_member *m, const char *folder, const char *suffix)
{
	size_t n = strlen(m->name), before = strlen(folder), after = strlen(suffix);
	*stem = 0;
	if (n <= before + after || strncmp(m->name, folder, before) || strcmp(m->name + n - after, suffix))
		return;
	memcpy(stem, m->name + before, n - before - after);
	stem[n - before - after] = 0;
}

/* All are in one folder, whose name is cut off. */
static int take(struct bundle *b, struct tar_member *m, char folder[TAR_NAME], struct error *e)
{
	char *slash = strchr(m->name, '/');
	size_t n = slash ? (size_t)(slash - m->name) : 0;
	if (!n || (*folder && (strlen(folder) != n || strncmp(folder, m->name, n))))
		return error_set(e, b->path, 0, "member %s: a bundle is one folder", m->name);
	if (b->n == MAX_MEMBERS)
		return error_set(e, b->path, 0, "more than %zu files", MAX_MEMBERS);
	memcpy(folder, m->name, n);
	folder[n] = 0;
	memmove(m->name, slash + 1, strlen(slash + 1) + 1);
	if (b->n % 256 == 0)
		b->members = die_realloc(b->members, (b->n + 256) * sizeof *b->members);
	b->members[b->n++] = *m;
	return 0;
}

static int read_members(struct bundle *b, const char *bytes, size_t n_bytes, struct error *e)
{
	struct tar t = tar_open(bytes, n_bytes, b->path);
	struct tar_member m;
	char folder[TAR_NAME] = "";
	int status;
	while ((status = tar_next(&t, &m, e)) > 0)
		if (take(b, &m, folder, e) < 0)
			return -1;
	return status;
}

/* ---- sums ---- */

/* What SHA256SUMS must be: all other files in their order. Yours to free. */
static struct bytes sums_of(const struct bundle *b)
{
	struct bytes sums = {0};
	for (size_t i = 0; i < b->n; i++) {
		const struct tar_member *m = &b->members[i];
		char hex[DIGEST_HEX];
		if (!strcmp(m->name, BUNDLE_SUMS))
			continue;
		struct digest d = digest_of(m->bytes, m->n_bytes);
		digest_hex(hex, &d);
		bytes_text(&sums, hex);
		bytes_text(&sums, "  ");
		bytes_text(&sums, m->name);
		bytes_text(&sums, "\n");
	}
	return sums;
}

/* The name in the first line that differs; in name, "" if it cannot be told. */
static void first_difference(char name[TAR_NAME], const struct bytes *sums, const struct tar_member *m)
{
	size_t at = 0, line;
	while (at < sums->n && at < m->n_bytes && sums->first[at] == m->bytes[at])
		at++;
	for (line = at; line && sums->first[line - 1] != '\n';)
		line--;
	const char *end = line < sums->n ? memchr(sums->first + line, '\n', sums->n - line) : NULL;
	size_t from = line + DIGEST_HEX + 1, n = end ? (size_t)(end - sums->first) : 0;
	*name = 0;
	if (n > from && n - from < TAR_NAME) {
		memcpy(name, sums->first + from, n - from);
		name[n - from] = 0;
	}
}

static int check_sums(const struct bundle *b, struct error *e)
{
	const struct tar_member *m = bundle_find(b, BUNDLE_SUMS);
	char name[TAR_NAME];
	if (!m)
		return error_set(e, b->path, 0, "no bundle: it has no %s", BUNDLE_SUMS);
	struct bytes sums = sums_of(b);
	int status = 0;
	if (sums.n != m->n_bytes || (sums.n && memcmp(sums.first, m->bytes, sums.n))) {
		first_difference(name, &sums, m);
		status = error_set(e, b->path, 0, "damaged: %s is not as in %s",
				   *name ? name : "the list of files", BUNDLE_SUMS);
	}
	free(sums.first);
	return status;
}

/* ---- opening ---- */

static json_t *read_json(const struct bundle *b, const char *name, struct error *e)
{
	const struct tar_member *m = bundle_find(b, name);
	if (!m)
		error_set(e, b->path, 0, "no bundle: it has no %s", name);
	return m ? json_read(m->bytes, m->n_bytes, name, e) : NULL;
}

static int check_about(const struct bundle *b, struct error *e)
{
	const char *format = json_string_value(json_object_get(b->about, "format"));
	const json_t *results = json_object_get(b->about, "results"), *id;
	size_t i;
	struct digest d;
	if (!format || strcmp(format, "einthoven-bundle/1"))
		return error_set(e, b->path, 0, "bundle.json: not of format einthoven-bundle/1");
	json_array_foreach (results, i, id)
		if (!json_is_string(id) || digest_parse(&d, json_string_value(id)) < 0)
			return error_set(e, b->path, 0, "bundle.json: a result that is no id");
	return i ? 0 : error_set(e, b->path, 0, "bundle.json: it names no result");
}

struct bundle *bundle_read(const char *bytes, size_t n_bytes, const char *path, struct error *e)
{
	struct bundle *b = die_calloc(1, sizeof *b);
	b->path = path;
	if (read_members(b, bytes, n_bytes, e) == 0 && check_sums(b, e) == 0 &&
	    (b->about = read_json(b, "bundle.json", e)) && check_about(b, e) == 0)
		return b;
	bundle_close(b);
	return NULL;
}

struct bundle *bundle_open(const char *path, struct error *e)
{
	char *bytes;
	size_t n;
	if (file_read(&bytes, &n, path, MAX_BUNDLE, e) < 0)
		return NULL;
	struct bundle *b = bundle_read(bytes, n, path, e);
	if (b)
		b->own = bytes;
	else
		free(bytes);
	return b;
}

void bundle_close(struct bundle *b)
{
	if (!b)
		return;
	json_decref(b->about);
	free(b->members);
	free(b->own);
	free(b);
}

const json_t *bundle_results(const struct bundle *b)
{
	return json_object_get(b->about, "results");
}

bool bundle_is_name(const char *name)
{
	size_t n = strlen(name), suffix = strlen(".tar");
	return n > suffix && !strcmp(name + n - suffix, ".tar");
}
