#include "ecg/wfdb_record.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/path.h"
#include "ecg/record.h"
#include "ecg/wfdb_multi.h"
#include "ecg/wfdb_samples.h"

#define SIGNAL_MAX                                                                                           \
	((size_t)1 << 28) /* bytes of a signal file: six hours of twelve leads at 500 Hz and 16 bits */

/* ---- signal files ---- */

/* Name of a signal file that stands beside the record's header; yours to free. */
static char *beside(const char *path, const char *file)
{
	char *folder = path_folder(path), *name = path_join(folder, file);
	free(folder);
	return name;
}

/* The signal files that a record's leads are in, all open before any is read: what they hold together must
 * fit its header. */
struct signals {
	const struct wfdb *h;
	const int *columns; /* [n_leads] the signals that are leads, ascending */
	int n_leads;
	int n_files, first[LEADS], last[LEADS]; /* file i has signals first[i]..last[i] - 1 */
	char *name[LEADS];
	struct files_stream file[LEADS];
	long n_frames;
};

/* The first lead among signals from `first` on, or -1. */
static int next_lead(const struct signals *s, int first)
{
	for (int k = 0; k < s->n_leads; k++)
		if (s->columns[k] >= first)
			return s->columns[k];
	return -1;
}

/* Where the file of signal i begins. */
static int group_start(const struct wfdb *h, int i)
{
	int first = 0;
	for (int end; (end = wfdb_group_end(h, first)) <= i;)
		first = end;
	return first;
}

/* 0, or -1 if a file is missing. Files that are open are so in both cases. */
static int open_signals(struct signals *s, struct files *f, const char *path, struct error *e)
{
	for (int lead = next_lead(s, 0); lead >= 0; lead = next_lead(s, s->last[s->n_files++])) {
		int i = s->n_files, first = group_start(s->h, lead);
		s->name[i] = beside(path, s->h->signals[first].file);
		if (files_stream_open(&s->file[i], f, s->name[i], e) < 0) {
			free(s->name[i]);
			return -1;
		}
		s->first[i] = first;
		s->last[i] = wfdb_group_end(s->h, first);
	}
	return 0;
}

/* Whether sizes and header contradict each other; then e is filled. */
static bool check_signals(struct signals *s, struct error *e)
{
	for (int i = 0; i < s->n_files; i++) {
		size_t n = (size_t)files_stream_size(&s->file[i]);
		long found = wfdb_samples_count(s->h, s->first[i], s->last[i], s->name[i], n, e);
		if (i && found >= 0 && found != s->n_frames)
			error_set(e, s->name[i], 0,
				  "%ld samples per signal, the record's other files have %ld", found,
				  s->n_frames);
		if (found < 0 || (i && found != s->n_frames))
			return true;
		s->n_frames = found;
	}
	return false;
}

static bool is_too_large(const struct signals *s, struct error *e)
{
	uint64_t n = 0;
	for (int i = 0; i < s->n_files; i++)
		n += files_stream_size(&s->file[i]);
	if (n > SIGNAL_MAX)
		error_set(e, s->name[0], 0,
			  "a record of %llu bytes: at most %zu are read; cut it into shorter ones",
			  (unsigned long long)n, SIGNAL_MAX);
	return n > SIGNAL_MAX;
}

static void drop_signals(struct signals *s)
{
	for (int i = 0; i < s->n_files; i++)
		files_stream_drop(&s->file[i]);
}

/* Files first.. are closed. 0, or -1 if one is not what the dataset's checksums say. */
static int close_signals(struct signals *s, int first, struct error *e)
{
	int result = 0;
	for (int i = first; i < s->n_files; i++)
		if (files_stream_close(&s->file[i], e) < 0)
			result = -1;
	return result;
}

/* The record is left out because of `why`: 1; but -1 if a file is damaged, which is then what e says. Nothing
 * is read of files that are too large. */
