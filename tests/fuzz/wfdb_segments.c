/* The header of a WFDB record of several segments. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ecg/wfdb_segments.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct error e = {0};
	struct wfdb_segments s;
	bool is_one = wfdb_segments_are((const char *)bytes, n_bytes);
	if (wfdb_segments_parse(&s, "fuzz.hea", (const char *)bytes, n_bytes, &e) < 0) {
		check(e.text[0] != 0);
	} else {
		long n = 0;
		check(is_one && s.n >= 1 && s.n <= WFDB_SEGMENTS && isfinite(s.rate_hz) && s.rate_hz > 0);
		for (int i = 0; i < s.n; i++) {
			check(s.segments[i].name[0] && !strpbrk(s.segments[i].name, "/\\"));
			check(s.segments[i].n_frames >= (i > 0) &&
			      (n += s.segments[i].n_frames) > 0 - (i == 0));
		}
		check(n == s.n_frames && n >= 1 && n <= WFDB_SAMPLES);
	}
	wfdb_segments_release(&s);
	return 0;
}
