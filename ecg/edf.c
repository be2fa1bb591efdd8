#include "ecg/edf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/field.h"
#include "ecg/lead.h"

#define HEAD	   256	     /* bytes of the fixed part of the header, and of each signal's part */
#define FIELD	   81	     /* most bytes of a field, NUL included */
#define SAMPLE_MAX (1 << 26) /* most samples of a lead */

/* Fields of a signal, each stored for all signals together: width in bytes. */
enum {
	LABEL,
	TRANSDUCER,
	UNIT,
	PHYSICAL_MIN,
	PHYSICAL_MAX,
	DIGITAL_MIN,
	DIGITAL_MAX,
	FILTER,
	SAMPLES,
	N_FIELDS
};
static const size_t width[N_FIELDS] = {16, 80, 8, 8, 8, 8, 8, 80, 8};

struct edf {
	const char *file;
	const uint8_t *bytes;
	size_t n_bytes;
	size_t n_signals;
	int64_t n_records;
	double record_s;
	size_t record_bytes;
	int64_t samples; /* of a lead in a record */
	struct error *e;
};

/* A field without blanks at its ends. */
static char *text_at(char text[FIELD], const struct edf *f, size_t offset, size_t n)
{
	memcpy(text, f->bytes + offset, n);
	text[n] = '\0';
	return field_trim(text);
}

static char *signal_text(char text[FIELD], const struct edf *f, int field, size_t signal)
{
	size_t offset = HEAD;
	for (int i = 0; i < field; i++)
		offset += width[i] * f->n_signals;
	return text_at(text, f, offset + width[field] * signal, width[field]);
}

static int wrong(const struct edf *f, const char *what, const char *found)
{
	return error_set(f->e, f->file, 0, "expected %s in the EDF header, found '%.40s'", what, found);
}

/* A whole number in least..most. */
static int read_whole(const struct edf *f, int64_t *x, const char *text, double least, double most,
		      const char *what)
{
	double v;
	if (field_number(text, &v) < 0 || v != floor(v) || v < least || v > most)
		return wrong(f, what, text);
	*x = (int64_t)v;
	return 0;
}

static int read_size(struct edf *f)
{
	for (size_t i = 0; i < f->n_signals; i++) {
		char text[FIELD];
		int64_t n;
		if (read_whole(f, &n, signal_text(text, f, SAMPLES, i), 1, SAMPLE_MAX,
			       "a number of samples") < 0)
			return -1;
		f->record_bytes += 2 * (size_t)n;
	}

	size_t header = HEAD * (1 + f->n_signals), rest = f->n_bytes - header;
	if (f->n_records >= 0 && (rest % f->record_bytes || rest / f->record_bytes != (uint64_t)f->n_records))
		return error_set(f->e, f->file, 0,
				 "expected %lld records of %zu bytes behind a header of %zu, found %zu bytes",
				 (long long)f->n_records, f->record_bytes, header, rest);
	return 0;
}

static int read_head(struct edf *f)
{
	char text[FIELD];
	int64_t n, header;
	if (f->n_bytes < HEAD || memcmp(f->bytes, "0       ", 8))
		return error_set(f->e, f->file, 0,
				 f->n_bytes && f->bytes[0] == 255
					 ? "BDF is not read: convert it to EDF"
					 : "no EDF file: it does not begin with '0'");
	if (!strncmp(text_at(text, f, 192, 44), "EDF+D", 5))
		return error_set(
			f->e, f->file, 0,
			"EDF+D: there are gaps between its records; cut it into files without (EDF+C)");
	if (read_whole(f, &n, text_at(text, f, 252, 4), 1, EDF_SIGNALS, "1 to 512 signals") < 0 ||
	    read_whole(f, &header, text_at(text, f, 184, 8), 0, 1e8, "a number of header bytes") < 0)
		return -1;
	f->n_signals = (size_t)n;
	if (header != (n + 1) * HEAD || f->n_bytes < (size_t)header)
		return error_set(f->e, f->file, 0,
				 "expected a header of %lld bytes for %lld signals, found %lld",
				 (long long)(n + 1) * HEAD, (long long)n, (long long)header);
	if (read_whole(f, &f->n_records, text_at(text, f, 236, 8), 1, 1e8,
		       "a number of records (-1: the recorder did not finish)") < 0)
		return -1;
	if (field_number(text_at(text, f, 244, 8), &f->record_s) < 0 || f->record_s <= 0 || f->record_s > 1e6)
		return wrong(f, "the duration of a record", text);
	return read_size(f);
}

/* ---- leads ---- */

struct leads {
	struct record_samples s;
	size_t offset[LEADS]; /* of a lead's samples in a record */
};

