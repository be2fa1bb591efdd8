#include "ecg/wfdb.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int formats[] = {8, 16, 24, 32, 61, 80, 160, 212, 310, 311, 508, 516, 524};
#define FORMATS "8, 16, 24, 32, 61, 80, 160, 212, 310, 311, 508, 516 or 524"

/* A line being read: fields are cut off its front. */
struct line {
	const char *name; /* of the file */
	long number;
	char *at;
	struct error *e;
};

static int expected(const struct line *l, const char *what, const char *found)
{
	return error_set(l->e, l->name, l->number, "expected %s, found '%.60s'", what, found);
}

/* The next field, cut off at white space, or NULL at the end of the line. */
static char *next_field(struct line *l)
{
	l->at += strspn(l->at, " \t");
	if (!*l->at)
		return NULL;
	char *field = l->at;
	l->at += strcspn(l->at, " \t");
	if (*l->at)
		*l->at++ = '\0';
	return field;
}

/* An integer in lo..hi at *at, which moves behind it. */
static int read_long(const struct line *l, char **at, long lo, long hi, long *x, const char *what)
{
	char *end, first = **at == '-' || **at == '+' ? (*at)[1] : **at;
	errno = 0;
	*x = strtol(*at, &end, 10);
	if (first < '0' || first > '9' || errno || *x < lo || *x > hi)
		return expected(l, what, *at);
	*at = end;
	return 0;
}

/* A finite decimal number at *at, which moves behind it; strtod alone would take "nan", "inf" and "0x1p3". */
static int read_real(const struct line *l, char **at, double *x, const char *what)
{
	size_t n = strspn(*at, "+-0123456789.eE");
	char text[64], *end;
	if (n == 0 || n >= sizeof text)
		return expected(l, what, *at);
	memcpy(text, *at, n);
	text[n] = '\0';
	*x = strtod(text, &end);
	if (end == text || !isfinite(*x))
		return expected(l, what, *at);
	*at += end - text;
	return 0;
}

static int copy_text(const struct line *l, char out[WFDB_TEXT], const char *text, const char *what)
{
	size_t n = strlen(text);
	if (!n || n >= WFDB_TEXT)
		return error_set(l->e, l->name, l->number, "%s of 1 to %d bytes expected, found %zu", what,
				 WFDB_TEXT - 1, n);
	memcpy(out, text, n + 1);
	return 0;
}

/* "100", "100/250", "100/250(0)": the first number is the sampling rate. */
static int read_rate(struct line *l, char *field, double *rate_hz)
{
	const char *whole = field;
	if (read_real(l, &field, rate_hz, "a sampling rate") < 0)
		return -1;
	if (*rate_hz <= 0 || *rate_hz > 1e6 || (*field && *field != '/'))
		return expected(l, "a sampling rate in Hz", whole);
	return 0;
}

/* "name/3" has three segments; another '/' is part of no name. */
static int check_name(const struct line *l, const char *name)
{
	const char *slash = strchr(name, '/');
	if (!slash)
		return 0;
	if (slash[1] && !slash[1 + strspn(slash + 1, "0123456789")])
		return error_set(l->e, l->name, l->number,
				 "a record of several segments in a place for one of its segments");
	return expected(l, "a record name without a folder", name);
}

static int read_record_line(struct wfdb *h, struct line *l)
{
	char *name = next_field(l), *count = next_field(l), *rate = next_field(l), *samples = next_field(l);
	long n;

	if (!name || !count)
		return error_set(l->e, l->name, l->number, "expected record name and number of signals");
	if (check_name(l, name) < 0)
		return -1;

	const char *whole = count;
	if (copy_text(l, h->record, name, "record name") < 0 ||
	    read_long(l, &count, 1, WFDB_SIGNALS, &n, "1 to 64 signals") < 0)
		return -1;
	if (*count)
		return expected(l, "a number of signals", whole);
	h->n_signals = (int)n;
	h->rate_hz = 250;
	if (rate && read_rate(l, rate, &h->rate_hz) < 0)
		return -1;
	if (!samples)
		return 0;
	whole = samples;
	if (read_long(l, &samples, 0, WFDB_SAMPLES, &h->n_samples, "a number of samples") < 0)
		return -1;

	return *samples ? expected(l, "a number of samples", whole) : 0;
}

