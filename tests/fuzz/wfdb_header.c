/* A WFDB header from anywhere: what is accepted is sound. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ecg/wfdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check(int is_true)
{
	if (!is_true)
		abort();
}

static void check_signal(const struct wfdb_signal *s)
{
	check(memchr(s->file, 0, WFDB_TEXT) && memchr(s->units, 0, WFDB_TEXT) &&
	      memchr(s->name, 0, WFDB_TEXT));
	check(s->file[0] && !strchr(s->file, '/'));
	check(isfinite(s->gain) && s->gain != 0);
	check(s->offset >= 0);
	check(wfdb_lowest(s->format) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	static struct wfdb h;
	struct error e = {0};
	if (wfdb_parse(&h, "fuzz.hea", (const char *)bytes, n_bytes, &e) < 0) {
		check(e.text[0] != 0);
		return 0;
	}
	check(h.n_signals >= 1 && h.n_signals <= WFDB_SIGNALS);
	check(isfinite(h.rate_hz) && h.rate_hz > 0);
	check(h.n_samples >= 0 && h.n_samples <= WFDB_SAMPLES);
	for (int i = 0; i < h.n_signals; i++) {
		check_signal(&h.signals[i]);
		check(wfdb_group_end(&h, i) > i && wfdb_group_end(&h, i) <= h.n_signals);
	}
	return 0;
}