/* Steps per mV and the step of 0 mV, from two points of the line. */
static int read_scale(const struct edf *f, struct record_lead *l, size_t signal)
{
	static const int fields[] = {PHYSICAL_MIN, PHYSICAL_MAX, DIGITAL_MIN, DIGITAL_MAX};
	char text[FIELD];
	double x[4];
	for (int i = 0; i < 4; i++)
		if (field_number(signal_text(text, f, fields[i], signal), &x[i]) < 0)
			return wrong(f, "a physical or digital limit", text);

	double per_mv = record_units_per_mv(signal_text(text, f, UNIT, signal));
	if (per_mv == 0)
		return error_set(f->e, f->file, 0, "lead %s: expected unit mV, uV, nV or V, found '%.20s'",
				 lead_names[l->lead], text);
	double steps = (x[3] - x[2]) / (x[1] - x[0]);
	l->gain = steps * per_mv;
	l->baseline = x[2] - x[0] * steps;
	if (x[2] >= x[3] || x[2] < INT16_MIN || x[3] > INT16_MAX || !isnormal(l->gain) ||
	    !isfinite(l->baseline))
		return error_set(f->e, f->file, 0,
				 "lead %s: physical limits %g to %g and digital limits %g to %g are no scale",
				 lead_names[l->lead], x[0], x[1], x[2], x[3]);
	return 0;
}

/* Take signal i, a lead, whose samples stand at this offset in each record. */
static int add_lead(struct edf *f, struct leads *l, size_t i, int lead, size_t offset, int64_t n)
{
	if (l->s.n && n != f->samples)
		return error_set(f->e, f->file, 0,
				 "lead %s has %lld samples in a record, others %lld: expected one rate",
				 lead_names[lead], (long long)n, (long long)f->samples);
	struct record_lead *to = &l->s.leads[l->s.n];
	*to = (struct record_lead){.lead = lead, .lowest = INT16_MIN};
	f->samples = n;
	l->offset[l->s.n++] = offset;
	return read_scale(f, to, i);
}

static int find_leads(struct edf *f, struct leads *l)
{
	unsigned seen = 0;
	size_t offset = 0;
	l->s.left_out = json_array();
	for (size_t i = 0; i < f->n_signals; i++) {
		char text[FIELD], number[FIELD];
		const char *label = signal_text(text, f, LABEL, i);
		int lead = lead_index(label);
		double n = 0;
		field_number(signal_text(number, f, SAMPLES, i), &n);
		json_t *name = lead < 0 ? json_string(label) : NULL;
		if (name)
			json_array_append_new(l->s.left_out, name);
		if (lead >= 0 && (record_repeats(&seen, lead, f->file, f->e) ||
				  add_lead(f, l, i, lead, offset, (int64_t)n) < 0))
			return -1;
		offset += 2 * (size_t)n;
	}
	return l->s.n ? 0
		      : error_set(f->e, f->file, 0,
				  "no signal is called like one of the 12 standard leads (I, aVR, V1, ...)");
}

/* ---- samples ---- */

/* EDF has no missing samples: where the lowest 16-bit value occurs the record becomes a wide one. */
static void decode(const struct edf *f, struct leads *l, int32_t *x)
{
	const uint8_t *record = f->bytes + HEAD * (1 + f->n_signals);
	size_t n = (size_t)l->s.n;
	for (int64_t r = 0; r < f->n_records; r++, record += f->record_bytes)
		for (int64_t t = 0; t < f->samples; t++)
			for (size_t k = 0; k < n; k++) {
				const uint8_t *b = record + l->offset[k] + 2 * (size_t)t;
				int32_t v = (int16_t)(uint16_t)(b[0] | b[1] << 8);
				l->s.is_wide |= v == INT16_MIN;
				*x++ = v;
			}
}

static int make(struct edf *f, struct leads *l, struct record *r)
{
	double n = (double)f->n_records * (double)f->samples;
	if (n > SAMPLE_MAX)
		return error_set(f->e, f->file, 0, "%.15g samples per lead: expected at most %d", n,
				 SAMPLE_MAX);
	l->s.n_samples = (long)n;
	l->s.rate_hz = (double)f->samples / f->record_s;
	int32_t *x = die_malloc(sizeof *x * (size_t)l->s.n_samples * (size_t)l->s.n);
	decode(f, l, x);
	l->s.x = x;
	json_incref(l->s.left_out);
	record_make(r, &l->s);
	free(x);
	return 0;
}

int edf_read(struct record *r, const char *file, const uint8_t *bytes, size_t n_bytes, struct error *e)
{
	struct edf f = {.file = file, .bytes = bytes, .n_bytes = n_bytes, .e = e};
	struct leads l = {0};
	int result = read_head(&f) < 0 || find_leads(&f, &l) < 0 || make(&f, &l, r) < 0 ? -1 : 0;
	json_decref(l.s.left_out);
	return result;
}
