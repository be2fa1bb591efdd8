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
#include "ecg/path.h"
#include "ecg/zip.h"

struct source {
	char *path;	 /* as given, for messages */
	char *root;	 /* a folder: the dataset's place; a zip: the folder inside it, "" or "some/folder" */
	struct zip *zip; /* NULL: a folder */
};

struct source_file {
	char *place; /* for messages */
	uint64_t n_bytes, n_left;
	int fd;			/* in a folder */
	struct zip_stream *zip; /* in a zip */
};

/* ---- finding the root ---- */

static int no_marker(const struct source *s, const char *marker, const char *place, struct error *e)
{
	return error_set(e, s->path, 0,
			 "no %s in this %s: not such a dataset (fetch.source, format, labels_csv)", marker,
			 place);
}

static int several_markers(const struct source *s, const char *marker, struct error *e)
{
	return error_set(e, s->path, 0, "%s is in several of its folders: name one", marker);
}

/* A folder: itself, or its only subfolder that holds the marker. */
static int find_folder(struct source *s, const char *marker, struct error *e)
{
	char *file = path_join(s->path, marker);
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
			s->root = die_strdup(folder);
		free(file);
		free(folder);
	}

	closedir(d);
	return n_found == 1 ? 0 : n_found ? several_markers(s, marker, e) : no_marker(s, marker, "folder", e);
}

struct search {
	const char *marker;
	char *root; /* of the shallowest found */
	int depth, n_found;
};

static void see_name(void *context, const char *name)
{
	struct search *f = context;
	size_t n = strlen(name), m = strlen(f->marker);
	if (n < m || strcmp(name + n - m, f->marker) || (n > m && name[n - m - 1] != '/'))
		return;
	int depth = 0;
	for (size_t i = 0; i < n - m; i++)
		depth += name[i] == '/';
	if (f->n_found && depth > f->depth)
		return;
	f->n_found = f->n_found && depth == f->depth ? f->n_found + 1 : 1;
	f->depth = depth;
	free(f->root);
	f->root = die_strdup(name);
	f->root[n > m ? n - m - 1 : 0] = '\0';
}

/* A zip: the folder in it that holds the marker and lies least deep. A folder of that name twice is found
 * when it is read. */
static int find_in_zip(struct source *s, const char *marker, struct error *e)
{
	struct search f = {.marker = marker};
	if (zip_names(s->zip, see_name, &f, e) < 0) {
		free(f.root);
		return -1;
	}
	s->root = f.root;
	if (!f.n_found)
		return no_marker(s, marker, "zip", e);
	return f.n_found > 1 && f.depth ? several_markers(s, marker, e) : 0;
}

struct source *source_open(const char *path, const char *marker, struct error *e)
{
	struct stat st;
	struct source *s = die_calloc(1, sizeof *s);

	s->path = die_strdup(path);
	if (stat(path, &st) < 0) {
		error_set(e, path, 0, "%s", strerror(errno));
		goto fail;
	}
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
		error_set(e, path, 0, "expected a folder or a zip file");
		goto fail;
	}
	if (S_ISREG(st.st_mode) && !(s->zip = zip_open(s->path, e)))
		goto fail;
	if (s->zip ? find_in_zip(s, marker, e) < 0 : find_folder(s, marker, e) < 0)
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
	zip_close(s->zip);
	free(s->root);
	free(s->path);
	free(s);
}

const char *source_folder(const struct source *s)
{
	return s->zip ? NULL : s->root;
}

/* ---- a file ---- */

bool source_has(const struct source *s, const char *name)
{
	struct zip_member m;
	char *place = path_join(s->root, name);
	bool is_there = s->zip ? zip_find(s->zip, &m, place, NULL) != 0 : file_exists(place);
	free(place);
	return is_there;
}

static int open_member(struct source_file *f, const struct source *s, const char *name, struct error *e)
{
	struct zip_member m;
	int found = zip_find(s->zip, &m, f->place, e);
	if (found == 0)
		return error_set(e, s->path, 0, "%s is not in this zip", name);
	if (found < 0 || !(f->zip = zip_stream_open(s->zip, &m, e)))
		return -1;
	f->n_bytes = m.n_bytes;
	return 0;
}

/* Without waiting for whoever might write into a pipe of that name. */
static int open_plain(struct source_file *f, struct error *e)
{
	struct stat st;
	f->fd = open(f->place, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0 || fstat(f->fd, &st) < 0)
		return error_set(e, f->place, 0, "cannot open: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(e, f->place, 0, "not a regular file");
	f->n_bytes = f->n_left = (uint64_t)st.st_size;
	return 0;
}

struct source_file *source_file_open(const struct source *s, const char *name, struct error *e)
{
	if (!path_is_inside(name)) {
		error_set(e, s->path, 0, "'%.100s' is not the path of a file inside the dataset", name);
		return NULL;
	}

	struct source_file *f = die_calloc(1, sizeof *f);
	f->place = path_join(s->root, name);
	f->fd = -1;
	if (s->zip ? open_member(f, s, name, e) == 0 : open_plain(f, e) == 0)
		return f;
	source_file_close(f);

	return NULL;
}

void source_file_close(struct source_file *f)
{
	if (!f)
		return;
	zip_stream_close(f->zip);
	if (f->fd >= 0)
		close(f->fd);
	free(f->place);
	free(f);
}

uint64_t source_file_bytes(const struct source_file *f)
{
	return f->n_bytes;
}

long source_file_read(struct source_file *f, void *bytes, size_t n, struct error *e)
{
	if (f->zip)
		return zip_stream_read(f->zip, bytes, n, e);
	n = n < f->n_left ? n : (size_t)f->n_left;
	if (!n)
		return 0;
	ssize_t got;
	do
		got = read(f->fd, bytes, n);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return error_set(e, f->place, 0, "cannot read: %s",
				 got ? strerror(errno) : "it became shorter meanwhile");
	f->n_left -= (uint64_t)got;
	return got;
}

/* ---- whole files ---- */

static int read_whole(struct source_file *f, char *bytes, size_t n_bytes, struct error *e)
{
	size_t done = 0;
	for (long got; (got = source_file_read(f, bytes + done, n_bytes - done, e)) != 0; done += (size_t)got)
		if (got < 0)
			return -1;
	bytes[done] = '\0';
	return 0;
}

int source_read(const struct source *s, const char *name, char **bytes, size_t *n_bytes, size_t max,
		struct error *e)
{
	struct source_file *f = source_file_open(s, name, e);
	int result = -1;
	*bytes = NULL;
	if (!f)
		return -1;
	if (f->n_bytes > max) {
		error_set(e, s->zip ? s->path : f->place, 0, "%s%s%llu bytes, at most %zu expected",
			  s->zip ? name : "", s->zip ? ": " : "", (unsigned long long)f->n_bytes, max);
	} else {
		*n_bytes = (size_t)f->n_bytes;
		*bytes = die_malloc(*n_bytes + 1);
		result = read_whole(f, *bytes, *n_bytes, e);
	}
	if (result < 0) {
		free(*bytes);
		*bytes = NULL;
	}
	source_file_close(f);
	return result;
}
