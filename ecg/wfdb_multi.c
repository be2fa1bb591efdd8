#include "ecg/wfdb_multi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/path.h"
#include "ecg/record.h"
#include "ecg/wfdb_samples.h"

#define VALUES_MAX (WFDB_VALUES / 2) /* as many as the largest record of one segment has; gaps take no file */

struct multi {
	struct wfdb_record *r; /* of all segments; its columns are signals of the layout */
	struct files *files;
	const struct wfdb_segments *segments;
	char *folder, *name; /* of the header */
	/* Of column k: whether a segment has it; whether others have another gain or baseline. */
	bool is_met[LEADS], is_mixed[LEADS];
	struct error *e;
};

/* A file beside the record's header; yours to free. */
static char *beside(const struct multi *m, const char *segment, const char *end)
{
	char *file = die_printf("%s%s", segment, end), *path = path_join(m->folder, file);
	free(file);
	return path;
}

/* Header of a segment: 0, 1 or -1 as wfdb_record_read. */
static int read_header(const struct multi *m, struct wfdb *h, const char *segment)
{
	char *name = beside(m, segment, ".hea"), *bytes;
	size_t n;
	int result = files_read(m->files, name, &bytes, &n, WFDB_HEADER_MAX, m->e);
	if (result == 0 && wfdb_parse(h, name, bytes, n, m->e) < 0)
		result = 1;
	if (result == 0 && h->rate_hz != m->segments->rate_hz) {
		error_set(m->e, name, 0, "%.15g Hz, but the record of this segment has %.15g Hz", h->rate_hz,
			  m->segments->rate_hz);
		result = 1;
	}
	free(bytes);
	free(name);
	return result;
}

/* Where signal `column` of the whole record is in a segment: by name, in the fixed layout by place; -1: it
 * lacks it. */
static int find_signal(const struct multi *m, const struct wfdb *h, int column)
{
	const char *name = m->r->h.signals[column].name;
	if (!m->segments->has_layout)
		return column < h->n_signals && !strcmp(h->signals[column].name, name) ? column : -1;
	for (int i = 0; i < h->n_signals; i++)
		if (!strcmp(h->signals[i].name, name))
			return i;
	return -1;
}

/* Take gain and unit of a signal from the first segment that has it; the others must agree or be joined. */
static int agree(struct multi *m, const char *segment, int k, const struct wfdb_signal *s)
{
	struct wfdb_signal *all = &m->r->h.signals[m->r->columns[k]];
	if (s->per_frame != all->per_frame)
		return error_set(m->e, m->name, 0,
				 "signal %s: segment %s has %d samples per frame, expected %d", s->name,
				 segment, s->per_frame, all->per_frame);
	if (!m->is_met[k])
		*all = *s;
	m->is_met[k] = true;
	m->is_mixed[k] |= s->gain != all->gain || s->baseline != all->baseline;
	if (strcmp(s->units, all->units))
		return error_set(m->e, m->name, 0, "signal %s: segment %s has unit %s, those before it %s",
				 s->name, segment, s->units, all->units);
	if (!wfdb_is_narrow(s->format))
		all->format = s->format;
	return 0;
}

/* Which of the wanted signals a segment has: part->columns, ascending as its own files need them, and their
 * places in the whole record. 0, or 1 with e filled. */
static int match(struct multi *m, struct wfdb_record *part, int place[LEADS], const char *segment)
{
	char *name = beside(m, segment, ".hea");
	int result = 0;
	for (int i = 0; i < part->h.n_signals && result == 0; i++)
		for (int k = 0; k < m->r->n && result == 0; k++) {
			if (find_signal(m, &part->h, m->r->columns[k]) != i)
				continue;
			place[part->n] = k;
			part->columns[part->n++] = i;
			if (wfdb_require(&part->h, name, i, m->e) < 0)
				result = 1;
		}
	if (result == 0 && !m->segments->has_layout && part->n != m->r->n) {
		error_set(m->e, name, 0, "a segment of the fixed layout without a signal that others have");
		result = 1;
	}
	free(name);
	return result;
}

/* Steps per unit for segments that have different ones: of a nanovolt. */
static double fine_gain(const struct wfdb_signal *s)
{
	double per_mv = record_units_per_mv(s->units);
	return per_mv > 0 ? 1e6 / per_mv : 1e6;
}

/* A sample of column k in steps of the whole record. */
static double step(const struct multi *m, int k, const struct wfdb_signal *s, int32_t v)
{
	if (!m->is_mixed[k] || v == WFDB_MISSING)
		return v;
	return rint(((double)v - s->baseline) / s->gain * fine_gain(s));
}