static int read_file_name(struct wfdb_signal *s, const struct line *l, const char *field)
{
	if (copy_text(l, s->file, field, "signal file name") < 0)
		return -1;
	if (!strcmp(field, "~"))
		return 0; /* wfdb_require refuses it */
	if (strpbrk(field, "/\\~") || field[0] == '.')
		return expected(l, "the name of a signal file beside the header", field);
	return 0;
}

/* "16", "16x1:0+24": format, samples per frame, skew, byte offset. */
static int read_format(struct wfdb_signal *s, const struct line *l, char *field)
{
	const char *whole = field;
	long format, x;

	if (read_long(l, &field, 0, 10000, &format, "a signal format") < 0)
		return -1;
	s->format = (int)format;

	if (*field == 'x') {
		field++;
		if (read_long(l, &field, 1, WFDB_FRAME, &x, "a number of samples per frame") < 0)
			return -1;
		s->per_frame = (int)x;
	}

	if (*field == ':') {
		field++;
		if (read_long(l, &field, 0, INT_MAX, &s->skew, "a skew") < 0)
			return -1;
	}

	if (*field == '+') {
		field++;
		if (read_long(l, &field, 0, INT_MAX, &s->offset, "a byte offset") < 0)
			return -1;
	}

	return *field ? expected(l, "a signal format", whole) : 0;
}

/* "1000", "1000.0(0)/mV", "1000/uV": gain, baseline, units. */
static int read_gain(struct wfdb_signal *s, const struct line *l, char *field, bool *has_baseline)
{
	const char *whole = field;
	long baseline;

	if (read_real(l, &field, &s->gain, "a gain in ADC steps per unit") < 0)
		return -1;
	if (s->gain == 0)
		s->gain = 200;

	if (*field == '(') {
		field++;
		if (read_long(l, &field, INT_MIN, INT_MAX, &baseline, "a baseline") < 0)
			return -1;
		if (*field++ != ')')
			return expected(l, "a gain like 1000.0(0)/mV", whole);
		s->baseline = (int32_t)baseline;
		*has_baseline = true;
	}

	if (*field == '/')
		return copy_text(l, s->units, field + 1, "unit");
	return *field ? expected(l, "a gain like 1000.0(0)/mV", whole) : 0;
}

/* The integers after the gain, each optional: ADC resolution, ADC zero, initial value, checksum, block size.
 */
static int read_integers(struct wfdb_signal *s, struct line *l, bool has_baseline)
{
	static const struct {
		long lo, hi;
		const char *what;
	} fields[5] = {{0, 32, "an ADC resolution in bits"},
		       {INT_MIN, INT_MAX, "an ADC zero"},
		       {INT_MIN, INT_MAX, "an initial value"},
		       {-65535, 65535, "a 16-bit checksum"},
		       {0, INT_MAX, "a block size"}};

	long x[5] = {0};
	int n = 0;
	for (char *field; n < 5 && (field = next_field(l)); n++) {
		const char *whole = field;
		if (read_long(l, &field, fields[n].lo, fields[n].hi, &x[n], fields[n].what) < 0)
			return -1;
		if (*field)
			return expected(l, fields[n].what, whole);
	}

	if (!has_baseline)
		s->baseline = (int32_t)x[1];
	s->has_initial = n > 2;
	s->has_checksum = n > 3;
	s->initial = (int32_t)x[2];
	s->checksum = (uint16_t)x[3];

	return 0;
}

