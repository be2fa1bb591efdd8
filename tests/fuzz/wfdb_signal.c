/* A WFDB header, a NUL byte, and the bytes of its signal files (the same for each): decoded within bounds,
 * and then made a record. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ecg/record.h"
#include "ecg/wfdb_samples.h"

#define VALUES_MAX (1 << 22) /* what the fuzzer may make us allocate */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void read_record(const struct wfdb *h, const uint8_t *bytes, size_t n_bytes)
{
	struct error e = {0};
	struct record r = {0};
	int columns[LEADS];
	int n_leads = record_leads(columns, "fuzz.hea", h, &e);
	bool is_record = n_leads > 0;
	if (!is_record) {
		n_leads = LEADS;
		if (!e.text[0])
			abort();
		for (int k = 0; k < LEADS; k++)
			columns[k] = k % h->n_signals; /* as if they were leads, if they can be decoded */
	}
	int per_frame = h->signals[columns[0]].per_frame;
	for (int k = 0; k < n_leads; k++)
		if (wfdb_require(h, "fuzz.hea", columns[k], NULL) < 0 ||
		    h->signals[columns[k]].per_frame != per_frame)
			return;

	struct error e2 = {0};
	long t = wfdb_samples_count(h, 0, wfdb_group_end(h, 0), "fuzz.dat", n_bytes, &e2);
	if (t < 0 && !e2.text[0])
		abort();
	if (t < 0 || t * per_frame * LEADS > VALUES_MAX)
		return;

	int32_t *x = calloc((size_t)(t * per_frame) * LEADS + 1, sizeof *x);
	int result = 0;
	for (int first = 0, last; result == 0 && first < h->n_signals; first = last) {
		last = wfdb_group_end(h, first);
		result = wfdb_samples_read(x, t, h, first, last, columns, n_leads, "fuzz.dat", bytes, n_bytes,
					   &e2);
	}

	if (result == 0 && is_record)
		result = record_from_wfdb(&r, "fuzz.hea", h, columns, n_leads, x, t * per_frame, &e2);
	if (result < 0 && !e2.text[0])
		abort();
	size_t n_values = (size_t)(t * per_frame) * (size_t)n_leads;
	if (result == 0 && is_record && r.n_bytes != n_values * 2 && r.n_bytes != n_values * 4)
		abort();
	record_release(&r);
	free(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	static struct wfdb h;
	const uint8_t *end = n_bytes ? memchr(bytes, 0, n_bytes) : NULL;
	size_t n_header = end ? (size_t)(end - bytes) : n_bytes;
	if (wfdb_parse(&h, "fuzz.hea", (const char *)bytes, n_header, NULL) == 0 && end)
		read_record(&h, end + 1, n_bytes - n_header - 1);
	return 0;
}
