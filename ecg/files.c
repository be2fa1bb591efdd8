#include "ecg/files.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

#define SUMS_MAX ((uint64_t)1 << 28) /* bytes of a checksum list */
#define BLOCK	 65536

struct files {
	struct files_options options;
	struct source *source;
	struct sums *listed;  /* SHA256SUMS.txt; NULL: the dataset has none */
	struct sums *found;   /* files read that it does not list */
	pthread_mutex_t lock; /* of found, and of is_used in listed */
};

/* ---- the dataset ---- */

static long read_plain(void *context, void *bytes, size_t n, struct error *e)
{
	return source_file_read(context, bytes, n, e);
}

static int load_sums(struct files *f, struct error *e)
{
	if (!source_has(f->source, SUMS_FILE))
		return f->options.must_have_sums ? error_set(e, SUMS_FILE, 0, "%s", SUMS_MISSING) : 0;
	struct source_file *list = source_file_open(f->source, SUMS_FILE, e);
	if (!list)
		return -1;
	if (source_file_bytes(list) > SUMS_MAX)
		error_set(e, SUMS_FILE, 0, "%llu bytes: expected at most %llu",
			  (unsigned long long)source_file_bytes(list), (unsigned long long)SUMS_MAX);
	else
		f->listed = sums_open(SUMS_FILE, (struct reader){read_plain, list}, e);
	source_file_close(list);
	return f->listed ? 0 : -1;
}

struct files *files_open(const char *place, const char *marker, const struct files_options *options,
			 struct error *e)
{
	struct files *f = die_calloc(1, sizeof *f);
	f->options = *options;
	pthread_mutex_init(&f->lock, NULL);
	f->found = sums_new();
	f->source = source_open(place, marker, e);
	if (f->source && load_sums(f, e) == 0)
		return f;
	files_close(f);
	return NULL;
}

void files_close(struct files *f)
{
	if (!f)
		return;
	sums_close(f->listed);
	sums_close(f->found);
	source_close(f->source);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

/* ---- a file ---- */

int files_stream_open(struct files_stream *s, struct files *f, const char *name, struct error *e)
{
	*s = (struct files_stream){.files = f, .name = name, .file = source_file_open(f->source, name, e)};
	if (!s->file)
		return -1;
	s->hash = f->options.sha256.open();
	return 0;
}

uint64_t files_stream_size(const struct files_stream *s)
{
	return source_file_bytes(s->file);
}

long files_stream_read(void *context, void *bytes, size_t n, struct error *e)
{
	struct files_stream *s = context;
	long got = source_file_read(s->file, bytes, n, e);
	if (got > 0)
		s->files->options.sha256.update(s->hash, bytes, (size_t)got);
	return got;
}

/* Hold the digest against the dataset's checksums. */
static int compare(const struct files_stream *s, const uint8_t digest[SUMS_BYTES], struct error *e)
{
	struct files *f = s->files;
	struct sum *listed = f->listed ? sums_find(f->listed, s->name) : NULL;
	char expected[SUMS_HEX], got[SUMS_HEX];

	if (listed && memcmp(listed->digest, digest, SUMS_BYTES) != 0) {
		sums_hex(expected, listed->digest);
		sums_hex(got, digest);
		return error_set(e, s->name, 0,
				 "damaged or changed: " SUMS_FILE " says %.12s..., found SHA-256 %.12s...",
				 expected, got);
	}
	bool is_own = f->options.own && !strcmp(s->name, f->options.own);
	if (f->listed && !listed && !is_own)
		return error_set(e, s->name, 0, "not listed in " SUMS_FILE);

	pthread_mutex_lock(&f->lock);
	if (listed)
		listed->is_used = true;
	else
		sums_add(f->found, s->name, digest);
	pthread_mutex_unlock(&f->lock);
	return 0;
}

/* Read what is left of the file and check it. */
int files_stream_close(struct files_stream *s, struct error *e)
{
	uint8_t digest[SUMS_BYTES];
	char *rest = die_malloc(BLOCK);
	long got;
	while ((got = files_stream_read(s, rest, BLOCK, e)) > 0)
		;
	free(rest);
	source_file_close(s->file);
	s->files->options.sha256.close(s->hash, digest);
	return got < 0 ? -1 : compare(s, digest, e);
}

void files_stream_drop(struct files_stream *s)
{
	uint8_t digest[SUMS_BYTES];
	source_file_close(s->file);
	s->files->options.sha256.close(s->hash, digest);
}

/* All of an open file, which is closed; a NUL follows the last byte. */
int files_stream_whole(struct files_stream *s, char **bytes, size_t *n_bytes, struct error *e)
{
	size_t n = 0;
	long got;
	*n_bytes = (size_t)source_file_bytes(s->file);
	*bytes = die_malloc(*n_bytes + 1);
	while ((got = files_stream_read(s, *bytes + n, *n_bytes - n, e)) > 0)
		n += (size_t)got;
	(*bytes)[n] = '\0';
	if (got < 0)
		files_stream_drop(s);
	if (got == 0 && files_stream_close(s, e) == 0)
		return 0;
	free(*bytes);
	*bytes = NULL;
	return -1;
}

int files_read(struct files *f, const char *name, char **bytes, size_t *n_bytes, size_t max, struct error *e)
{
	struct files_stream s;
	*bytes = NULL;
	if (files_stream_open(&s, f, name, e) < 0)
		return -1;
	if (files_stream_size(&s) <= max)
		return files_stream_whole(&s, bytes, n_bytes, e);
	/* Of what is too large nothing is read. */
	error_set(e, name, 0, "%llu bytes: expected at most %zu", (unsigned long long)files_stream_size(&s),
		  max);
	files_stream_drop(&s);
	return -1;
}

/* The used ones of both lists, merged. */
void files_used(struct files *f, void (*see)(void *context, const char *name, const char hex[SUMS_HEX]),
		void *context)
{
	size_t n_listed = 0, n_found;
	const struct sum *listed = f->listed ? sums_list(f->listed, &n_listed) : NULL;
	const struct sum *found = sums_list(f->found, &n_found);
	char hex[SUMS_HEX];

	for (size_t i = 0, k = 0; i < n_listed || k < n_found;) {
		if (i < n_listed && !listed[i].is_used) {
			i++;
			continue;
		}
		bool is_listed = k == n_found || (i < n_listed && strcmp(listed[i].path, found[k].path) < 0);
		const struct sum *x = is_listed ? &listed[i++] : &found[k++];
		sums_hex(hex, x->digest);
		see(context, x->path, hex);
	}
}
