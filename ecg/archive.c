#include "ecg/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/die.h"
#include "common/pool.h"
#include "ecg/path.h"

#define BLOCK_BYTES 65536
#define MAX_WALKERS 8

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
	/* libarchive makes local times, and without TZ each of them looks for /etc/localtime: six times a file. */
	setenv("TZ", "UTC", 0);
}

/* Several threads walk through the same file, each with a reader of its own; who comes first to an entry has it. */
struct visit {
	const char *path;
	bool (*wants)(void *context, const char *name);
	int (*take)(void *context, const char *name, const void *bytes, size_t n_bytes, struct error *e);
	void *context;
	pthread_mutex_t lock; /* of what follows, and held by wants and take */
	long n_claimed;	      /* entries from the start that some walk has */
	bool is_over;	      /* one has failed, with e filled */
	struct error *e;
};

struct walk {
	struct visit *visit;
	struct archive *a;
	const char *path;
	unsigned char *bytes;
	size_t max;
	struct error *e, error;
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

/* Whether entry number i is for this walk, and wanted. All walks meet the entries in one order. */
static bool claim(struct visit *v, long i, const char *name)
{
	pthread_mutex_lock(&v->lock);
	bool is_mine = i == v->n_claimed;
	v->n_claimed += is_mine;
	is_mine = is_mine && name && v->wants(v->context, name);
	pthread_mutex_unlock(&v->lock);
	return is_mine;
}

static bool is_over(struct visit *v)
{
	pthread_mutex_lock(&v->lock);
	bool over = v->is_over;
	pthread_mutex_unlock(&v->lock);
	return over;
}

static int hand_over(struct walk *w, const char *name, size_t n_bytes)
{
	pthread_mutex_lock(&w->visit->lock);
	int result = w->visit->take(w->visit->context, name, w->bytes, n_bytes, w->e);
	pthread_mutex_unlock(&w->visit->lock);
	return result;
}

static int walk(struct walk *w)
{
	struct archive_entry *entry;
	int status;
	long n_entries = 0;

	while ((status = lib.archive_read_next_header(w->a, &entry)) != ARCHIVE_EOF && !is_over(w->visit)) {
		const char *name;
		if (status != ARCHIVE_OK)
			return failed(w, NULL);
		if (++n_entries > ARCHIVE_ENTRIES_MAX)
			return error_set(w->e, w->path, 0, "holds more than %ld files", ARCHIVE_ENTRIES_MAX);
		int kind = examine(w, entry, &name);
		if (kind < 0)
			return -1;
		if (!claim(w->visit, n_entries - 1, kind ? name : NULL))
			continue;
		size_t n_bytes = 0;
		char *copy = die_strdup(name);
		int result = read_entry(w, copy, &n_bytes);
		if (result == 0)
			result = hand_over(w, copy, n_bytes);
		free(copy);
		if (result < 0)
			return -1;
	}

	return 0;
}

static void walk_through(void *context, int i)
{
	struct visit *v = context;
	struct walk w = {.visit = v, .a = lib.archive_read_new(), .path = v->path};
	int result = -1;

	(void)i;
	w.e = &w.error;
	if (!w.a)
		die("libarchive: out of memory");

	if (lib.archive_read_support_format_zip_seekable(w.a) != ARCHIVE_OK)
		failed(&w, NULL);
	else if (lib.archive_read_open_filename(w.a, v->path, BLOCK_BYTES) != ARCHIVE_OK)
		error_set(w.e, v->path, 0, "not a zip file, or only part of one");
	else
		result = walk(&w);

	lib.archive_read_free(w.a);
	free(w.bytes);
	pthread_mutex_lock(&v->lock);
	if (result < 0 && !v->is_over) {
		v->is_over = true;
		*v->e = w.error;
	}

	pthread_mutex_unlock(&v->lock);
}

int archive_each(const char *path, bool (*wants)(void *context, const char *name),
		 int (*take)(void *context, const char *name, const void *bytes, size_t n_bytes,
			     struct error *e),
		 void *context, struct error *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, load);
	struct visit v = {.path = path, .wants = wants, .take = take, .context = context, .e = e};
	int n_walkers = pool_threads() < MAX_WALKERS ? pool_threads() : MAX_WALKERS;
	pthread_mutex_init(&v.lock, NULL);
	pool_run(walk_through, &v, n_walkers);
	pthread_mutex_destroy(&v.lock);
	return v.is_over ? -1 : 0;
}
