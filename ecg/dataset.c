#include "ecg/dataset.h"

#include <stdlib.h>

#include "common/die.h"
#include "ecg/files.h"
#include "ecg/recording.h"

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
	const struct files_options of_files = {.must_have_sums = layout_needs_sums(choice),
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

int dataset_read(struct dataset *d, struct record *out, size_t i, struct error *e)
{
	return recording_read(out, d->files, d->catalog.records[i].path, &d->options.choice.recording, e);
}
