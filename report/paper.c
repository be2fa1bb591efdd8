#include "report/paper.h"

#include <math.h>
#include <string.h>

#include "common/die.h"

#define MM_PER_S  25.0
#define MM_PER_MV 10.0

enum {
	COLUMNS = 4,
	ROWS = 3,
	ROW_MM = 26,
	MARGIN_MM = 5,
	SQUARE_MM = 5,
	SECOND_LEAD = 1,
	SHOWN = 4,
	LEADS = COLUMNS * ROWS
};

/* Leads of column k, row i: I II III | aVR aVL aVF | V1 V2 V3 | V4 V5 V6. */
static int lead_at(int column, int row)
{
	return column * ROWS + row;
}

static void grid(struct text *t, double width, double height)
{
	text_add(t, "<rect class=bg width=%.1f height=%.1f /><path class=mm d=\"", width, height);
	for (int k = 0; k <= (int)width; k++)
		text_add(t, "M%d 0V%.0f", k, height);
	for (int k = 0; k <= (int)height; k++)
		text_add(t, "M0 %dH%.0f", k, width);
	text_add(t, "\"/><path class=cm d=\"");
	for (int k = 0; k <= (int)width; k += 5)
		text_add(t, "M%d 0V%.0f", k, height);
	for (int k = 0; k <= (int)height; k += 5)
		text_add(t, "M0 %dH%.0f", k, width);
	text_add(t, "\"/>");
}

/* Seconds from..to of one lead around height y; nothing is cut: amplitude decides hypertrophy. */
static void trace(struct text *t, const float *x, int samples, double rate_hz, double from_s, double to_s,
		  double y)
{
	int first = (int)(from_s * rate_hz), last = (int)(to_s * rate_hz), stride = rate_hz > 250 ? 2 : 1;
	last = last > samples ? samples : last;
	text_add(t, "<polyline class=trace points=\"");
	for (int i = first; i < last; i += stride)
		text_add(t, "%s%.2f,%.2f", i > first ? " " : "", MARGIN_MM + (double)i / rate_hz * MM_PER_S,
			 y - (double)x[i] * MM_PER_MV);
	text_add(t, "\"/>");
}

/* By how many mm more than half a row a lead rises (sign 1) or falls (-1) from second from on:
 * whole squares of 5. */
static double excess(const float *x, int samples, double rate_hz, double from_s, double to_s, int sign)
{
	double most = 0;
	for (int i = (int)(from_s * rate_hz); i < samples && i < (int)(to_s * rate_hz); i++)
		most = sign * (double)x[i] * MM_PER_MV > most ? sign * (double)x[i] * MM_PER_MV : most;
	return most > ROW_MM / 2.0 ? ceil((most - ROW_MM / 2.0) / SQUARE_MM) * SQUARE_MM : 0;
}

/* Bars behind a lead: the more a moment is looked at, the stronger; nothing at or under the even share. */
static void look(struct text *t, const struct paper_look *l, int lead, double from_s, double to_s, double y)
{
	double step = (l->to_s - l->from_s) / l->n_tokens;
	for (int k = 0; k < l->n_tokens; k++) {
		double a = l->from_s + k * step, b = a + step;
		double strength = ((double)l->map[lead * l->n_tokens + k] - 1) / 3;
		a = a < from_s ? from_s : a;
		b = b > to_s ? to_s : b;
		if (b <= a || !(strength > .02))
			continue;
		text_add(t, "<rect class=look x=%.2f y=%.2f width=%.2f height=%d fill-opacity=%.2f />",
			 MARGIN_MM + a * MM_PER_S, y - ROW_MM / 2.0, (b - a) * MM_PER_S, ROW_MM,
			 .65 * (strength > 1 ? 1 : strength));
	}
}

static void strip(struct text *t, const float *x, int samples, double rate_hz, int lead, const char *name,
		  const struct paper_look *looks, int n_looks, double from_s, double to_s, double y)
{
	for (int k = 0; k < n_looks; k++)
		look(t, &looks[k], lead, from_s, to_s, y);
	trace(t, x + (size_t)lead * (size_t)samples, samples, rate_hz, from_s, to_s, y);
	text_add(t, "<path class=trace d=\"M%.2f %.2fv-4\"/><text x=%.2f y=%.2f>%s</text>",
		 MARGIN_MM + from_s * MM_PER_S, y + 2, MARGIN_MM + from_s * MM_PER_S + 1, y - 8.5, name);
}

