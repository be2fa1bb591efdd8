#include "ecg/wfdb_samples.h"

#include <stdbool.h>

#include "ecg/flac.h"

/* 508, 516 and 524: 8, 16 and 24 bits compressed by FLAC, a channel per signal. */
static bool is_flac(int format)
{
	return format > 500;
}

/* Samples that are packed together, and into how many bytes. */
static uint64_t group_samples(int format)
{
	return format == 212 ? 2 : format == 310 || format == 311 ? 3 : 1;
}

static uint64_t group_bytes(int format)
{
	switch (format) {
	case 8:
	case 80:
		return 1;
	case 24:
	case 212:
		return 3;
	case 32:
	case 310:
	case 311:
		return 4;
	default:
		return 2;
	}
}

/* Bytes that hold the first n samples of a group, fewer than all of it. */
static uint64_t part_bytes(int format, uint64_t n)
{
	return n == 0 ? 0 : n == 1 ? 2 : format == 311 ? 3 : 4;
}

/* The least bytes of n samples in a format, n < 2^44; a last group may be filled up. */
static uint64_t size_of(int format, uint64_t n)
{
	uint64_t whole = n / group_samples(format), rest = n % group_samples(format);
	return whole * group_bytes(format) + part_bytes(format, rest);
}

static uint64_t filled_size_of(int format, uint64_t n)
{
	uint64_t in_group = group_samples(format);
	return (n + in_group - 1) / in_group * group_bytes(format);
}

static uint64_t samples_in(int format, uint64_t n_bytes)
{
	uint64_t whole = n_bytes / group_bytes(format), rest = n_bytes % group_bytes(format), n = 0;
	while (n + 1 < group_samples(format) && part_bytes(format, n + 1) <= rest)
		n++;
	return whole * group_samples(format) + n;
}

/* Samples of a frame of signals first..last-1, which alternate frame by frame. */
static uint64_t frame_of(const struct wfdb *h, int first, int last)
{
	uint64_t n = 0;
	for (int i = first; i < last; i++)
		n += (uint64_t)h->signals[i].per_frame;
	return n;
}

/* A small file must not ask for memory for many long signals. */
static int check_memory(uint64_t n, uint64_t frame, const char *file, struct error *e)
{
	if (n * frame <= WFDB_VALUES)
		return 0;
	return error_set(e, file, 0, "%llu samples of %llu signals are more than this reader takes",
			 (unsigned long long)n, (unsigned long long)frame);
}

/* What the header says, as the size of a compressed file tells nothing. */
static long count_flac(const struct wfdb *h, int first, int last, const char *file, struct error *e)
{
	if (!h->n_samples)
		return error_set(
			e, file, 0,
			"the header must say how many samples there are: a FLAC file's size does not");
	if (last - first > FLAC_CHANNELS)
		return error_set(e, file, 0,
				 "expected at most %d signals in a FLAC file, found %d in the header",
				 FLAC_CHANNELS, last - first);
	for (int i = first + 1; i < last; i++)
		if (h->signals[i].per_frame != h->signals[first].per_frame)
			return error_set(e, file, 0,
					 "expected as many samples per frame of each signal in a FLAC file");
	return check_memory((uint64_t)h->n_samples, frame_of(h, first, last), file, e) < 0 ? -1
											   : h->n_samples;
}

long wfdb_samples_count(const struct wfdb *h, int first, int last, const char *file, size_t n_bytes,
			struct error *e)
{
	const struct wfdb_signal *s = &h->signals[first];
	uint64_t frame = frame_of(h, first, last), offset = (uint64_t)s->offset;

	for (int i = first + 1; i < last; i++)
		if (h->signals[i].format != s->format || h->signals[i].offset != s->offset)
			return error_set(e, file, 0, "its signals differ in format or offset in the header");
	if (is_flac(s->format))
		return count_flac(h, first, last, file, e);
	if (n_bytes < offset)
		return error_set(e, file, 0, "expected samples from byte %ld on, found %zu bytes", s->offset,
				 n_bytes);

	uint64_t n = (uint64_t)h->n_samples;
	if (!n) {
		n = samples_in(s->format, n_bytes - offset) / frame;
		if (n < 1 || n > (uint64_t)WFDB_SAMPLES)
			return error_set(e, file, 0, "%zu bytes make no record of 1 to %ld samples", n_bytes,
					 WFDB_SAMPLES);
	}

	if (check_memory(n, frame, file, e) < 0)
		return -1;

