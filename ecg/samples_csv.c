#include "ecg/samples_csv.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "ecg/csv.h"
#include "ecg/field.h"
#include "ecg/volts.h"

struct rows {
	const char *file;
	struct csv *csv;
	struct volts volts;
	int32_t *x; /* [n][volts.s.n] */
	size_t n, max;
	struct error *e;
};

static int open_columns(struct rows *r, const struct recording_choice *c)
{
	const char *names[CSV_COLUMNS];
	size_t n = (size_t)csv_columns(r->csv);
	for (size_t i = 0; i < n; i++)
		names[i] = csv_name(r->csv, (int)i);
	return volts_open(&r->volts, names, n, c, false, r->file, r->e);
}

static int add_row(struct rows *r)
{
	size_t n_leads = (size_t)r->volts.s.n;
	if (r->n == r->max)
		r->x = die_realloc(r->x, (r->max = r->max ? 2 * r->max : 4096) * n_leads * sizeof *r->x);
	for (size_t k = 0; k < n_leads; k++) {
		const char *text = csv_trimmed(r->csv, r->volts.column[k]);
		double value = NAN;
		if (!field_is_unknown(text) && field_number(text, &value) < 0)
			return error_set(r->e, r->file, csv_line(r->csv),
					 "%s: expected a number, found '%.40s'",
					 csv_name(r->csv, r->volts.column[k]), text);
		if (volts_step(r->x + r->n * n_leads + k, &r->volts, value, (int)k, r->file, r->e) < 0)
			return -1;
	}
	r->n++;
	return 0;
}

static int add_rows(struct rows *r)
{
	int got;
	while ((got = csv_next(r->csv, r->e)) > 0)
		if (add_row(r) < 0)
			return -1;
	if (got == 0 && !r->n)
		return error_set(r->e, r->file, 0, "no samples");
	return got;
}

int samples_csv_read(struct record *out, const char *file, const uint8_t *bytes, size_t n_bytes,
		     const struct recording_choice *c, struct error *e)
{
	struct reader_bytes all = {.at = (const char *)bytes, .n_left = n_bytes};
	struct rows r = {.file = file, .e = e, .csv = csv_open(file, reader_of_bytes(&all), e)};
	int result = !r.csv || open_columns(&r, c) < 0 ? -1 : add_rows(&r);
	if (result == 0) {
		r.volts.s.is_wide = true;
		volts_make(out, &r.volts, r.x, (long)r.n);
	}
	volts_close(&r.volts);
	csv_close(r.csv);
	free(r.x);
	return result;
}
