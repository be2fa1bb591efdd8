#include "ecg/dataset.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/path.h"
#include "ecg/source.h"
#include "ecg/wfdb_samples.h"

#define TABLE_MAX ((size_t)1 << 28) /* bytes of a CSV file or checksum list */
#define SIGNAL_MAX                                                                                           \
	((size_t)1 << 28) /* bytes of a signal file: six hours of twelve leads at 500 Hz and 16 bits */
#define BLOCK 65536

struct dataset {
	struct dataset_options options;
	struct source *source;
	struct sums *listed; /* SHA256SUMS.txt; NULL: the dataset has none */
	struct sums *found;  /* files read that it does not list */
	struct catalog catalog;
	pthread_mutex_t lock; /* of found, and of is_used in listed */
};

/* ---- checked files ---- */

/* A file on its way in: what is read of it is hashed. */
struct checked {
	struct dataset *d;
	const char *name;
	struct source_file *file;
	void *hash;
};

static int checked_open(struct checked *c, struct dataset *d, const char *name, struct error *e)
{
	*c = (struct checked){.d = d, .name = name, .file = source_file_open(d->source, name, e)};
	if (!c->file)
		return -1;
	c->hash = d->options.sha256.open();
	return 0;
}

static long checked_read(void *context, void *bytes, size_t n, struct error *e)
{
	struct checked *c = context;
	long got = source_file_read(c->file, bytes, n, e);
	if (got > 0)
		c->d->options.sha256.update(c->hash, bytes, (size_t)got);
	return got;
}

/* Of what is too large nothing is read. */
static int check_size(const struct checked *c, size_t max, struct error *e)
{
	uint64_t n = source_file_bytes(c->file);
	return n <= max ? 0
			: error_set(e, c->name, 0, "%llu bytes: expected at most %zu", (unsigned long long)n,
				    max);
}

/* Hold the digest against the dataset's checksums. */
static int compare(const struct checked *c, const uint8_t digest[SUMS_BYTES], struct error *e)
{
	struct dataset *d = c->d;
	struct sum *listed = d->listed ? sums_find(d->listed, c->name) : NULL;
	char expected[SUMS_HEX], got[SUMS_HEX];

	if (listed && memcmp(listed->digest, digest, SUMS_BYTES) != 0) {
		sums_hex(expected, listed->digest);
		sums_hex(got, digest);
		return error_set(e, c->name, 0,
				 "damaged or changed: " SUMS_FILE " says %.12s..., found SHA-256 %.12s...",
				 expected, got);
	}
	/* A list of one's own beside the publisher's files is in no list of theirs. */
	bool is_own =
		!d->options.choice.layout->has_sums && !strcmp(c->name, layout_marker(&d->options.choice));
	if (d->listed && !listed && !is_own)
		return error_set(e, c->name, 0, "not listed in " SUMS_FILE);

	pthread_mutex_lock(&d->lock);
	if (listed)
		listed->is_used = true;
	else
		sums_add(d->found, c->name, digest);
	pthread_mutex_unlock(&d->lock);
	return 0;
}

/* Read what is left of the file and check it. */
static int checked_close(struct checked *c, struct error *e)
{
	uint8_t digest[SUMS_BYTES];
	char *rest = die_malloc(BLOCK);
	long got;
	while ((got = checked_read(c, rest, BLOCK, e)) > 0)
		;
	free(rest);
	source_file_close(c->file);
	c->d->options.sha256.close(c->hash, digest);
	return got < 0 ? -1 : compare(c, digest, e);
}

static void checked_drop(struct checked *c)
{
	uint8_t digest[SUMS_BYTES];
	source_file_close(c->file);
	c->d->options.sha256.close(c->hash, digest);
}

/* All of an open file, which is closed; a NUL follows the last byte. */
static int checked_whole(struct checked *c, char **bytes, size_t *n_bytes, struct error *e)
{
	size_t n = 0;
	long got;
	*n_bytes = (size_t)source_file_bytes(c->file);
	*bytes = die_malloc(*n_bytes + 1);
	while ((got = checked_read(c, *bytes + n, *n_bytes - n, e)) > 0)
		n += (size_t)got;
	(*bytes)[n] = '\0';
	if (got < 0)
		checked_drop(c);
	if (got == 0 && checked_close(c, e) == 0)
		return 0;
	free(*bytes);
	*bytes = NULL;
	return -1;
}

static int read_small(struct dataset *d, const char *name, char **bytes, size_t *n_bytes, size_t max,
		      struct error *e)
{
	struct checked c;
	*bytes = NULL;
	if (checked_open(&c, d, name, e) < 0)
		return -1;
	if (check_size(&c, max, e) == 0)
		return checked_whole(&c, bytes, n_bytes, e);
	checked_drop(&c);
	return -1;
}

