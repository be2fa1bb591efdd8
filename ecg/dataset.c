#include "ecg/dataset.h"

#include <stdlib.h>

#include "common/die.h"
#include "ecg/files.h"
#include "ecg/wfdb_record.h"

#define TABLE_MAX ((size_t)1 << 28) /* bytes of a CSV file */

struct dataset {
	struct dataset_options options;
	struct files *files;
	struct catalog catalog;
};

/* ---- tables ---- */

/* A damaged table is called damaged, whatever else is wrong with it. */
static int load_table(struct dataset *d, const char *name, struct error *e)
{
	struct files_stream s;
	struct error why = {0};
	if (files_stream_open(&s, d->files, name, e) < 0)
		return -1;
	if (files_stream_size(&s) > TABLE_MAX) {
		error_set(e, name, 0, "%llu bytes: expected at most %zu",
			  (unsigned long long)files_stream_size(&s), TABLE_MAX);
		files_stream_drop(&s);
		return -1;
	}

	const struct layout_choice *choice = &d->options.choice;
	int result =
		choice->layout->read(&d->catalog, name, (struct reader){files_stream_read, &s}, choice, &why);
	if (files_stream_close(&s, e) < 0)
		return -1;
	return result < 0 ? error_set(e, NULL, 0, "%s", error_text(&why)) : 0;
}

static int load_tables(struct dataset *d, struct error *e)
{
	const struct layout_choice *choice = &d->options.choice;
	for (int i = 0; layout_table(choice, i); i++)
		if (load_table(d, layout_table(choice, i), e) < 0)
			return -1;
	return catalog_finish(&d->catalog, d->options.limit, layout_marker(choice), e);
}

struct dataset *dataset_open(const char *place, const struct dataset_options *options, struct error *e)
{
	struct dataset *d = die_calloc(1, sizeof *d);
	d->options = *options;
	catalog_init(&d->catalog);

	/* A list of one's own beside the publisher's files is in no list of theirs. */
	const struct layout_choice *choice = &options->choice;
	const char *marker = layout_marker(choice);
	const struct files_options of_files = {.must_have_sums = choice->layout->has_sums,
					       .own = choice->layout->has_sums ? NULL : marker,
					       .sha256 = options->sha256};
	d->files = files_open(place, marker, &of_files, e);
	if (d->files && load_tables(d, e) == 0)
		return d;
	dataset_close(d);
	return NULL;
}

void dataset_close(struct dataset *d)
{
	if (!d)
		return;
	catalog_release(&d->catalog);
	files_close(d->files);
	free(d);
}

const struct catalog *dataset_catalog(const struct dataset *d)
{
	return &d->catalog;
}

/* ---- records ---- */

void dataset_used(struct dataset *d, void (*see)(void *context, const char *name, const char hex[SUMS_HEX]),
		  void *context)
{
	files_used(d->files, see, context);
}

/* As it is read: a record. */
static int make_record(const struct dataset *d, struct record *out, const char *name,
		       const struct wfdb_record *r, struct error *e)
{
	const struct layout_choice *choice = &d->options.choice;
	if (choice->layout->has_rates && r->h.rate_hz != choice->rate_hz) {
		error_set(e, name, 0, "expected %d Hz, found %.15g Hz", choice->rate_hz, r->h.rate_hz);
		return 1;
	}
	return record_from_wfdb(out, name, &r->h, r->columns, r->n, r->x, r->n_samples, e) < 0 ? 1 : 0;
}

int dataset_read(struct dataset *d, struct record *out, size_t i, struct error *e)
{
	const char *path = d->catalog.records[i].path;
	char *name = die_printf("%s.hea", path);
	struct wfdb_record *r = die_malloc(sizeof *r);
	int result = wfdb_record_read(r, d->files, path, WFDB_RECORD_LEADS, e);
	if (result == 0)
		result = make_record(d, out, name, r, e);
	wfdb_record_release(r);
	free(r);
	free(name);
	return result;
}
