#include "ecg/npy.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/lead.h"
#include "ecg/volts.h"

#define TEXT_MAX 4096 /* most bytes of the header's dictionary */

enum type { FLOAT32, FLOAT64, INT16, INT32, N_TYPES };
static const struct {
	const char *name;
	size_t n_bytes;
} types[N_TYPES] = {{"<f4", 4}, {"<f8", 8}, {"<i2", 2}, {"<i4", 4}};

struct array {
	const char *file;
	enum type type;
	size_t shape[2];
	size_t t_stride, lead_stride; /* in values */
	size_t n_samples;
	const uint8_t *values;
	struct error *e;
};

/* ---- the header ---- */

/* What follows "'key':" in the dictionary, blanks left out; NULL if it is not there. */
static const char *find(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	if (!at)
		return NULL;
	at += strlen(key);
	at += strspn(at, " ");
	return *at == ':' ? at + 1 + strspn(at + 1, " ") : NULL;
}

static int read_type(struct array *a, const char *text)
{
	const char *at = find(text, "'descr'");
	for (int i = 0; at && i < N_TYPES; i++)
		if (*at == '\'' && !strncmp(at + 1, types[i].name, 3) && at[4] == '\'') {
			a->type = (enum type)i;
			return 0;
		}
	return error_set(a->e, a->file, 0,
			 "expected values of type <f4, <f8, <i2 or <i4, found %.20s: use x.astype('<f4')",
			 at ? at : "none");
}

/* "(5000, 12)" */
static int read_shape(struct array *a, const char *text)
{
	const char *at = find(text, "'shape'");
	char *end = NULL;
	bool is_read = at && *at == '(';
	for (int i = 0; is_read && i < 2; i++) {
		at += 1 + strspn(at + 1, " ");
		is_read = *at >= '0' && *at <= '9';
		unsigned long long n = is_read ? strtoull(at, &end, 10) : 0;
		is_read = is_read && n >= 1 && n <= INT_MAX && *end == (i ? ')' : ',');
		a->shape[i] = (size_t)n;
		at = end;
	}
	return is_read ? 0
		       : error_set(a->e, a->file, 0,
				   "expected two dimensions, samples and leads, found shape %.40s",
				   find(text, "'shape'") ? find(text, "'shape'") : "none");
}

/* An array in Fortran's order, as numpy.save(x.T) writes it, is its transpose in C's; which of the two
 * dimensions is the leads' is found out anyway. */
static int read_order(struct array *a, const char *text)
{
	const char *order = find(text, "'fortran_order'");
	if (order && !strncmp(order, "True", 4)) {
		size_t first = a->shape[0];
		a->shape[0] = a->shape[1];
		a->shape[1] = first;
		return 0;
	}
	return order && !strncmp(order, "False", 5)
		       ? 0
		       : error_set(a->e, a->file, 0,
				   "expected 'fortran_order': False or True, found %.20s: save it again by "
				   "numpy.save",
				   order ? order : "none");
}

static int read_header(struct array *a, const uint8_t *bytes, size_t n_bytes)
{
	char text[TEXT_MAX + 1];
	if (n_bytes < 12 || memcmp(bytes, "\x93NUMPY", 6) || bytes[6] < 1 || bytes[6] > 3)
		return error_set(a->e, a->file, 0, "no .npy file: it does not begin as numpy.save writes it");
	size_t start = bytes[6] == 1 ? 10 : 12, n = (size_t)bytes[8] | (size_t)bytes[9] << 8;
	if (bytes[6] > 1)
		n |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
	if (n > TEXT_MAX || n > n_bytes - start)
		return error_set(a->e, a->file, 0, "a .npy header of %zu bytes: expected at most %d", n,
				 TEXT_MAX);

	memcpy(text, bytes + start, n);
	text[n] = '\0';
	if (read_type(a, text) < 0 || read_shape(a, text) < 0)
		return -1;
	if (read_order(a, text) < 0)
		return -1;

	size_t expected = a->shape[0] * a->shape[1] * types[a->type].n_bytes, found = n_bytes - start - n;
	if (found != expected)
		return error_set(a->e, a->file, 0, "expected %zu bytes of %zu x %zu values, found %zu",
				 expected, a->shape[0], a->shape[1], found);
	a->values = bytes + start + n;
	return 0;
}

/* Which dimension is the leads'. */
static int orient(struct array *a, size_t n_leads)
{
	bool is_first = a->shape[0] == n_leads, is_second = a->shape[1] == n_leads;
	if (is_first == is_second)
		return error_set(a->e, a->file, 0,
				 "expected samples x %zu or %zu x samples, one row or column for each of "
				 "fetch.signal_leads; found %zu x %zu",
				 n_leads, n_leads, a->shape[0], a->shape[1]);
	a->n_samples = a->shape[is_first];
	a->t_stride = is_first ? 1 : n_leads;
	a->lead_stride = is_first ? a->n_samples : 1;
	return 0;
}

/* ---- values ---- */

static uint64_t bits_at(const uint8_t *b, size_t n)
{
	uint64_t x = 0;
	for (size_t i = 0; i < n; i++)
		x |= (uint64_t)b[i] << 8 * i;
	return x;
}

/* Value i in steps of the record. */
static int step_at(const struct array *a, int32_t *x, size_t i, const struct volts *v, int lead)
{
	size_t n = types[a->type].n_bytes;
	uint64_t bits = bits_at(a->values + i * n, n);
	double value;
	if (a->type == INT16 || a->type == INT32) {
		int32_t whole = a->type == INT16 ? (int16_t)(uint16_t)bits : (int32_t)(uint32_t)bits;
		*x = a->type == INT16 && whole == INT16_MIN ? INT32_MIN : whole;
		return 0;
	}
	if (a->type == FLOAT64) {
		memcpy(&value, &bits, sizeof value);
	} else {
		uint32_t low = (uint32_t)bits;
		float single;
		memcpy(&single, &low, sizeof single);
		value = (double)single;
	}
	return volts_step(x, v, value, lead, a->file, a->e);
}

static int decode(const struct array *a, int32_t *x, const struct volts *v)
{
	for (size_t t = 0; t < a->n_samples; t++)
		for (int k = 0; k < v->s.n; k++) {
			size_t i = t * a->t_stride + (size_t)v->column[k] * a->lead_stride;
			if (step_at(a, x++, i, v, k) < 0)
				return -1;
		}
	return 0;
}

int npy_read(struct record *r, const char *file, const uint8_t *bytes, size_t n_bytes,
	     const struct recording_choice *c, struct error *e)
{
	struct array a = {.file = file, .e = e};
	struct volts v;
	if (read_header(&a, bytes, n_bytes) < 0 || orient(&a, c->n_leads) < 0)
		return -1;
	bool is_whole = a.type == INT16 || a.type == INT32;
	if (volts_open(&v, c->leads, c->n_leads, c, is_whole, file, e) < 0)
		return -1;

	int32_t *x = die_malloc(sizeof *x * a.n_samples * (size_t)v.s.n);
	int result = decode(&a, x, &v);
	if (result == 0) {
		v.s.is_wide = a.type != INT16;
		volts_make(r, &v, x, (long)a.n_samples);
	}
	volts_close(&v);
	free(x);
	return result;
}
