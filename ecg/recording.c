#include "ecg/recording.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/die.h"
#include "ecg/edf.h"
#include "ecg/npy.h"
#include "ecg/samples_csv.h"
#include "ecg/wfdb_record.h"

#define FILE_MAX ((size_t)1 << 28) /* bytes */

typedef int read_bytes(struct record *r, const char *file, const uint8_t *bytes, size_t n_bytes,
		       const struct recording_choice *c, struct error *e);

static int read_edf(struct record *r, const char *file, const uint8_t *bytes, size_t n_bytes,
		    const struct recording_choice *c, struct error *e)
{
	(void)c;
	return edf_read(r, file, bytes, n_bytes, e);
}

static bool ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), n_end = strlen(end);
	return n > n_end && !strcasecmp(path + n - n_end, end);
}

/* 0, 1 or -1 as recording_read. */
static int read_whole(struct record *r, struct files *f, const char *path, const struct recording_choice *c,
		      read_bytes *read, struct error *e)
{
	char *bytes;
	size_t n;
	if (files_read(f, path, &bytes, &n, FILE_MAX, e) < 0)
		return -1;
	int result = read(r, path, (uint8_t *)bytes, n, c, e) < 0 ? 1 : 0;
	free(bytes);
	return result;
}

static int read_wfdb(struct record *out, struct files *f, const char *path, const struct recording_choice *c,
		     struct error *e)
{
	char *name = die_printf("%s.hea", path);
	struct wfdb_record *r = die_malloc(sizeof *r);
	int result = wfdb_record_read(r, f, path, WFDB_RECORD_LEADS, e);
	if (result == 0 && c->wfdb_rate_hz > 0 && r->h.rate_hz != c->wfdb_rate_hz) {
		error_set(e, name, 0, "expected %g Hz, found %.15g Hz", c->wfdb_rate_hz, r->h.rate_hz);
		result = 1;
	}
	if (result == 0 && record_from_wfdb(out, name, &r->h, r->columns, r->n, r->x, r->n_samples, e) < 0)
		result = 1;
	if (result == 0 && r->n_segments)
		json_object_set_new(out->header, "segments", json_integer(r->n_segments));
	wfdb_record_release(r);
	free(r);
	free(name);
	return result;
}

int recording_read(struct record *r, struct files *f, const char *path, const struct recording_choice *c,
		   struct error *e)
{
	static const struct {
		const char *end;
		read_bytes *read;
	} forms[] = {{".edf", read_edf}, {".csv", samples_csv_read}, {".npy", npy_read}};
	static const char *const others[] = {".dcm", ".dicom", ".scp", ".ecg", ".xml", ".json",	  ".bdf",
					     ".h5",  ".hdf5",  ".npz", ".txt", ".tsv", ".parquet"};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (ends_in(path, forms[i].end))
			return read_whole(r, f, path, c, forms[i].read, e);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (ends_in(path, others[i]))
			return error_set(e, path, 0,
					 "'%s' is not read; read are WFDB records, EDF, CSV and .npy. "
					 "docs/data.md shows "
					 "how to convert DICOM, SCP-ECG and other files in ten lines",
					 others[i]);
	return read_wfdb(r, f, path, c, e);
}
