#include "ecg/raw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ecg/resample.h"
#include "numbers/double4.h"

#define MAX_COLUMNS 1024

enum { I, II, III, AVR, AVL, AVF }; /* canonical places */

/* ---- the header ---- */

/* What else the file has: perhaps the lead under a name that is not known here. */
static void list_others(char *text, size_t size, const json_t *left_out)
{
	size_t used = 0;
	for (size_t i = 0; i < json_array_size(left_out) && used < size; i++) {
		const char *name = json_string_value(json_array_get(left_out, i));
		used += (size_t)snprintf(text + used, size - used, "%s%.40s",
					 i ? ", " : "; signals of other names: ", name ? name : "?");
	}
	if (used >= size)
		strcpy(text + size - 4, "...");
}

static int missing_lead(int lead, const json_t *header, struct error *e)
{
	char others[200] = "";
	list_others(others, sizeof others, json_object_get(header, "left_out"));
	return error_set(e, NULL, 0, "lead %s is missing%s (preprocess.absent_leads=mask takes such records)",
			 lead_names[lead], others);
}

static int find_leads(struct raw *r, const json_t *leads, struct error *e)
{
	r->n_columns = (int)json_array_size(leads);
	if (r->n_columns < 1 || r->n_columns > MAX_COLUMNS)
		return error_set(e, "header", 0, "expected member 'leads' with 1 to %d names", MAX_COLUMNS);

	for (int c = 0; c < r->n_columns; c++) {
		const char *name = json_string_value(json_array_get(leads, (size_t)c));
		int lead = name ? lead_index(name) : -1;
		if (lead < 0)
			continue;
		if (r->origin[lead] == RAW_READ)
			return error_set(e, NULL, 0, "lead %s stands twice", lead_names[lead]);
		r->origin[lead] = RAW_READ;
		r->column[lead] = c;
	}

	for (int l = III; l <= AVF && r->origin[I] == RAW_READ && r->origin[II] == RAW_READ; l++)
		if (r->origin[l] == RAW_ABSENT)
			r->origin[l] = RAW_DERIVED;
	return 0;
}

static int check_leads(const struct raw *r, const json_t *header, bool may_lack, struct error *e)
{
	int n = 0;
	for (int l = 0; l < LEADS; l++) {
		n += r->origin[l] != RAW_ABSENT;
		if (r->origin[l] == RAW_ABSENT && !may_lack)
			return missing_lead(l, header, e);
	}
	return n ? 0 : error_set(e, NULL, 0, "none of the twelve leads is there");
}

static int read_calibration(struct raw *r, const json_t *header, struct error *e)
{
	const json_t *gain = json_object_get(header, "gain"), *baseline = json_object_get(header, "baseline");
	const json_t *units = json_object_get(header, "units");

	for (int l = 0; l < LEADS; l++) {
		r->gain[l] = 1;
		if (r->origin[l] != RAW_READ)
			continue;
		size_t c = (size_t)r->column[l];
		const json_t *g = json_array_get(gain, c), *b = json_array_get(baseline, c);
		const char *unit = json_string_value(json_array_get(units, c));
		r->gain[l] = json_number_value(g);
		r->baseline[l] = json_number_value(b);
		if (!json_is_number(g) || !isfinite(r->gain[l]) || r->gain[l] == 0)
			return error_set(e, NULL, 0, "lead %s: expected a gain other than 0", lead_names[l]);
		if (!json_is_number(b) || !isfinite(r->baseline[l]))
			return error_set(e, NULL, 0, "lead %s: expected a baseline", lead_names[l]);
		if (!unit || strcmp(unit, "mV"))
			return error_set(e, NULL, 0, "lead %s: expected unit mV, found '%s'", lead_names[l],
					 unit ? unit : "none");
	}

	return 0;
}