/* The used ones of both lists, merged. */
void dataset_used(struct dataset *d, void (*see)(void *context, const char *name, const char hex[SUMS_HEX]),
		  void *context)
{
	size_t n_listed = 0, n_found;
	const struct sum *listed = d->listed ? sums_list(d->listed, &n_listed) : NULL;
	const struct sum *found = sums_list(d->found, &n_found);
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

/* ---- tables ---- */

static long read_plain(void *context, void *bytes, size_t n, struct error *e)
{
	return source_file_read(context, bytes, n, e);
}

static int load_sums(struct dataset *d, struct error *e)
{
	if (!d->options.choice.layout->has_sums && !source_has(d->source, SUMS_FILE))
		return 0;
	struct source_file *f = source_file_open(d->source, SUMS_FILE, e);
	if (!f)
		return -1;
	if (source_file_bytes(f) > TABLE_MAX)
		error_set(e, SUMS_FILE, 0, "%llu bytes: expected at most %zu",
			  (unsigned long long)source_file_bytes(f), TABLE_MAX);
	else
		d->listed = sums_open(SUMS_FILE, (struct reader){read_plain, f}, e);
	source_file_close(f);
	return d->listed ? 0 : -1;
}

/* A damaged table is called damaged, whatever else is wrong with it. */
static int load_table(struct dataset *d, const char *name, struct error *e)
{
	struct checked c;
	struct error why = {0};
	if (checked_open(&c, d, name, e) < 0)
		return -1;
	if (check_size(&c, TABLE_MAX, e) < 0) {
		checked_drop(&c);
		return -1;
	}

	const struct layout_choice *choice = &d->options.choice;
	int result = choice->layout->read(&d->catalog, name, (struct reader){checked_read, &c}, choice, &why);
	if (checked_close(&c, e) < 0)
		return -1;
	return result < 0 ? error_set(e, NULL, 0, "%s", error_text(&why)) : 0;
}

static int load_tables(struct dataset *d, struct error *e)
{
	const struct layout_choice *choice = &d->options.choice;
	if (load_sums(d, e) < 0)
		return -1;
	for (int i = 0; layout_table(choice, i); i++)
		if (load_table(d, layout_table(choice, i), e) < 0)
			return -1;
	return catalog_finish(&d->catalog, d->options.limit, layout_marker(choice), e);
}

struct dataset *dataset_open(const char *place, const struct dataset_options *options, struct error *e)
{
	struct dataset *d = die_calloc(1, sizeof *d);
	d->options = *options;
	pthread_mutex_init(&d->lock, NULL);
	catalog_init(&d->catalog);
	d->found = sums_new();
	d->source = source_open(place, layout_marker(&options->choice), e);
	if (d->source && load_tables(d, e) == 0)
		return d;
	dataset_close(d);
	return NULL;
}

void dataset_close(struct dataset *d)
{
	if (!d)
		return;
	catalog_release(&d->catalog);
	sums_close(d->listed);
	sums_close(d->found);
	source_close(d->source);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

const struct catalog *dataset_catalog(const struct dataset *d)
{
	return &d->catalog;
}

/* ---- records ---- */

/* Name of a signal file that stands beside the record's header; yours to free. */
static char *beside(const struct catalog_record *r, const char *file)
{
	char *folder = path_folder(r->path), *name = path_join(folder, file);
	free(folder);
	return name;
}

/* The signal files that a record's leads are in, all open before any is read: what they hold together must
 * fit its header. */
struct signals {
	const struct wfdb *h;
	const int *columns; /* [n_leads] the signals that are leads, ascending */
	int n_leads;
	int n_files, first[LEADS], last[LEADS]; /* file i has signals first[i]..last[i] - 1 */
	char *name[LEADS];
	struct checked file[LEADS];
	long n_samples;
};

/* The first lead among signals from `first` on, or -1. */
static int next_lead(const struct signals *s, int first)
{
	for (int k = 0; k < s->n_leads; k++)
		if (s->columns[k] >= first)
			return s->columns[k];
	return -1;
}

/* Where the file of signal i begins. */
static int group_start(const struct wfdb *h, int i)
{
	int first = 0;
	for (int end; (end = wfdb_group_end(h, first)) <= i;)
		first = end;
	return first;
}

/* 0, or -1 if a file is missing. Files that are open are so in both cases. */
static int open_signals(struct signals *s, struct dataset *d, const struct catalog_record *r, struct error *e)
{
	for (int lead = next_lead(s, 0); lead >= 0; lead = next_lead(s, s->last[s->n_files++])) {
		int i = s->n_files, first = group_start(s->h, lead);
		s->name[i] = beside(r, s->h->signals[first].file);
		if (checked_open(&s->file[i], d, s->name[i], e) < 0) {
			free(s->name[i]);
			return -1;
		}
		s->first[i] = first;
		s->last[i] = wfdb_group_end(s->h, first);
	}
	return 0;
}

/* Whether sizes and header contradict each other; then e is filled. */
static bool check_signals(struct signals *s, struct error *e)
{
	for (int i = 0; i < s->n_files; i++) {
		size_t n = (size_t)source_file_bytes(s->file[i].file);
		long found = wfdb_samples_count(s->h, s->first[i], s->last[i], s->name[i], n, e);
		if (i && found >= 0 && found != s->n_samples)
			error_set(e, s->name[i], 0,
				  "%ld samples per signal, the record's other files have %ld", found,
				  s->n_samples);
		if (found < 0 || (i && found != s->n_samples))
			return true;
		s->n_samples = found;
	}
	return false;
}

static bool is_too_large(const struct signals *s, struct error *e)
{
	uint64_t n = 0;
	for (int i = 0; i < s->n_files; i++)
		n += source_file_bytes(s->file[i].file);
	if (n > SIGNAL_MAX)
		error_set(e, s->name[0], 0,
			  "a record of %llu bytes: at most %zu are read; cut it into shorter ones",
			  (unsigned long long)n, SIGNAL_MAX);
	return n > SIGNAL_MAX;
}

static void drop_signals(struct signals *s)
{
	for (int i = 0; i < s->n_files; i++)
		checked_drop(&s->file[i]);
}

/* Files first.. are closed. 0, or -1 if one is not what the dataset's checksums say. */
static int close_signals(struct signals *s, int first, struct error *e)
{
	int result = 0;
	for (int i = first; i < s->n_files; i++)
		if (checked_close(&s->file[i], e) < 0)
			result = -1;
	return result;
}

/* The record is left out because of `why`: 1; but -1 if a file is damaged, which is then what e says. Nothing
 * is read of files that are too large. */
static int refuse_signals(struct signals *s, const struct error *why, struct error *e)
{
	int result = 1;
	if (is_too_large(s, NULL))
		drop_signals(s);
	else if (close_signals(s, 0, e) < 0)
		result = -1;
	error_set(e, NULL, 0, "%s", error_text(why));
	return result;
}

static int decode_signals(struct signals *s, int32_t *x, struct error *e)
{
	for (int i = 0; i < s->n_files; i++) {
		char *bytes;
		size_t n;
		struct error why = {0};
		int result = checked_whole(&s->file[i], &bytes, &n, e);
		if (result == 0 &&
		    wfdb_samples_read(x, s->n_samples, s->h, s->first[i], s->last[i], s->columns, s->n_leads,
				      s->name[i], (uint8_t *)bytes, n, &why) < 0)
			result = 1;
		free(bytes);
		if (result == 0)
			continue;
		/* A file that is damaged ends the stage, a record that is wrong does not. */
		if (close_signals(s, i + 1, e) < 0 || result < 0)
			return -1;
		error_set(e, NULL, 0, "%s", error_text(&why));
		return 1;
	}
	return 0;
}

/* x [n_samples][n_leads], yours to free. 0, 1 or -1 as dataset_read. */
static int read_signals(struct dataset *d, const struct catalog_record *r, const struct wfdb *h,
			const int *columns, int n_leads, int32_t **x, long *n_samples, struct error *e)
{
	struct signals s = {.h = h, .columns = columns, .n_leads = n_leads};
	struct error why = {0};
	int result = open_signals(&s, d, r, e);

	if (result == 0) {
		bool is_wrong = check_signals(&s, &why) || is_too_large(&s, &why);
		result = is_wrong ? refuse_signals(&s, &why, e) : 0;
	} else {
		drop_signals(&s);
	}
	if (result == 0) {
		*n_samples = s.n_samples;
		*x = die_malloc(sizeof **x * (size_t)s.n_samples * (size_t)n_leads);
		result = decode_signals(&s, *x, e);
	}

	for (int i = 0; i < s.n_files; i++)
		free(s.name[i]);
	return result;
}

int dataset_read(struct dataset *d, struct record *out, size_t i, struct error *e)
{
	const struct catalog_record *r = &d->catalog.records[i];
	char *name = die_printf("%s.hea", r->path), *bytes;
	struct wfdb h;
	size_t n;
	int columns[LEADS], n_leads = 0;
	int32_t *x = NULL;
	long n_samples = 0;
	int result = read_small(d, name, &bytes, &n, WFDB_HEADER_MAX, e);

	if (result < 0)
		goto done;
	if (wfdb_parse(&h, name, bytes, n, e) < 0)
		result = 1;
	free(bytes);
	const struct layout_choice *choice = &d->options.choice;
	if (result == 0 && choice->layout->has_rates && h.rate_hz != choice->rate_hz) {
		error_set(e, name, 0, "expected %d Hz, found %.15g Hz", choice->rate_hz, h.rate_hz);
		result = 1;
	}

	if (result == 0 && (n_leads = record_leads(columns, name, &h, e)) < 0)
		result = 1;
	if (result == 0)
		result = read_signals(d, r, &h, columns, n_leads, &x, &n_samples, e);
	if (result == 0 && record_from_wfdb(out, name, &h, columns, n_leads, x, n_samples, e) < 0)
		result = 1;
done:
	free(x);
	free(name);

	return result;
}
