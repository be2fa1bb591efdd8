/*
 * A recording that is no WFDB record as this reader has it: on stdout the number of samples and of leads,
 * then its samples in mV [samples][leads], all as doubles, a missing one as NaN. Or one line on stderr, and
 * exit 1.
 *
 *	record_dump FILE RATE_HZ UNIT
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/edf.h"
#include "ecg/npy.h"
#include "ecg/raw.h"

static char *read_whole(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	size_t max = (size_t)1 << 28;
	if (!f)
		die("%s: absent", path);
	char *bytes = die_malloc(max);
	*n = fread(bytes, 1, max, f);
	fclose(f);
	return bytes;
}

static void write_record(const struct record *record)
{
	struct error e = {0};
	struct raw r;
	int n_leads = (int)json_array_size(json_object_get(record->header, "leads"));
	if (raw_open(&r, record->header, record->n_bytes, true, &e) < 0)
		die("%s", error_text(&e));
	double size[2] = {(double)r.t, n_leads}, (*x)[LEADS] = die_malloc((size_t)r.t * sizeof *x);
	int32_t *adc = die_malloc((size_t)r.t * sizeof *adc);
	raw_millivolts(x, &r, record->signal);
	for (int l = 0; l < LEADS; l++) {
		if (r.origin[l] != RAW_READ)
			continue;
		raw_lead(adc, &r, record->signal, l);
		for (long t = 0; t < r.t; t++)
			if (adc[t] == raw_missing(&r))
				x[t][l] = (double)NAN;
	}
	fwrite(size, sizeof size, 1, stdout);
	for (long t = 0; t < r.t; t++)
		for (int l = 0; l < LEADS; l++)
			if (r.origin[l] == RAW_READ)
				fwrite(&x[t][l], sizeof x[t][l], 1, stdout);
	free(x);
	free(adc);
}

int main(int argc, char **argv)
{
	struct error e = {0};
	struct record r = {0};
	size_t n;
	if (argc != 4)
		die("usage: record_dump FILE RATE_HZ UNIT");
	struct recording_choice choice = {
		.rate_hz = atof(argv[2]), .unit = argv[3], .leads = lead_names, .n_leads = LEADS};
	char *bytes = read_whole(argv[1], &n);
	int result = strstr(argv[1], ".edf") ? edf_read(&r, argv[1], (uint8_t *)bytes, n, &e)
					     : npy_read(&r, argv[1], (uint8_t *)bytes, n, &choice, &e);
	if (result < 0)
		fprintf(stderr, "%s\n", error_text(&e));
	else
		write_record(&r);
	record_release(&r);
	free(bytes);
	return result < 0;
}
