#include "ecg/dataset.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/progress.h"
#include "ecg/path.h"
#include "ecg/ptbxl.h"
#include "ecg/source.h"
#include "ecg/sums.h"
#include "ecg/wfdb_samples.h"

#define TABLE_MAX ((size_t)1 << 28) /* bytes of a CSV file or checksum list */
#define FILE_MAX  ((size_t)1 << 30) /* bytes of a signal file */

struct dataset {
	struct dataset_options options;
	struct source *source;
	struct sums *sums; /* NULL: the dataset lists none */
	struct catalog catalog;
	struct dataset_file *used;
	size_t n_used, used_max;
	pthread_mutex_t lock; /* of used */
};

const char *dataset_marker(const struct listing *listing)
{
	return listing ? listing->csv : PTBXL_DATABASE;
}

/* ---- checked files ---- */

static void note_used(struct dataset *d, const char *name, const char *hex)
{
	pthread_mutex_lock(&d->lock);
	if (d->n_used == d->used_max) {
		d->used_max = d->used_max ? 2 * d->used_max : 1024;
		d->used = die_realloc(d->used, d->used_max * sizeof *d->used);
	}
	struct dataset_file *u = &d->used[d->n_used++];
	u->name = die_strdup(name);
	memcpy(u->hex, hex, DATASET_HEX);
	pthread_mutex_unlock(&d->lock);
}

/* Read a file and hold it against the dataset's checksums. */
static int read_checked(struct dataset *d, const char *name, char **bytes, size_t *n_bytes, size_t max,
			struct error *e)
{
	char hex[DATASET_HEX];
	if (source_read(d->source, name, bytes, n_bytes, max, e) < 0)
		return -1;
	d->options.sha256(hex, *bytes, *n_bytes);

	const char *listed = d->sums ? sums_find(d->sums, name) : hex;
	if (listed && !strcmp(listed, hex)) {
		note_used(d, name, hex);
		return 0;
	}

	free(*bytes);
	*bytes = NULL;
	if (!listed)
		return error_set(e, name, 0, "not listed in " SUMS_FILE);

	return error_set(e, name, 0,
			 "damaged or changed: " SUMS_FILE " says %.12s..., found SHA-256 %.12s...", listed,
			 hex);
}

static int by_name(const void *a, const void *b)
{
	const struct dataset_file *x = a, *y = b;
	return strcmp(x->name, y->name);
}

const struct dataset_file *dataset_used(struct dataset *d, size_t *n)
{
	if (d->n_used)
		qsort(d->used, d->n_used, sizeof *d->used, by_name);
	size_t kept = 0;
	for (size_t i = 0; i < d->n_used; i++) {
		if (kept && !by_name(&d->used[kept - 1], &d->used[i]))
			free(d->used[i].name);
		else
			d->used[kept++] = d->used[i];
	}
	*n = d->n_used = kept;
	return d->used;
}

/* ---- which files a zip is asked for ---- */

#define FEW 100 /* so many files are not worth a line */

struct wish {
	char **names; /* sorted when granted */
	size_t n, max;
	const volatile bool *is_interrupted;
	struct progress progress;
};

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Takes name over. */
static void wish_for(struct wish *w, char *name)
{
	if (w->n == w->max) {
		w->max = w->max ? 2 * w->max : 1024;
		w->names = die_realloc(w->names, w->max * sizeof *w->names);
	}
	w->names[w->n++] = name;
}

static bool is_wished(void *context, const char *name)
{
	struct wish *w = context;
	if (w->is_interrupted && *w->is_interrupted)
		return false;
	if (!bsearch(&name, w->names, w->n, sizeof *w->names, compare_texts))
		return false;
	progress_step(&w->progress, 1);
	return true;
}

/* Gather the files and empty the wish. */
static int grant(struct dataset *d, struct wish *w, struct error *e)
{
	int result = 0;
	if (w->n) {
		qsort(w->names, w->n, sizeof *w->names, compare_texts);
		w->is_interrupted = d->options.is_interrupted;
		progress_start(&w->progress, "fetch", "files from the zip", w->n);
		result = source_gather(d->source, is_wished, w, e);
		if (w->n > FEW)
			progress_end(&w->progress);
	}
	for (size_t i = 0; i < w->n; i++)
		free(w->names[i]);
	free(w->names);
	*w = (struct wish){0};
	return result;
}

/* ---- tables ---- */

static int load_sums(struct dataset *d, struct error *e)
{
	char *bytes;
	size_t n;
	if (d->options.listing && !source_has(d->source, SUMS_FILE))
		return 0;
	if (source_read(d->source, SUMS_FILE, &bytes, &n, TABLE_MAX, e) < 0)
		return -1;
	d->sums = sums_open(SUMS_FILE, bytes, n, e);
	free(bytes);
	return d->sums ? 0 : -1;
}

static int load_listing(struct dataset *d, struct error *e)
{
	const struct listing *l = d->options.listing;
	char *bytes;
	size_t n;
	if (read_checked(d, l->csv, &bytes, &n, TABLE_MAX, e) < 0)
		return -1;
	int result = listing_records(l, &d->catalog, bytes, n, e);
	free(bytes);
	return result;
}

static int load_ptbxl(struct dataset *d, struct error *e)
{
	char *bytes;
	size_t n;
	if (read_checked(d, PTBXL_STATEMENTS, &bytes, &n, TABLE_MAX, e) < 0)
		return -1;
	int result = ptbxl_statements(&d->catalog, bytes, n, e);
	free(bytes);
	if (result < 0 || read_checked(d, PTBXL_DATABASE, &bytes, &n, TABLE_MAX, e) < 0)
		return -1;
	result = ptbxl_records(&d->catalog, bytes, n, d->options.rate_hz, e);
	free(bytes);
	return result;
}

