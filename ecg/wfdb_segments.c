#include "ecg/wfdb_segments.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/field.h"

#define FIELDS 4 /* of a line that are read */

/* A header being read. */
struct lines {
	const char *name; /* of the file */
	const char *at, *end;
	long number;
	char text[512]; /* the line, cut into fields */
	char *field[FIELDS];
	int n;
};

static void cut_fields(struct lines *l)
{
	char *save = NULL;
	l->n = 0;
	for (char *f = strtok_r(l->text, " \t\r", &save); f && l->n < FIELDS;
	     f = strtok_r(NULL, " \t\r", &save))
		l->field[l->n++] = f;
}

/* The next line that is neither empty nor a comment; false at the end. A longer one than any valid is cut. */
static bool next_line(struct lines *l)
{
	while (l->at < l->end) {
		const char *stop = memchr(l->at, '\n', (size_t)(l->end - l->at));
		size_t n = (size_t)((stop ? stop : l->end) - l->at);
		size_t kept = n < sizeof l->text ? n : sizeof l->text - 1;
		memcpy(l->text, l->at, kept);
		l->text[kept] = '\0';
		l->at = stop ? stop + 1 : l->end;
		l->number++;
		cut_fields(l);
		if (l->n && *l->field[0] != '#')
			return true;
	}
	return false;
}

static struct lines open_lines(const char *name, const char *bytes, size_t n_bytes)
{
	bool is_marked = n_bytes >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3);
	return (struct lines){.name = name, .at = bytes + 3 * is_marked, .end = bytes + n_bytes};
}

bool wfdb_segments_are(const char *bytes, size_t n_bytes)
{
	struct lines l = open_lines("", bytes, n_bytes);
	const char *slash = next_line(&l) ? strchr(l.field[0], '/') : NULL;
	return slash && slash[1] && !slash[1 + strspn(slash + 1, "0123456789")];
}

/* A plain name in the header's folder. */
static int copy_name(char out[WFDB_TEXT], const struct lines *l, const char *name, struct error *e)
{
	size_t n = strlen(name);
	bool is_gap = !strcmp(name, "~");
	if (!n || n >= WFDB_TEXT || (!is_gap && strpbrk(name, "/\\~")) || name[0] == '.')
		return error_set(e, l->name, l->number,
				 "expected the name of a record beside this one, found '%.60s'", name);
	memcpy(out, name, n + 1);
	return 0;
}

static int read_number(uint64_t *x, const struct lines *l, const char *text, uint64_t least, uint64_t most,
		       const char *what, struct error *e)
{
	if (field_integer(text, x) < 0 || *x < least || *x > most)
		return error_set(e, l->name, l->number, "expected %s, found '%.60s'", what, text);
	return 0;
}

/* "name/3 12 250 225000" */
static int read_record(struct wfdb_segments *s, struct lines *l, struct error *e)
{
	uint64_t n, n_signals, n_frames = 0;
	char *slash = next_line(l) ? strchr(l->field[0], '/') : NULL;
	if (!slash || l->n < 2)
		return error_set(e, l->name, 0, "expected record name/segments and number of signals");
	*slash++ = '\0';
	if (copy_name(s->record, l, l->field[0], e) < 0 ||
	    read_number(&n, l, slash, 1, WFDB_SEGMENTS, "1 to 10000 segments", e) < 0 ||
	    read_number(&n_signals, l, l->field[1], 1, WFDB_SIGNALS, "1 to 64 signals", e) < 0)
		return -1;

	s->rate_hz = 250;
	if (l->n > 2) {
		l->field[2][strcspn(l->field[2], "/(")] = '\0';
		if (field_number(l->field[2], &s->rate_hz) < 0 || s->rate_hz <= 0 || s->rate_hz > 1e6)
			return error_set(e, l->name, l->number,
					 "expected a sampling rate in Hz, found '%.60s'", l->field[2]);
	}
	if (l->n > 3 && read_number(&n_frames, l, l->field[3], 0, WFDB_SAMPLES, "a number of samples", e) < 0)
		return -1;

	s->n = (int)n;
	s->n_signals = (int)n_signals;
	s->n_frames = (long)n_frames;
	s->segments = die_calloc((size_t)n, sizeof *s->segments);
	return 0;
}

static int read_segments(struct wfdb_segments *s, struct lines *l, struct error *e)
{
	uint64_t total = 0;
	for (int i = 0; i < s->n; i++) {
		uint64_t n;
		if (!next_line(l) || l->n < 2)
			return error_set(e, l->name, 0, "expected %d segments, found %d", s->n, i);
		if (copy_name(s->segments[i].name, l, l->field[0], e) < 0 ||
		    read_number(&n, l, l->field[1], i > 0, WFDB_SAMPLES, "a segment's number of samples", e) <
			    0)
			return -1;
		s->segments[i].n_frames = (long)n;
		total += n;
	}
	if (next_line(l))
		return error_set(e, l->name, l->number, "expected %d segments, found another line", s->n);

	s->has_layout = s->segments[0].n_frames == 0;
	if (total < 1 || total > WFDB_SAMPLES || (s->n_frames && (uint64_t)s->n_frames != total))
		return error_set(e, l->name, 0,
				 "its segments have %llu samples: expected %ld (0: any number up to %ld)",
				 (unsigned long long)total, s->n_frames, WFDB_SAMPLES);
	s->n_frames = (long)total;
	return 0;
}

int wfdb_segments_parse(struct wfdb_segments *s, const char *name, const char *bytes, size_t n_bytes,
			struct error *e)
{
	*s = (struct wfdb_segments){0};
	if (n_bytes > WFDB_HEADER_MAX)
		return error_set(e, name, 0, "longer than %d bytes: not a WFDB header", WFDB_HEADER_MAX);
	if (n_bytes && memchr(bytes, '\0', n_bytes))
		return error_set(e, name, 0, "holds a NUL byte: not a WFDB header");
	struct lines l = open_lines(name, bytes, n_bytes);
	return read_record(s, &l, e) < 0 ? -1 : read_segments(s, &l, e);
}

void wfdb_segments_release(struct wfdb_segments *s)
{
	free(s->segments);
	s->segments = NULL;
}
