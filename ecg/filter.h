/*
 * Zero-phase band-pass: Butterworth high-pass and low-pass as biquads (bilinear transform; Oppenheim and
 * Schafer, section 7.1), run forward and backward in double, so that no wave is moved in time and the gain is
 * the square of one pass's: -6 dB at the corners. Equal to SciPy's sosfiltfilt(sos, x, padtype="odd",
 * padlen=pad).
 *
 *	struct filter f;
 *	filter_band(&f, 100, 0.5, 40, 4, &e);
 *	filter_run(&f, x, scratch, t);          // x [t][LEADS] in place
 */
#ifndef ECG_FILTER_H
#define ECG_FILTER_H

#include "common/error.h"
#include "ecg/lead.h"

#define FILTER_MAX_ORDER 8

struct filter_section {
	double b0, b1, b2, a1, a2; /* y[n] = b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2] */
};

struct filter {
	int n_sections; /* 0: passes all */
	struct filter_section sections[FILTER_MAX_ORDER];
	int pad; /* samples of odd extension at each end: one period of the lower corner */
};

/* Corners in Hz; 0 leaves that side open. order: of each side and pass, 2, 4, 6 or 8. -1 with e filled if the
 * corners do not fit the rate (0 < high_pass < low_pass < rate / 2). */
int filter_band(struct filter *f, double rate_hz, double high_pass_hz, double low_pass_hz, int order,
		struct error *e);

/* Filter x [t][LEADS] in place; scratch [t + 2 * f->pad][LEADS]. */
void filter_run(const struct filter *f, double (*x)[LEADS], double (*scratch)[LEADS], int t);

#endif