	uint64_t size = offset + size_of(s->format, n * frame);
	if (n_bytes < size || n_bytes > offset + filled_size_of(s->format, n * frame))
		return error_set(e, file, 0,
				 "expected %llu bytes (%llu samples of %llu signals, format %d), found %zu",
				 (unsigned long long)size, (unsigned long long)n, (unsigned long long)frame,
				 s->format, n_bytes);

	return (long)n;
}

static int32_t sign_extend(uint32_t x, int bits)
{
	uint32_t sign = UINT32_C(1) << (bits - 1);
	return (int32_t)((x ^ sign) - sign);
}

/* Sample i of a file's bytes. */
static inline __attribute__((always_inline)) int32_t sample(const uint8_t *b, uint64_t i, int format)
{
	switch (format) {
	case 80:
		return (int32_t)b[i] - 128;
	case 212:
		b += i / 2 * 3;
		return i % 2 ? sign_extend((uint32_t)(b[1] & 0xf0) << 4 | b[2], 12)
			     : sign_extend((uint32_t)(b[1] & 0x0f) << 8 | b[0], 12);
	case 24:
		b += 3 * i;
		return sign_extend((uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0], 24);
	case 160:
		b += 2 * i;
		return (int32_t)((uint32_t)b[1] << 8 | b[0]) - 32768;
	case 310: {
		/* Two words hold a sample each in bits 1-10, and half of the third in bits 11-15. */
		b += i / 3 * 4;
		if (i % 3 < 2) {
			b += i % 3 * 2;
			return sign_extend(((uint32_t)b[1] << 8 | b[0]) >> 1 & 0x3ff, 10);
		}
		return sign_extend((uint32_t)b[1] >> 3 | (uint32_t)(b[3] >> 3) << 5, 10);
	}
	case 311: {
		/* Bits 0-9, 10-19 and 20-29 of four bytes; of a last group only those that are needed need be
		 * there. */
		b += i / 3 * 4 + i % 3;
		return sign_extend(((uint32_t)b[1] << 8 | b[0]) >> 2 * (i % 3) & 0x3ff, 10);
	}
	case 32:
		b += 4 * i;
		return (int32_t)((uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0]);
	case 61:
		b += 2 * i;
		return sign_extend((uint32_t)b[0] << 8 | b[1], 16);
	default:
		b += 2 * i;
		return sign_extend((uint32_t)b[1] << 8 | b[0], 16);
	}
}

static int check(const struct wfdb_signal *s, int32_t initial, uint16_t sum, const char *file,
		 struct error *e)
{
	/* Recorders state 0 where the first sample is missing. */
	bool is_missing = s->format != 8 && initial == wfdb_lowest(s->format);
	if (s->has_initial && s->initial != initial && !is_missing)
		return error_set(e, file, 0, "signal %s: expected the initial value %d, found %d", s->name,
				 (int)s->initial, (int)initial);
	if (s->has_checksum && s->checksum != sum)
		return error_set(e, file, 0, "signal %s: expected checksum %u, found %u: the file is damaged",
				 s->name, s->checksum, sum);
	return 0;
}

struct column {
	int32_t *x; /* its first value */
	int x_stride;
	uint64_t k, frame; /* samples k..k+per_frame-1 of every frame in the file */
	uint64_t per_frame;
};

/* Where sample t of a column is in the file. */
static inline __attribute__((always_inline)) uint64_t place(const struct column *c, uint64_t t)
{
	return c->per_frame == 1 ? t * c->frame + c->k
				 : t / c->per_frame * c->frame + c->k + t % c->per_frame;
}

/* Move a skewed signal to its time: what it lacks then at its end is missing. */
static void unskew(const struct column *c, uint64_t n, long skew)
{
	uint64_t stride = (uint64_t)c->x_stride, by = (uint64_t)skew * c->per_frame;
	for (uint64_t t = 0; by && t < n; t++)
		c->x[t * stride] = t + by < n ? c->x[(t + by) * stride] : WFDB_MISSING;
}

/* The same of format 8, whose bytes are differences; the first one is that to the header's initial value. */
static uint16_t decode_differences(const struct column *c, uint64_t n, const uint8_t *bytes, int32_t initial)
{
	uint16_t sum = 0;
	uint32_t v = (uint32_t)initial;
	for (uint64_t t = 0; t < n; t++) {
		v += (uint32_t)(int8_t)bytes[place(c, t)];
		sum = (uint16_t)(sum + v);
		c->x[t * (uint64_t)c->x_stride] = (int32_t)v;
	}
	return sum;
}

