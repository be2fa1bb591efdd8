#include "ecg/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "ecg/archive.h"
#include "ecg/path.h"

struct gathered {
	char *name;
	off_t offset;
	size_t n_bytes;
};

struct source {
	char *path; /* as given, for messages */
	char *root; /* a folder: the dataset's place; a zip: the folder inside it, "" or "some/folder" */
	bool is_zip;
	int scratch; /* of a zip, in scratch_folder */
	char *scratch_folder;
	off_t scratch_bytes;
	struct gathered *files; /* ascending names */
	size_t n, max;
};

/* ---- finding the root ---- */

/* A folder: itself, or its only subfolder that holds the marker. */
static int find_folder(struct source *s, const char *marker, struct error *e)
{
	char *file = path_join(s->path, marker), *found = NULL;
	bool is_here = file_exists(file);

	free(file);
	if (is_here) {
		s->root = die_strdup(s->path);
		return 0;
	}

	DIR *d = opendir(s->path);
	if (!d)
		return error_set(e, s->path, 0, "%s", strerror(errno));
	int n_found = 0;

	for (struct dirent *entry; (entry = readdir(d));) {
		if (entry->d_name[0] == '.')
			continue;
		char *folder = path_join(s->path, entry->d_name);
		file = path_join(folder, marker);
		if (file_exists(file) && n_found++ == 0)
			found = die_strdup(folder);
		free(file);
		free(folder);
	}

	closedir(d);
	s->root = found;
	if (n_found == 1)
		return 0;

	return error_set(e, s->path, 0,
			 n_found ? "%s is in several of its folders: name one"
				 : "no %s in this folder: not such a dataset",
			 marker);
}

/* A file without a name in folder: it goes when we do, however we end. */
static int open_scratch(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	char *name = path_join(folder, "scratch-XXXXXX");
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", folder, strerror(errno));
	unlink(name);
	free(name);
	return fd;
}

/* ---- a zip's files on the scratch file ---- */

static int order(const void *a, const void *b)
{
	const struct gathered *x = a, *y = b;
	return strcmp(x->name, y->name);
}

/* Among the first n files, which are sorted. */
static const struct gathered *find(const struct source *s, size_t n, const char *name)
{
	const struct gathered key = {.name = (char *)name};
	return n ? bsearch(&key, s->files, n, sizeof *s->files, order) : NULL;
}

/* The name relative to the root, or NULL for what lies outside it. */
static const char *inside_root(const struct source *s, const char *name)
{
	size_t n = strlen(s->root);
	if (!n)
		return name;
	return !strncmp(name, s->root, n) && name[n] == '/' ? name + n + 1 : NULL;
}