static int load_tables(struct dataset *d, struct error *e)
{
	const struct listing *l = d->options.listing;
	if (load_sums(d, e) < 0 || (l ? load_listing(d, e) : load_ptbxl(d, e)) < 0)
		return -1;
	return catalog_finish(&d->catalog, d->options.limit, dataset_marker(l), e);
}

/* ---- records ---- */

static char *header_name(const struct catalog_record *r)
{
	return die_printf("%s.hea", r->path);
}

/* Name of a signal file that stands beside the record's header. */
static char *beside(const struct catalog_record *r, const char *file)
{
	char *folder = path_folder(r->path), *name = path_join(folder, file);
	free(folder);
	return name;
}

/* Wish for the signal files that a record's header names and that are not there yet. */
static int wish_for_signals(struct dataset *d, struct wish *w, const struct catalog_record *r,
			    struct error *e)
{
	struct wfdb h;
	size_t n;
	char *name = header_name(r), *bytes;
	int result = source_read(d->source, name, &bytes, &n, WFDB_HEADER_MAX, e);

	if (result == 0) {
		int parsed =
			wfdb_parse(&h, name, bytes, n, NULL); /* reading the record will say what is wrong */
		for (int k = 0; parsed == 0 && k < h.n_signals; k = wfdb_group_end(&h, k)) {
			char *file = beside(r, h.signals[k].file);
			if (source_has(d->source, file))
				free(file);
			else
				wish_for(w, file);
		}
		free(bytes);
	}

	free(name);
	return result;
}

/* At most two passes over a zip: headers with the signal file that each record usually has, then what headers
 * name besides. A folder needs none. */
static int gather_records(struct dataset *d, struct error *e)
{
	struct wish w = {0};
	if (!source_is_zip(d->source))
		return 0;
	for (size_t i = 0; i < d->catalog.n; i++) {
		wish_for(&w, header_name(&d->catalog.records[i]));
		wish_for(&w, die_printf("%s.dat", d->catalog.records[i].path));
	}
	int result = grant(d, &w, e);
	for (size_t i = 0; result == 0 && i < d->catalog.n; i++)
		result = wish_for_signals(d, &w, &d->catalog.records[i], e);
	return grant(d, &w, e) < 0 ? -1 : result;
}

struct dataset *dataset_open(const char *place, const struct dataset_options *options, struct error *e)
{
	struct dataset *d = die_calloc(1, sizeof *d);
	d->options = *options;
	pthread_mutex_init(&d->lock, NULL);
	catalog_init(&d->catalog);
	const char *tables[] = {dataset_marker(options->listing), SUMS_FILE,
				options->listing ? NULL : PTBXL_STATEMENTS, NULL};
	d->source = source_open(place, tables, options->scratch, e);
	if (d->source && load_tables(d, e) == 0 && gather_records(d, e) == 0)
		return d;
	dataset_close(d);
	return NULL;
}

void dataset_close(struct dataset *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n_used; i++)
		free(d->used[i].name);
	free(d->used);
	catalog_release(&d->catalog);
	sums_close(d->sums);
	source_close(d->source);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

const struct catalog *dataset_catalog(const struct dataset *d)
{
	return &d->catalog;
}

/* Signals first..last-1, which share a file; the first file says how many samples there are. 0, 1 or -1 as
 * dataset_read. */
static int read_group(struct dataset *d, const struct catalog_record *r, const struct wfdb *h, int first,
		      int last, int32_t **x, long *n_samples, struct error *e)
{
	char *name = beside(r, h->signals[first].file), *bytes;
	size_t n;
	int result = read_checked(d, name, &bytes, &n, FILE_MAX, e);
	if (result == 0) {
		if (first == 0 && (*n_samples = wfdb_samples_count(h, first, last, name, n, e)) >= 0)
			*x = die_malloc(sizeof **x * (size_t)*n_samples * (size_t)h->n_signals);
		if (!*x ||
		    wfdb_samples_read(*x, *n_samples, h, first, last, name, (uint8_t *)bytes, n, e) < 0)
			result = 1;
		free(bytes);
	}
	free(name);
	return result;
}

int dataset_read(struct dataset *d, struct record *out, size_t i, struct error *e)
{
	const struct catalog_record *r = &d->catalog.records[i];
	char *name = header_name(r), *bytes;
	struct wfdb h;
	size_t n;
	int32_t *x = NULL;
	long n_samples = 0;
	int result = read_checked(d, name, &bytes, &n, WFDB_HEADER_MAX, e);

	if (result < 0)
		goto done;
	if (wfdb_parse(&h, name, bytes, n, e) < 0)
		result = 1;
	free(bytes);
	if (result == 0 && !d->options.listing && h.rate_hz != d->options.rate_hz) {
		error_set(e, name, 0, "expected %d Hz, found %g Hz", d->options.rate_hz, h.rate_hz);
		result = 1;
	}

	for (int first = 0, last; result == 0 && first < h.n_signals; first = last) {
		last = wfdb_group_end(&h, first);
		result = read_group(d, r, &h, first, last, &x, &n_samples, e);
	}

	if (result == 0 && record_from_wfdb(out, name, &h, x, n_samples, e) < 0)
		result = 1;
done:
	free(x);
	free(name);

	return result;
}