static int refuse_signals(struct signals *s, const struct error *why, struct error *e)
{
	int result = 1;
	if (is_too_large(s, NULL))
		drop_signals(s);
	else if (close_signals(s, 0, e) < 0)
		result = -1;
	error_set(e, NULL, 0, "%s", error_text(why));
	return result;
}

static int decode_signals(struct signals *s, int32_t *x, struct error *e)
{
	for (int i = 0; i < s->n_files; i++) {
		char *bytes;
		size_t n;
		struct error why = {0};
		int result = files_stream_whole(&s->file[i], &bytes, &n, e);
		if (result == 0 &&
		    wfdb_samples_read(x, s->n_frames, s->h, s->first[i], s->last[i], s->columns, s->n_leads,
				      s->name[i], (uint8_t *)bytes, n, &why) < 0)
			result = 1;
		free(bytes);
		if (result == 0)
			continue;
		/* A file that is damaged ends the stage, a record that is wrong does not. */
		if (close_signals(s, i + 1, e) < 0 || result < 0)
			return -1;
		error_set(e, NULL, 0, "%s", error_text(&why));
		return 1;
	}
	return 0;
}

int wfdb_record_samples(struct wfdb_record *r, struct files *f, const char *path, struct error *e)
{
	struct signals s = {.h = &r->h, .columns = r->columns, .n_leads = r->n};
	struct error why = {0};
	int result = open_signals(&s, f, path, e);

	if (result == 0) {
		bool is_wrong = check_signals(&s, &why) || is_too_large(&s, &why);
		result = is_wrong ? refuse_signals(&s, &why, e) : 0;
	} else {
		drop_signals(&s);
	}
	if (result == 0) {
		r->per_frame = r->h.signals[r->columns[0]].per_frame;
		r->n_samples = s.n_frames * r->per_frame;
		r->x = die_malloc(sizeof *r->x * (size_t)r->n_samples * (size_t)r->n);
		result = decode_signals(&s, r->x, e);
	}

	for (int i = 0; i < s.n_files; i++)
		free(s.name[i]);
	return result;
}

/* ---- a record ---- */

int wfdb_record_choose(struct wfdb_record *r, const char *file, int wanted, struct error *e)
{
	if (wanted == WFDB_RECORD_LEADS)
		return (r->n = record_leads(r->columns, file, &r->h, e)) < 0 ? -1 : 0;
	if (wanted >= r->h.n_signals)
		return error_set(e, file, 0, "no signal %d", wanted);
	r->n = 1;
	r->columns[0] = wanted;
	return 0;
}

static int require(const struct wfdb_record *r, const char *file, struct error *e)
{
	for (int k = 0; k < r->n; k++)
		if (wfdb_require(&r->h, file, r->columns[k], e) < 0)
			return -1;
	return 0;
}

static int read_single(struct wfdb_record *r, struct files *f, const char *path, const char *name,
		       const char *bytes, size_t n, int wanted, struct error *e)
{
	if (wfdb_parse(&r->h, name, bytes, n, e) < 0 || wfdb_record_choose(r, name, wanted, e) < 0 ||
	    require(r, name, e) < 0)
		return 1;
	return wfdb_record_samples(r, f, path, e);
}

int wfdb_record_read(struct wfdb_record *r, struct files *f, const char *path, int wanted, struct error *e)
{
	char *name = die_printf("%s.hea", path), *bytes;
	size_t n;
	*r = (struct wfdb_record){0};
	int result = files_read(f, name, &bytes, &n, WFDB_HEADER_MAX, e);
	if (result == 0)
		result = wfdb_segments_are(bytes, n) ? wfdb_multi_read(r, f, path, bytes, n, wanted, e)
						     : read_single(r, f, path, name, bytes, n, wanted, e);
	free(bytes);
	free(name);
	return result;
}

void wfdb_record_release(struct wfdb_record *r)
{
	free(r->x);
	r->x = NULL;
}
