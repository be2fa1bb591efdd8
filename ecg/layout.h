/*
 * How datasets say what their records are: which tables they have, and who reads them. To add one: a parser
 * that fills a catalogue (ecg/ptbxl.h, ecg/listing.h are two), a struct layout in layout.c and a row in
 * LAYOUTS.
 *
 *	struct layout_choice choice = {.layout = layout_named("ptb-xl"), .rate_hz = 100};
 *	for (int i = 0; (name = layout_table(&choice, i)); i++)
 *		choice.layout->read(&catalog, name, reader, &choice, &e);
 */
#ifndef ECG_LAYOUT_H
#define ECG_LAYOUT_H

#include <stdbool.h>

#include "ecg/catalog.h"
#include "ecg/listing.h"
#include "ecg/reader.h"
#include "ecg/recording.h"

enum { LAYOUT_TABLES = 3 }; /* most of one layout */

struct layout;

/* A layout and what the user says about it. */
struct layout_choice {
	const struct layout *layout;
	int rate_hz;		/* of layouts that have rates */
	bool may_lack_sums;	/* whatever the layout says */
	struct listing listing; /* of wfdb; texts borrowed */
	struct recording_choice recording;
};

struct layout {
	const char *name; /* fetch.format, and what the artifact calls the dataset */
	/* In the order they are read. The last one marks the dataset's root. None: the CSV of the choice's
	 * listing. */
	const char *table[LAYOUT_TABLES];
	int (*read)(struct catalog *c, const char *table, struct reader reader,
		    const struct layout_choice *choice, struct error *e);
	bool has_sums;	/* must come with SHA256SUMS.txt; of others one that is there is used */
	bool has_rates; /* a record is there at several rates: one of another than the choice's is wrong */
};

extern const struct layout layout_ptbxl, layout_wfdb;

/* All of them; LAYOUT_NAMES as a PARAM_CHOICE takes them. */
#define LAYOUTS(ROW)                                                                                         \
	ROW("ptb-xl", layout_ptbxl)                                                                          \
	ROW("wfdb", layout_wfdb)
#define LAYOUT_NAMES		      LAYOUTS(LAYOUT_NAME)
#define LAYOUT_NAME(name, its_layout) " " name

/* NULL: unknown. */
const struct layout *layout_named(const char *name);
/* Its i-th table; NULL behind the last. */
const char *layout_table(const struct layout_choice *c, int i);
const char *layout_marker(const struct layout_choice *c);
bool layout_needs_sums(const struct layout_choice *c);

#endif