static int copy(struct multi *m, const struct wfdb_record *part, const int place[LEADS], long at)
{
	size_t n = (size_t)m->r->n, n_part = (size_t)part->n;
	for (long t = 0; t < part->n_samples; t++)
		for (size_t k = 0; k < n_part; k++) {
			const struct wfdb_signal *s = &part->h.signals[part->columns[k]];
			double v = step(m, place[k], s, part->x[(size_t)t * n_part + k]);
			if (v < INT32_MIN || v > INT32_MAX) {
				error_set(m->e, m->name, 0,
					  "signal %s: more than 2 V, and segments of different gains",
					  s->name);
				return 1;
			}
			m->r->x[(size_t)(at + t) * n + (size_t)place[k]] = (int32_t)v;
		}
	return 0;
}

/* Header of segment i, and which of its signals are wanted. */
static int open_segment(struct multi *m, struct wfdb_record *part, int place[LEADS], int i)
{
	const char *segment = m->segments->segments[i].name;
	int result = read_header(m, &part->h, segment);
	return result ? result : match(m, part, place, segment);
}

/* What gains there are. */
static int survey_segment(struct multi *m, int i)
{
	struct wfdb_record *part = die_calloc(1, sizeof *part);
	int place[LEADS], result = open_segment(m, part, place, i);
	for (int k = 0; k < part->n && result == 0; k++)
		if (agree(m, m->segments->segments[i].name, place[k], &part->h.signals[part->columns[k]]) < 0)
			result = 1;
	free(part);
	return result;
}

/* Samples of segment i from frame `from` on. */
static int read_segment(struct multi *m, int i, long from)
{
	const struct wfdb_segment *s = &m->segments->segments[i];
	struct wfdb_record *part = die_calloc(1, sizeof *part);
	int place[LEADS], result = open_segment(m, part, place, i);

	if (result == 0 && part->n) {
		char *path = beside(m, s->name, "");
		result = wfdb_record_samples(part, m->files, path, m->e);
		if (result == 0 && part->n_samples != s->n_frames * part->per_frame) {
			error_set(m->e, m->name, 0, "segment %s has %ld samples per signal, expected %ld",
				  s->name, part->n_samples / part->per_frame, s->n_frames);
			result = 1;
		}
		free(path);
	}
	if (result == 0 && part->n)
		result = copy(m, part, place, from * m->r->per_frame);
	wfdb_record_release(part);
	free(part);
	return result;
}

/* What was joined is in fine steps. */
static void set_gains(struct multi *m)
{
	for (int k = 0; k < m->r->n; k++) {
		struct wfdb_signal *s = &m->r->h.signals[m->r->columns[k]];
		if (!m->is_mixed[k])
			continue;
		s->gain = fine_gain(s);
		s->baseline = 0;
		s->format = 32;
	}
}

/* All samples, first as missing. */
static int allocate(struct multi *m)
{
	struct wfdb_record *r = m->r;
	r->per_frame = r->h.signals[r->columns[0]].per_frame;
	uint64_t n = (uint64_t)m->segments->n_frames * (uint64_t)r->per_frame * (uint64_t)r->n;
	if (n > VALUES_MAX) {
		error_set(m->e, m->name, 0,
			  "%llu samples of %d signals in all segments are more than this reader takes",
			  (unsigned long long)n, r->n);
		return 1;
	}
	r->n_samples = m->segments->n_frames * r->per_frame;
	r->x = die_malloc(n * sizeof *r->x);
	for (uint64_t i = 0; i < n; i++)
		r->x[i] = WFDB_MISSING;
	return 0;
}

static int read_all(struct multi *m, int wanted)
{
	const struct wfdb_segments *s = m->segments;
	char *first = beside(m, s->segments[0].name, ".hea");
	int result = read_header(m, &m->r->h, s->segments[0].name);
	if (result == 0 && wfdb_record_choose(m->r, first, wanted, m->e) < 0)
		result = 1;
	free(first);
	if (result == 0)
		result = allocate(m);

	for (int i = s->has_layout; i < s->n && result == 0; i++)
		if (strcmp(s->segments[i].name, "~"))
			result = survey_segment(m, i);
	long at = 0;
	for (int i = s->has_layout; i < s->n && result == 0; at += s->segments[i++].n_frames)
		if (strcmp(s->segments[i].name, "~"))
			result = read_segment(m, i, at);
	set_gains(m);
	return result;
}

int wfdb_multi_read(struct wfdb_record *r, struct files *f, const char *path, const char *header,
		    size_t n_bytes, int wanted, struct error *e)
{
	struct wfdb_segments s;
	struct multi m = {.r = r,
			  .files = f,
			  .segments = &s,
			  .folder = path_folder(path),
			  .name = die_printf("%s.hea", path),
			  .e = e};
	int result = wfdb_segments_parse(&s, m.name, header, n_bytes, e) < 0 ? 1 : read_all(&m, wanted);
	r->n_segments = s.n - s.has_layout;
	wfdb_segments_release(&s);
	free(m.folder);
	free(m.name);
	return result;
}