/* n samples, and their sum. */
static inline __attribute__((always_inline)) uint16_t decode(const struct column *c, uint64_t n,
							     const uint8_t *bytes, int format)
{
	uint16_t sum = 0;
	int32_t missing = wfdb_lowest(format), *x = c->x;
	for (uint64_t t = 0; t < n; t++, x += c->x_stride) {
		int32_t v = sample(bytes, place(c, t), format);
		sum = (uint16_t)(sum + (uint32_t)v);
		*x = v == missing ? WFDB_MISSING : v;
	}
	return sum;
}

/* The samples of a column as they are in the file, where x has them: their sum; the missing ones are marked.
 * */
static uint16_t mark_missing(const struct column *c, uint64_t n, int format)
{
	uint16_t sum = 0;
	int32_t missing = wfdb_lowest(format), *x = c->x;
	for (uint64_t t = 0; t < n; t++, x += c->x_stride) {
		sum = (uint16_t)(sum + (uint32_t)*x);
		if (*x == missing)
			*x = WFDB_MISSING;
	}
	return sum;
}

struct wanted {
	int32_t *x; /* [n][n_columns] */
	const int *columns;
	int n_columns;
};

/* Signals first..last-1 of a compressed file; a signal may be wanted in several columns. */
static int read_flac(const struct wanted *w, long n_frames, const struct wfdb *h, int first, int last,
		     const char *file, const uint8_t *bytes, size_t n_bytes, struct error *e)
{
	const struct wfdb_signal *s = &h->signals[first];
	uint64_t per_frame = (uint64_t)s->per_frame, n = (uint64_t)n_frames * per_frame;
	int32_t *out[FLAC_CHANNELS] = {NULL};
	for (int k = 0; k < w->n_columns; k++)
		if (w->columns[k] >= first && w->columns[k] < last)
			out[w->columns[k] - first] = w->x + k;

	struct flac_target to = {.out = out,
				 .n_channels = last - first,
				 .max_bits = s->format - 500,
				 .stride = (size_t)w->n_columns,
				 .skip = (uint64_t)s->offset,
				 .n = n};
	if (flac_decode(&to, file, bytes, n_bytes, e) < 0)
		return -1;

	for (int k = 0; k < w->n_columns; k++) {
		int i = w->columns[k];
		if (i < first || i >= last || out[i - first] == w->x + k)
			continue;
		for (uint64_t t = 0; t < n; t++)
			w->x[t * to.stride + (size_t)k] = out[i - first][t * to.stride];
	}
	for (int k = 0; n && k < w->n_columns; k++) {
		int i = w->columns[k];
		if (i < first || i >= last)
			continue;
		struct column c = {w->x + k, w->n_columns, 0, 0, per_frame};
		int32_t initial = *c.x;
		if (check(&h->signals[i], initial, mark_missing(&c, n, s->format), file, e) < 0)
			return -1;
		unskew(&c, n, h->signals[i].skew);
	}
	return 0;
}

int wfdb_samples_read(int32_t *x, long n_frames, const struct wfdb *h, int first, int last,
		      const int *columns, int n_columns, const char *file, const uint8_t *bytes,
		      size_t n_bytes, struct error *e)
{
	if (wfdb_samples_count(h, first, last, file, n_bytes, e) != n_frames)
		return error_set(e, file, 0, "expected %ld samples per signal as in the record's other files",
				 n_frames);
	int format = h->signals[first].format;
	uint64_t frame = frame_of(h, first, last);
	if (is_flac(format)) {
		struct wanted w = {x, columns, n_columns};
		return read_flac(&w, n_frames, h, first, last, file, bytes, n_bytes, e);
	}
	bytes += h->signals[first].offset;

	for (int k = 0; k < n_columns; k++) {
		if (columns[k] < first || columns[k] >= last)
			continue;
		const struct wfdb_signal *s = &h->signals[columns[k]];
		uint64_t n = (uint64_t)n_frames * (uint64_t)s->per_frame;
		struct column c = {x + k, n_columns, frame_of(h, first, columns[k]), frame,
				   (uint64_t)s->per_frame};
		/* The usual format has a loop without a choice in it. */
		uint16_t sum = format == 16  ? decode(&c, n, bytes, 16)
			       : format == 8 ? decode_differences(&c, n, bytes, s->initial)
					     : decode(&c, n, bytes, format);
		int32_t first_sample = format == 8 ? s->initial : sample(bytes, c.k, format);
		if (n && check(s, first_sample, sum, file, e) < 0)
			return -1;
		unskew(&c, n, s->skew);
	}

	return 0;
}
