/*
 * All signals of a WFDB record as this reader decodes them, one after the other as doubles on stdout: of each
 * its number of samples, gain and baseline, then its samples in ADC steps, a missing one as NaN. Or one line
 * on stderr that says why not, and exit 1; exit 3 if a file is absent.
 *
 *	wfdb_dump FOLDER RECORD
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/die.h"
#include "ecg/files.h"
#include "ecg/wfdb_record.h"
#include "ecg/wfdb_samples.h"

static int refuse(const struct error *e, int result)
{
	fprintf(stderr, "%s\n", error_text(e));
	return result < 0 ? 3 : 1;
}

/* Nothing is listed, so nothing is hashed. */
static void *hash_open(void)
{
	return NULL;
}

static void hash_update(void *stream, const void *bytes, size_t n_bytes)
{
	(void)stream, (void)bytes, (void)n_bytes;
}

static void hash_close(void *stream, uint8_t digest[SUMS_BYTES])
{
	(void)stream;
	for (int i = 0; i < SUMS_BYTES; i++)
		digest[i] = 0;
}

static void write_signal(const struct wfdb_record *r)
{
	const struct wfdb_signal *s = &r->h.signals[r->columns[0]];
	double about[3] = {(double)r->n_samples, s->gain, s->baseline};
	fwrite(about, sizeof about, 1, stdout);
	for (long t = 0; t < r->n_samples; t++) {
		double v = r->x[t] == WFDB_MISSING ? (double)NAN : (double)r->x[t];
		fwrite(&v, sizeof v, 1, stdout);
	}
}

int main(int argc, char **argv)
{
	static struct wfdb_record r;
	const struct files_options options = {.sha256 = {hash_open, hash_update, hash_close}};
	struct error e = {0};
	if (argc != 3)
		die("usage: wfdb_dump FOLDER RECORD");
	char *marker = die_printf("%s.hea", argv[2]);
	struct files *f = files_open(argv[1], marker, &options, &e);
	if (!f)
		return refuse(&e, -1);

	int n = 1;
	for (int i = 0; i < n; i++) {
		int result = wfdb_record_read(&r, f, argv[2], i, &e);
		if (result)
			return refuse(&e, result);
		n = r.h.n_signals;
		write_signal(&r);
		wfdb_record_release(&r);
	}
	files_close(f);
	free(marker);
	return 0;
}