static int read_signal_line(struct wfdb_signal *s, struct line *l)
{
	char *file = next_field(l), *format = next_field(l), *gain = next_field(l);
	bool has_baseline = false;

	if (!file || !format)
		return error_set(l->e, l->name, l->number, "expected signal file and format");
	strcpy(s->units, "mV");
	s->gain = 200;
	s->per_frame = 1;
	s->line = l->number;
	if (read_file_name(s, l, file) < 0 || read_format(s, l, format) < 0 ||
	    (gain && read_gain(s, l, gain, &has_baseline) < 0) || read_integers(s, l, has_baseline) < 0)
		return -1;
	l->at += strspn(l->at, " \t");

	size_t n = strlen(l->at);
	while (n && strchr(" \t", l->at[n - 1]))
		l->at[--n] = '\0';
	if (n >= WFDB_TEXT)
		l->at[WFDB_TEXT - 1] = '\0';
	strcpy(s->name, l->at);

	return 0;
}

/* Copy the next line that is neither empty nor a comment into l; false at the end of the file. */
static bool next_line(struct line *l, char **at, char *end)
{
	while (*at < end) {
		char *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));
		*at = stop ? stop + 1 : end;
		stop = stop ? stop : end;
		if (stop > line && stop[-1] == '\r')
			stop--;
		*stop = '\0';
		l->number++;
		l->at = line + strspn(line, " \t");
		if (*l->at && *l->at != '#')
			return true;
	}
	return false;
}

static int parse(struct wfdb *h, struct line *l, char *at, char *end)
{
	if (!next_line(l, &at, end))
		return error_set(l->e, l->name, 0, "no record line: not a WFDB header");
	if (read_record_line(h, l) < 0)
		return -1;
	for (int i = 0; i < h->n_signals; i++) {
		if (!next_line(l, &at, end))
			return error_set(l->e, l->name, 0, "expected %d signals, found %d", h->n_signals, i);
		if (read_signal_line(&h->signals[i], l) < 0)
			return -1;
	}
	if (next_line(l, &at, end))
		return error_set(l->e, l->name, l->number, "expected %d signals, found another line",
				 h->n_signals);
	return 0;
}

int wfdb_parse(struct wfdb *h, const char *name, const char *bytes, size_t n_bytes, struct error *e)
{
	memset(h, 0, sizeof *h);
	if (n_bytes > WFDB_HEADER_MAX)
		return error_set(e, name, 0, "longer than %d bytes: not a WFDB header", WFDB_HEADER_MAX);
	if (n_bytes && memchr(bytes, '\0', n_bytes))
		return error_set(e, name, 0, "holds a NUL byte: not a WFDB header");
	if (n_bytes >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
		bytes += 3; /* what some editors put before UTF-8 */
		n_bytes -= 3;
	}
	char *copy = malloc(n_bytes + 1);
	if (!copy)
		return error_set(e, name, 0, "out of memory");
	memcpy(copy, bytes, n_bytes);
	copy[n_bytes] = '\0';
	struct line l = {.name = name, .e = e};
	int failed = parse(h, &l, copy, copy + n_bytes);
	free(copy);
	return failed;
}

static bool is_known(int format)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (formats[i] == format)
			return true;
	return false;
}

int wfdb_require(const struct wfdb *h, const char *name, int i, struct error *e)
{
	const struct wfdb_signal *s = &h->signals[i];
	if (!strcmp(s->file, "~"))
		return error_set(e, name, s->line,
				 "no samples: this is the layout of a record of several segments");
	if (!is_known(s->format))
		return error_set(e, name, s->line, "expected signal format " FORMATS ", found '%d'",
				 s->format);
	return 0;
}

bool wfdb_is_narrow(int format)
{
	return format != 8 && format != 24 && format != 32 && format != 524;
}

int32_t wfdb_lowest(int format)
{
	switch (format) {
	case 80:
	case 508:
		return -128;
	case 212:
		return -2048;
	case 310:
	case 311:
		return -512;
	case 24:
	case 524:
		return -(1 << 23);
	case 8: /* differences know no such value */
	case 32:
		return INT32_MIN;
	default:
		return INT16_MIN;
	}
}

int wfdb_group_end(const struct wfdb *h, int first)
{
	int last = first + 1;
	while (last < h->n_signals && !strcmp(h->signals[last].file, h->signals[first].file))
		last++;
	return last;
}
