/*
 * All signals of a WFDB record as this reader decodes them: int32 [samples][signals] on stdout,
 * little-endian, a missing one as its format's lowest value. Or one line on stderr that says
 * why not, and exit 1.
 *
 *	wfdb_dump FOLDER RECORD
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/die.h"
#include "common/file.h"
#include "ecg/wfdb.h"
#include "ecg/wfdb_samples.h"

static int refuse(const struct error *e)
{
	fprintf(stderr, "%s\n", error_text(e));
	return 1;
}

static char *read_whole(const char *folder, const char *name, size_t *n)
{
	char *path = die_printf("%s/%s", folder, name), *bytes;
	FILE *f = fopen(path, "rb");
	if (!f)
		die("%s: absent", path);
	bytes = die_malloc(WFDB_VALUES);
	*n = fread(bytes, 1, WFDB_VALUES, f);
	fclose(f);
	free(path);
	return bytes;
}

/* The samples of the file of signals first..last-1 into x, which the first file's length makes. */
static int read_file(int32_t **x, long *n_samples, const struct wfdb *h, int first, int last,
		     const char *folder, struct error *e)
{
	int all[WFDB_SIGNALS];
	for (int i = 0; i < h->n_signals; i++)
		all[i] = i;
	size_t n;
	const char *name = h->signals[first].file;
	char *bytes = read_whole(folder, name, &n);
	long t = wfdb_samples_count(h, first, last, name, n, e);
	if (!*x && t >= 0) {
		*n_samples = t;
		*x = die_malloc(sizeof **x * (size_t)(t * h->n_signals) + 1);
	}
	int result = t < 0 ? -1
			   : wfdb_samples_read(*x, *n_samples, h, first, last, all, h->n_signals, name,
					       (uint8_t *)bytes, n, e);
	free(bytes);
	return result;
}

int main(int argc, char **argv)
{
	static struct wfdb h;
	struct error e = {0};
	size_t n;
	if (argc != 3)
		die("usage: wfdb_dump FOLDER RECORD");
	char *name = die_printf("%s.hea", argv[2]), *bytes = read_whole(argv[1], name, &n);
	if (wfdb_parse(&h, name, bytes, n, &e) < 0)
		return refuse(&e);
	for (int i = 0; i < h.n_signals; i++)
		if (wfdb_require(&h, name, i, &e) < 0)
			return refuse(&e);

	int32_t *x = NULL;
	long t = 0;
	for (int first = 0, last; first < h.n_signals; first = last) {
		last = wfdb_group_end(&h, first);
		if (read_file(&x, &t, &h, first, last, argv[1], &e) < 0)
			return refuse(&e);
	}
	for (long i = 0; i < t * h.n_signals; i++)
		if (x[i] == WFDB_MISSING)
			x[i] = wfdb_lowest(h.signals[i % h.n_signals].format);
	fwrite(x, sizeof *x, (size_t)(t * h.n_signals), stdout);
	free(x);
	free(bytes);
	free(name);
	return 0;
}
