#include "ecg/layout.h"

#include <string.h>

#include "ecg/ptbxl.h"

/* ---- the layouts ---- */

static int read_ptbxl(struct catalog *c, const char *table, struct reader reader,
		      const struct layout_choice *choice, struct error *e)
{
	return strcmp(table, PTBXL_STATEMENTS) ? ptbxl_records(c, reader, choice->rate_hz, e)
					       : ptbxl_statements(c, reader, e);
}

const struct layout layout_ptbxl = {.name = "ptb-xl",
				    .table = {PTBXL_STATEMENTS, PTBXL_DATABASE},
				    .read = read_ptbxl,
				    .has_sums = true,
				    .has_rates = true};

static int read_wfdb(struct catalog *c, const char *table, struct reader reader,
		     const struct layout_choice *choice, struct error *e)
{
	(void)table;
	return listing_records(&choice->listing, c, reader, e);
}

const struct layout layout_wfdb = {.name = "wfdb", .read = read_wfdb};

/* ---- asking ---- */

const struct layout *layout_named(const char *name)
{
#define LAYOUT_ROW(row_name, its_layout) {row_name, &its_layout},
	static const struct {
		const char *name;
		const struct layout *layout;
	} rows[] = {LAYOUTS(LAYOUT_ROW)};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(rows[i].name, name))
			return rows[i].layout;
	return NULL;
}

const char *layout_table(const struct layout_choice *c, int i)
{
	if (!c->layout->table[0])
		return i == 0 ? c->listing.csv : NULL;
	return i < LAYOUT_TABLES ? c->layout->table[i] : NULL;
}

bool layout_needs_sums(const struct layout_choice *c)
{
	return c->layout->has_sums && !c->may_lack_sums;
}

const char *layout_marker(const struct layout_choice *c)
{
	int i = 0;
	while (layout_table(c, i + 1))
		i++;
	return layout_table(c, i);
}