/* Append a file to the scratch file, under this name. */
static void put_scratch(struct source *s, const char *name, const void *bytes, size_t n_bytes)
{
	for (size_t done = 0; done < n_bytes;) {
		ssize_t n = pwrite(s->scratch, (const char *)bytes + done, n_bytes - done,
				   s->scratch_bytes + (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die("scratch file in %s: %s; free some space or set EINTHOVEN_STORE to another disk",
			    s->scratch_folder, strerror(errno));
		done += (size_t)n;
	}

	if (s->n == s->max)
		s->files = die_realloc(s->files, (s->max = s->max ? 2 * s->max : 1024) * sizeof *s->files);
	s->files[s->n++] =
		(struct gathered){.name = die_strdup(name), .offset = s->scratch_bytes, .n_bytes = n_bytes};
	s->scratch_bytes += (off_t)n_bytes;
}

static int sort_files(struct source *s, struct error *e)
{
	if (s->n)
		qsort(s->files, s->n, sizeof *s->files, order);
	for (size_t i = 1; i < s->n; i++)
		if (!order(&s->files[i - 1], &s->files[i]))
			return error_set(e, s->path, 0, "%s stands there twice", s->files[i].name);
	return 0;
}

struct gathering {
	struct source *s;
	size_t n_before; /* files that are there already */
	bool (*wants)(void *context, const char *name);
	void *context;
};

static bool is_wanted(void *context, const char *name)
{
	const struct gathering *g = context;
	const char *inside = inside_root(g->s, name);
	return inside && !find(g->s, g->n_before, inside) && g->wants(g->context, inside);
}

static int keep(void *context, const char *name, const void *bytes, size_t n_bytes, struct error *e)
{
	struct source *s = ((struct gathering *)context)->s;
	(void)e;
	put_scratch(s, inside_root(s, name), bytes, n_bytes);
	return 0;
}

int source_gather(struct source *s, bool (*wants)(void *context, const char *name), void *context,
		  struct error *e)
{
	if (!s->is_zip)
		return 0;
	struct gathering g = {.s = s, .n_before = s->n, .wants = wants, .context = context};
	return archive_each(s->path, is_wanted, keep, &g, e) < 0 ? -1 : sort_files(s, e);
}

/* ---- finding the root of a zip; its tables are kept on the way ---- */

struct search {
	struct source *s;
	const char *const *tables;
	char *root;
	bool is_ambiguous;
};

/* Bytes of name before a table's own, "/" included; -1 if it is no such table. */
static long before_table(const char *name, const char *table)
{
	size_t n = strlen(name), m = strlen(table);
	bool is_table = n >= m && !strcmp(name + n - m, table) && (n == m || name[n - m - 1] == '/');
	return is_table ? (long)(n - m) : -1;
}

static bool is_table(void *context, const char *name)
{
	struct search *f = context;
	long before = before_table(name, f->tables[0]);
	if (before >= 0) {
		f->is_ambiguous |= f->root != NULL;
		if (!f->root) {
			f->root = die_strdup(name);
			f->root[before ? before - 1 : 0] = '\0';
		}
	}
	for (int i = 0; before < 0 && f->tables[i]; i++)
		before = before_table(name, f->tables[i]);
	return before >= 0;
}

static int keep_table(void *context, const char *name, const void *bytes, size_t n_bytes, struct error *e)
{
	(void)e;
	put_scratch(((struct search *)context)->s, name, bytes, n_bytes);
	return 0;
}

/* Names were kept whole while the root was not known. */
static void keep_what_is_inside(struct source *s)
{
	size_t kept = 0;
	for (size_t i = 0; i < s->n; i++) {
		const char *inside = inside_root(s, s->files[i].name);
		if (inside) {
			struct gathered file = s->files[i];
			s->files[kept] = file;
			s->files[kept++].name = die_strdup(inside);
			free(file.name);
		} else {
			free(s->files[i].name);
		}
	}
	s->n = kept;
}

static int find_in_zip(struct source *s, const char *const tables[], struct error *e)
{
	struct search f = {.s = s, .tables = tables};
	int result = archive_each(s->path, is_table, keep_table, &f, e);
	s->root = f.root;
	if (result < 0)
		return -1;
	if (!f.root)
		return error_set(e, s->path, 0, "no %s in this zip: not such a dataset", tables[0]);
	if (f.is_ambiguous)
		return error_set(e, s->path, 0, "%s is in several of its folders", tables[0]);
	keep_what_is_inside(s);
	return sort_files(s, e);
}

struct source *source_open(const char *path, const char *const tables[], const char *scratch, struct error *e)
{
	struct stat st;
	struct source *s = die_calloc(1, sizeof *s);

	s->path = die_strdup(path);
	s->scratch = -1;
	if (stat(path, &st) < 0) {
		error_set(e, path, 0, "%s", strerror(errno));
		goto fail;
	}

	s->is_zip = !S_ISDIR(st.st_mode);
	if (s->is_zip && !S_ISREG(st.st_mode)) {
		error_set(e, path, 0, "expected a folder or a zip file");
		goto fail;
	}

	if (s->is_zip) {
		s->scratch_folder = die_strdup(scratch);
		s->scratch = open_scratch(scratch);
	}

	if (s->is_zip ? find_in_zip(s, tables, e) < 0 : find_folder(s, tables[0], e) < 0)
		goto fail;
	return s;
fail:
	source_close(s);

	return NULL;
}

void source_close(struct source *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->files[i].name);
	free(s->files);
	if (s->scratch >= 0)
		close(s->scratch);
	free(s->scratch_folder);
	free(s->root);
	free(s->path);
	free(s);
}

/* ---- reading ---- */

bool source_is_zip(const struct source *s)
{
	return s->is_zip;
}

const char *source_folder(const struct source *s)
{
	return s->is_zip ? NULL : s->root;
}

bool source_has(const struct source *s, const char *name)
{
	if (s->is_zip)
		return find(s, s->n, name) != NULL;
	char *file = path_join(s->root, name);
	bool exists = file_exists(file);
	free(file);
	return exists;
}

static int read_scratch(const struct source *s, const struct gathered *g, char *bytes)
{
	for (size_t done = 0; done < g->n_bytes;) {
		ssize_t n = pread(s->scratch, bytes + done, g->n_bytes - done, g->offset + (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("scratch file in %s: %s", s->scratch_folder,
			    n ? strerror(errno) : "shorter than what was written");
		done += (size_t)n;
	}
	bytes[g->n_bytes] = '\0';
	return 0;
}

int source_read(const struct source *s, const char *name, char **bytes, size_t *n_bytes, size_t max,
		struct error *e)
{
	if (!path_is_inside(name))
		return error_set(e, s->path, 0, "'%.100s' is not the path of a file inside the dataset",
				 name);
	if (!s->is_zip) {
		char *file = path_join(s->root, name);
		int result = file_read(bytes, n_bytes, file, max, e);
		free(file);
		return result;
	}

	const struct gathered *g = find(s, s->n, name);
	if (!g)
		return error_set(e, s->path, 0, "%s is not in this zip", name);
	if (g->n_bytes > max)
		return error_set(e, s->path, 0, "%s: larger than %zu bytes", name, max);
	*bytes = die_malloc(g->n_bytes + 1);
	*n_bytes = g->n_bytes;

	return read_scratch(s, g, *bytes);
}