/* Rate, length and sample type. */
static int read_shape(struct raw *r, const json_t *header, size_t n_bytes, struct error *e)
{
	const char *dtype = json_string_value(json_object_get(header, "dtype"));
	double rate_hz = json_number_value(json_object_get(header, "rate_hz"));
	json_int_t samples = json_integer_value(json_object_get(header, "samples"));

	r->width = dtype && !strcmp(dtype, "int16") ? 2 : dtype && !strcmp(dtype, "int32") ? 4 : 0;
	if (!r->width)
		return error_set(e, "header", 0, "expected dtype int16 or int32");
	size_t row = (size_t)r->width * (size_t)r->n_columns;
	if (samples < 1 || n_bytes / row != (size_t)samples || n_bytes % row)
		return error_set(e, NULL, 0, "expected %lld samples of %zu bytes, found %zu bytes",
				 (long long)samples, row, n_bytes);
	if (!(rate_hz >= 1 && rate_hz <= RESAMPLE_MAX_HZ) || rate_hz != floor(rate_hz))
		return error_set(e, NULL, 0, "expected a whole sampling rate of 1 to %d Hz, found %.15g Hz",
				 RESAMPLE_MAX_HZ, rate_hz);
	r->rate_hz = (long)rate_hz;
	r->samples = (long)samples;
	r->t = r->samples;

	return 0;
}

int raw_open(struct raw *r, const json_t *header, size_t n_bytes, bool may_lack, struct error *e)
{
	*r = (struct raw){0};
	if (find_leads(r, json_object_get(header, "leads"), e) < 0 ||
	    check_leads(r, header, may_lack, e) < 0 || read_calibration(r, header, e) < 0)
		return -1;
	return read_shape(r, header, n_bytes, e);
}

/* ---- the samples ---- */

DOUBLE4_INLINE int32_t sample_at(const uint8_t *bytes, size_t i, int width)
{
	if (width == 2) {
		const uint8_t *b = bytes + 2 * i;
		return (int16_t)(uint16_t)(b[0] | b[1] << 8);
	}
	const uint8_t *b = bytes + 4 * i;
	return (int32_t)((uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24);
}

void raw_lead(int32_t *adc, const struct raw *r, const uint8_t *bytes, int l)
{
	for (long t = 0; t < r->t; t++)
		adc[t] = sample_at(bytes, (size_t)(t * r->n_columns + r->column[l]), r->width);
}

int32_t raw_missing(const struct raw *r)
{
	return r->width == 2 ? INT16_MIN : INT32_MIN;
}

DOUBLE4_INLINE void to_millivolts(double (*x)[LEADS], const struct raw *r, const uint8_t *bytes)
{
	const int *column = r->column, width = r->width;
	for (long t = 0; t < r->t; t++, bytes += (size_t)width * (size_t)r->n_columns)
		for (int l = 0; l < LEADS; l += DOUBLE4_LANES) {
			double4 adc = {sample_at(bytes, (size_t)column[l], width),
				       sample_at(bytes, (size_t)column[l + 1], width),
				       sample_at(bytes, (size_t)column[l + 2], width),
				       sample_at(bytes, (size_t)column[l + 3], width)};
			*(double4 *)(x[t] + l) =
				(adc - *(const double4 *)(r->baseline + l)) / *(const double4 *)(r->gain + l);
		}
}

DOUBLE4_AVX2 static void to_millivolts_avx2(double (*x)[LEADS], const struct raw *r, const uint8_t *bytes)
{
	to_millivolts(x, r, bytes);
}

static void to_millivolts_plain(double (*x)[LEADS], const struct raw *r, const uint8_t *bytes)
{
	to_millivolts(x, r, bytes);
}

void raw_millivolts(double (*x)[LEADS], const struct raw *r, const uint8_t *bytes)
{
	(double4_has_avx2() ? to_millivolts_avx2 : to_millivolts_plain)(x, r, bytes);
	for (int l = 0; l < LEADS; l++)
		for (long t = 0; r->origin[l] != RAW_READ && t < r->t; t++)
			x[t][l] = 0;
}

static double derived(const double *x, int lead)
{
	switch (lead) {
	case III:
		return x[II] - x[I];
	case AVR:
		return -(x[I] + x[II]) / 2;
	case AVL:
		return x[I] - x[II] / 2;
	default:
		return x[II] - x[I] / 2;
	}
}

void raw_derive(double (*x)[LEADS], const struct raw *r)
{
	for (int l = III; l <= AVF; l++)
		for (long t = 0; r->origin[l] == RAW_DERIVED && t < r->t; t++)
			x[t][l] = derived(x[t], l);
}
