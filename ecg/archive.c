#include "ecg/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/die.h"
#include "ecg/path.h"

#define BLOCK_BYTES 65536

/* What is used of libarchive: each name becomes a pointer of the function's own type. */
#define FUNCTIONS(F)                                                                                         \
	F(archive_read_new)                                                                                  \
	F(archive_read_free)                                                                                 \
	F(archive_read_support_format_zip_seekable)                                                          \
	F(archive_read_open_filename)                                                                        \
	F(archive_read_next_header)                                                                          \
	F(archive_read_data)                                                                                 \
	F(archive_error_string)                                                                              \
	F(archive_entry_pathname)                                                                            \
	F(archive_entry_filetype)                                                                            \
	F(archive_entry_hardlink)                                                                            \
	F(archive_entry_is_encrypted)

#define MEMBER(name) __typeof__(name) *name;
static struct {
	FUNCTIONS(MEMBER)
} lib;

static void load(void)
{
	void *handle = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		die("cannot load libarchive: %s; run ./setup", dlerror());
/* ISO C has no conversion from void * to a function; POSIX asks for this one. */
#define LOAD(name)                                                                                           \
	*(void **)&lib.name = dlsym(handle, #name);                                                          \
	if (!lib.name)                                                                                       \
		die("libarchive lacks %s; run ./setup", #name);
	FUNCTIONS(LOAD)
}

struct walk {
	struct archive *a;
	const char *path;
	unsigned char *bytes;
	size_t max;
	struct error *e;
};

static int failed(const struct walk *w, const char *name)
{
	const char *why = lib.archive_error_string(w->a);
	return error_set(w->e, w->path, 0, "%s%s%s", name ? name : "", name ? ": " : "",
			 why ? why : "damaged");
}

/* Read the current entry whole. archive_read_data gives ARCHIVE_WARN after the last bytes of an entry whose
 * CRC is wrong, so anything negative is fatal. */
static int read_entry(struct walk *w, const char *name, size_t *n_bytes)
{
	size_t n = 0;
	for (;;) {
		if (n == w->max) {
			if (n >= (size_t)ARCHIVE_FILE_MAX)
				return error_set(w->e, w->path, 0, "%s: larger than 1 GiB", name);
			w->bytes = die_realloc(w->bytes, w->max = w->max ? 2 * w->max : BLOCK_BYTES);
		}
		la_ssize_t got = lib.archive_read_data(w->a, w->bytes + n, w->max - n);
		if (got < 0)
			return failed(w, name);
		if (got == 0)
			break;
		n += (size_t)got;
	}
	*n_bytes = n;
	return 0;
}

/* Whether an entry may be looked at: a regular file by a plain name. 1 yes, 0 a folder, -1 refused. */
static int examine(const struct walk *w, struct archive_entry *entry, const char **name)
{
	*name = lib.archive_entry_pathname(entry);
	if (!*name)
		return error_set(w->e, w->path, 0, "holds a file whose name cannot be read");
	if (lib.archive_entry_filetype(entry) == AE_IFDIR)
		return 0;
	if (!path_is_inside(*name))
		return error_set(w->e, w->path, 0, "holds the unsafe name '%.100s'", *name);
	if (lib.archive_entry_filetype(entry) != AE_IFREG || lib.archive_entry_hardlink(entry))
		return error_set(w->e, w->path, 0, "%s: not a regular file", *name);
	if (lib.archive_entry_is_encrypted(entry))
		return error_set(w->e, w->path, 0, "%s: encrypted", *name);
	return 1;
}

static int walk(struct walk *w, bool (*wants)(void *context, const char *name),
		int (*take)(void *context, const char *name, const void *bytes, size_t n_bytes,
			    struct error *e),
		void *context)
{
	struct archive_entry *entry;
	int status;
	long n_entries = 0;
	while ((status = lib.archive_read_next_header(w->a, &entry)) != ARCHIVE_EOF) {
		const char *name;
		if (status != ARCHIVE_OK)
			return failed(w, NULL);
		if (++n_entries > ARCHIVE_ENTRIES_MAX)
			return error_set(w->e, w->path, 0, "holds more than %ld files", ARCHIVE_ENTRIES_MAX);
		int kind = examine(w, entry, &name);
		if (kind < 0)
			return -1;
		if (kind == 0 || !wants(context, name))
			continue;
		size_t n_bytes = 0;
		char *copy = die_strdup(name);
		int result = read_entry(w, copy, &n_bytes);
		if (result == 0)
			result = take(context, copy, w->bytes, n_bytes, w->e);
		free(copy);
		if (result < 0)
			return -1;
	}
	return 0;
}

int archive_each(const char *path, bool (*wants)(void *context, const char *name),
		 int (*take)(void *context, const char *name, const void *bytes, size_t n_bytes,
			     struct error *e),
		 void *context, struct error *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, load);
	struct walk w = {.a = lib.archive_read_new(), .path = path, .e = e};
	int result = -1;
	if (!w.a)
		die("libarchive: out of memory");
	if (lib.archive_read_support_format_zip_seekable(w.a) != ARCHIVE_OK)
		failed(&w, NULL);
	else if (lib.archive_read_open_filename(w.a, path, BLOCK_BYTES) != ARCHIVE_OK)
		error_set(e, path, 0, "not a zip file, or only part of one");
	else
		result = walk(&w, wants, take, context);
	lib.archive_read_free(w.a);
	free(w.bytes);
	return result;
}
