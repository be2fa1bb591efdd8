/*
 * ECGs as cardiologists read them: 25 mm/s, 10 mm/mV, a line per millimetre and a stronger one per five. One
 * unit of the drawing is one millimetre.
 */
#ifndef REPORT_PAPER_H
#define REPORT_PAPER_H

#include "report/text.h"

struct paper_look {
	const float
		*map; /* [leads][n_tokens], 1 is what every token gets if nothing is preferred; NULL: none */
	int n_tokens;
	double from_s, to_s; /* the time the tokens cover */
};

/* The usual four columns of three leads over the record's length, and lead II below as rhythm strip; looks
 * are drawn beneath the traces. x [12][samples] mV in the order I II III aVR aVL aVF V1..V6. */
void paper_twelve(struct text *t, const float *x, int samples, double rate_hz, const char *const *lead_names,
		  const struct paper_look *looks, int n_looks, const char *label);

/* What the bars of looks mean: words for none and for the strongest. */
void paper_scale(struct text *t, const char *least, const char *most);

/* Some leads of one training view as small traces over an axis of seconds, each to its own scale; a masked
 * lead is a dashed line. Where one lead alone is kept, that one. keep [12]; rate_hz: of x. */
void paper_view(struct text *t, const float *x, int samples, double rate_hz, const unsigned char *keep,
		const char *const *lead_names, const char *label);

#endif