void paper_twelve(struct text *t, const float *x, int samples, double rate_hz, const char *const *lead_names,
		  const struct paper_look *looks, int n_looks, const char *label)
{
	double length_s = samples / rate_hz, part_s = length_s / COLUMNS;
	const float *second = x + (size_t)SECOND_LEAD * (size_t)samples;
	double above = 0, below = excess(second, samples, rate_hz, 0, length_s, -1);

	for (int column = 0; column < COLUMNS; column++) {
		double own = excess(x + (size_t)lead_at(column, 0) * (size_t)samples, samples, rate_hz,
				    column * part_s, (column + 1) * part_s, 1);
		above = own > above ? own : above;
	}

	double width = ceil(length_s * MM_PER_S + 2 * MARGIN_MM), first = MARGIN_MM + above + .5 * ROW_MM,
	       height = (ROWS + 1) * ROW_MM + MARGIN_MM + above + below;
	text_add(t,
		 "<div class=wide><svg class=ecg viewBox=\"0 0 %.0f %.0f\" style=\"max-width:%.0fmm\" "
		 "role=img aria-label=\"",
		 width, height, width);
	text_escape(t, label);
	text_add(t, "\">");
	grid(t, width, height);

	for (int row = 0; row < ROWS; row++)
		for (int column = 0; column < COLUMNS; column++) {
			int lead = lead_at(column, row);
			strip(t, x, samples, rate_hz, lead, lead_names[lead], looks, n_looks, column * part_s,
			      (column + 1) * part_s, first + row * ROW_MM);
		}

	strip(t, x, samples, rate_hz, SECOND_LEAD, lead_names[SECOND_LEAD], looks, n_looks, 0, length_s,
	      first + ROWS * ROW_MM);
	text_add(t, "<text x=%d y=%.1f>25 mm/s   10 mm/mV</text></svg></div>\n", MARGIN_MM, height - 1.5);
}

/* Which leads of a view are drawn: four, or the one that is kept. Returns how many. */
static int leads_of_view(int shown[SHOWN], const unsigned char *keep)
{
	static const int usual[SHOWN] = {0, 1, 6, 10};
	int n_kept = 0, kept = 0;
	memcpy(shown, usual, sizeof usual);
	for (int l = 0; l < LEADS; l++)
		if (keep[l]) {
			kept = l;
			n_kept++;
		}
	if (n_kept != 1)
		return SHOWN;
	shown[0] = kept;
	return 1;
}

void paper_scale(struct text *t, const char *least, const char *most)
{
	text_add(t, "<p class=\"scale looks\">");
	text_escape(t, least);
	text_add(t, " <i></i> ");
	text_escape(t, most);
	text_add(t, "</p>\n");
}

enum {
	VIEW_PX = 340,
	NAMES_PX = 34,
	ROW_PX = 44,
	AXIS_PX = 24,
	LAST_PX = 8 /* for the last second's number */
};

static double view_x(double share)
{
	return NAMES_PX + (VIEW_PX - NAMES_PX - LAST_PX) * share;
}

/* Lines at whole seconds, with their numbers under the last row; every second one if they are many. */
static void seconds(struct text *t, double length_s, double bottom)
{
	int step = length_s > 12 ? 5 : length_s > 6 ? 2 : 1;
	for (int s = 0; s <= (int)(length_s + 1e-6); s += step) {
		double x = view_x(s / length_s);
		text_add(t,
			 "<path class=grid d=\"M%.1f 0V%.1f\"/><text x=%.1f y=%.1f text-anchor=middle>%d"
			 "</text>",
			 x, bottom, x, bottom + 12, s);
	}
	text_add(t, "<text x=0 y=%.1f>s</text>", bottom + 12);
}

/* Around the middle of its row, as high as the row. */
static void view_trace(struct text *t, const float *lead, int samples, double middle)
{
	double low = 1e30, high = -1e30;
	for (int i = 0; i < samples; i++) {
		low = (double)lead[i] < low ? (double)lead[i] : low;
		high = (double)lead[i] > high ? (double)lead[i] : high;
	}
	double scale = high > low ? (ROW_PX - 8) / (high - low) : 0;
	text_add(t, "<polyline class=\"line s0\" style=\"stroke-width:1\" points=\"");
	for (int i = 0; i < samples; i++)
		text_add(t, "%s%.1f,%.1f", i ? " " : "", view_x((double)i / samples),
			 middle - ((double)lead[i] - (low + high) / 2) * scale);
	text_add(t, "\"/>");
}

void paper_view(struct text *t, const float *x, int samples, double rate_hz, const unsigned char *keep,
		const char *const *lead_names, const char *label)
{
	int shown[SHOWN], n = leads_of_view(shown, keep);

	text_add(t, "<svg viewBox=\"0 0 %d %d\" style=\"max-width:%dpx\" role=img aria-label=\"", VIEW_PX,
		 n * ROW_PX + AXIS_PX, VIEW_PX);
	text_escape(t, label);
	text_add(t, "\">");
	seconds(t, samples / rate_hz, n * ROW_PX);

	for (int k = 0; k < n; k++) {
		double middle = (k + .5) * ROW_PX;
		text_add(t, "<text x=0 y=%d>%s%s</text>", k * ROW_PX + 12, lead_names[shown[k]],
			 keep[shown[k]] ? "" : " masked");
		if (keep[shown[k]])
			view_trace(t, x + (size_t)shown[k] * (size_t)samples, samples, middle);
		else
			text_add(t, "<path class=faint d=\"M%d %.1fH%.1f\"/>", NAMES_PX, middle, view_x(1));
	}

	text_add(t, "</svg>\n");
}
