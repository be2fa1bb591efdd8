#include "ecg/shortcuts.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "numbers/dmath.h"

const char *const shortcuts_names[SHORTCUTS] = {"mean", "variance", "spectrum", "rate"};

enum { OCTAVES = 6, LEAD_FEATURES = 2 + OCTAVES };
/* Which of a lead's features a shortcut looks at, and whether they are looked for turned too; the rate is the
 * view's own. */
static const struct {
	int first, n;
	bool turns;
} of_lead[SHORTCUTS] = {{0, 1, true}, {1, 1, true}, {2, OCTAVES, false}, {0, 0, false}};

struct view {
	double lead[LEADS][LEAD_FEATURES], variance[LEADS], rate;
	uint8_t keep[LEADS];
};

struct shortcuts {
	size_t n, room;
	int samples;
	double rate_hz;
	struct view *view;
	double *work; /* [2][samples] */
};

struct shortcuts *shortcuts_new(size_t n_views, int samples, double rate_hz)
{
	struct shortcuts *s = die_calloc(1, sizeof *s);
	*s = (struct shortcuts){0,
				n_views,
				samples,
				rate_hz,
				die_calloc(n_views + 1, sizeof *s->view),
				die_malloc(2 * (size_t)samples * sizeof *s->work)};
	return s;
}

void shortcuts_free(struct shortcuts *s)
{
	if (!s)
		return;
	free(s->view);
	free(s->work);
	free(s);
}

static double log_of(double x)
{
	return dmath_log(x + 1e-12);
}

/* Energy of differences of neighbours, halving the rate each time: 25 to 50 Hz of 100, 12.5 to 25, ... */
static void octaves(double out[OCTAVES], double *x, int n)
{
	double all = 0;
	for (int k = 0; k < OCTAVES; k++, n /= 2) {
		out[k] = 0;
		for (int t = 0; t + 1 < n; t += 2) {
			double difference = (x[t] - x[t + 1]) / 2;
			out[k] += difference * difference * (1 << (k + 1));
			x[t / 2] = (x[t] + x[t + 1]) / 2;
		}
		all += out[k];
	}
	for (int k = 0; k < OCTAVES; k++)
		out[k] = log_of(all > 0 ? out[k] / all : 0);
}

static void measure_lead(const struct shortcuts *s, double out[LEAD_FEATURES], double *variance,
			 const float *x)
{
	double mean = 0, square = 0;
	for (int t = 0; t < s->samples; t++)
		mean += (double)x[t];
	mean /= s->samples;
	for (int t = 0; t < s->samples; t++) {
		s->work[t] = (double)x[t] - mean;
		square += s->work[t] * s->work[t];
	}
	*variance = square / s->samples;
	out[0] = mean;
	out[1] = log_of(*variance) / 2;
	octaves(out + 2, s->work, s->samples);
}

/* Beats per second, 0 if the view is too short or flat. */
static double rate_of(const struct shortcuts *s, const float *x, const uint8_t keep[LEADS])
{
	double *slope = s->work, mean = 0, best = 0, rate = 0;
	int n = s->samples - 1, least = (int)(.33 * s->rate_hz), most = (int)(1.5 * s->rate_hz);
	for (int t = 0; t < n; t++) {
		slope[t] = 0;
		for (int l = 0; l < LEADS; l++)
			if (keep[l])
				slope[t] += fabs((double)x[l * s->samples + t + 1] -
						 (double)x[l * s->samples + t]);
		mean += slope[t] / n;
	}
	for (int lag = least > 1 ? least : 1; lag <= most && lag < n / 2; lag++) {
		double alike = 0;
		for (int t = 0; t + lag < n; t++)
			alike += (slope[t] - mean) * (slope[t + lag] - mean);
		alike /= n - lag;
		if (alike > best) {
			best = alike;
			rate = s->rate_hz / lag;
		}
	}
	return rate;
}

void shortcuts_add(struct shortcuts *s, const float *x, const uint8_t keep[LEADS])
{
	if (s->n == s->room)
		BUG("more views than there is room for");
	struct view *v = &s->view[s->n++];
	memcpy(v->keep, keep, LEADS);
	for (int l = 0; l < LEADS; l++)
		if (keep[l])
			measure_lead(s, v->lead[l], &v->variance[l], x + l * s->samples);
	v->rate = rate_of(s, x, keep);
}

/* ---- finding ---- */

/* 1 over the variance of a lead's feature among the views that show the lead; 0: it does not vary. */
static double weight_of(const struct shortcuts *s, int lead, int feature)
{
	double mean = 0, square = 0;
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++)
		if (s->view[i].keep[lead]) {
			mean += s->view[i].lead[lead][feature];
			n++;
		}
	mean /= n ? (double)n : 1;
	for (size_t i = 0; i < s->n; i++)
		if (s->view[i].keep[lead]) {
			double d = s->view[i].lead[lead][feature] - mean;
			square += d * d;
		}
	/* What is rounding only is no feature: centred views have means of 1e-8. */
	return square > 1e-10 * (double)n ? (double)n / square : 0;
}

static double distance(const struct view *a, const struct view *b, int shortcut,
		       double weight[LEADS][LEAD_FEATURES])
{
	double sum = 0;
	int n = 0;
	if (shortcut == SHORTCUT_RATE)
		return fabs(a->rate - b->rate);
	for (int l = 0; l < LEADS; l++) {
		if (!a->keep[l] || !b->keep[l])
			continue;
		for (int k = of_lead[shortcut].first; k < of_lead[shortcut].first + of_lead[shortcut].n;
		     k++) {
			double d = a->lead[l][k] - b->lead[l][k];
			sum += weight[l][k] * d * d;
		}
		n++;
	}
	return n ? sum / n : INFINITY;
}

/* Whether the partner is nearer than all others. other: the views, as they are or turned. */
static bool is_found(const struct shortcuts *s, const struct view *other, size_t i, int shortcut,
		     double weight[LEADS][LEAD_FEATURES])
{
	double own = distance(&s->view[i], &other[i ^ 1], shortcut, weight);
	for (size_t j = 0; j < s->n; j++)
		if (j != i && j != (i ^ 1) && distance(&s->view[i], &other[j], shortcut, weight) <= own)
			return false;
	return true;
}

static double share_of(const struct shortcuts *s, const struct view *other, int shortcut)
{
	double weight[LEADS][LEAD_FEATURES];
	size_t n = 0;
	for (int l = 0; l < LEADS; l++)
		for (int k = 0; k < LEAD_FEATURES; k++)
			weight[l][k] = weight_of(s, l, k);
	for (size_t i = 0; i < s->n; i++)
		n += is_found(s, other, i, shortcut, weight);
	return (double)n / (double)s->n;
}

/* ---- turned ---- */

/* Mean of a lead's squares. */
static double power_of(const struct view *v, int lead)
{
	return v->variance[lead] + v->lead[lead][0] * v->lead[lead][0];
}

/* What those of a view and of its partner add up to, on average. */
static double power_of_both(const struct shortcuts *s, int lead)
{
	double sum = 0;
	size_t n = 0;
	for (size_t i = 0; i + 1 < s->n; i += 2)
		if (s->view[i].keep[lead] && s->view[i + 1].keep[lead]) {
			sum += power_of(&s->view[i], lead) + power_of(&s->view[i + 1], lead);
			n++;
		}
	return n ? sum / (double)n : 0;
}

/* Each view as the other half of its standardised record would look: minus its means, and the deviations that
 * its squares leave. Yours to free. */
static struct view *turned(const struct shortcuts *s)
{
	struct view *out = die_malloc((s->n + 1) * sizeof *out);
	memcpy(out, s->view, s->n * sizeof *out);
	for (int l = 0; l < LEADS; l++) {
		double both = power_of_both(s, l);
		for (size_t i = 0; i < s->n; i++) {
			double mean = -s->view[i].lead[l][0],
			       variance = both - power_of(&s->view[i], l) - mean * mean;
			out[i].lead[l][0] = mean;
			out[i].lead[l][1] = log_of(fmax(0, variance)) / 2;
		}
	}
	return out;
}

double shortcuts_found(const struct shortcuts *s, int shortcut)
{
	double share = share_of(s, s->view, shortcut);
	if (!of_lead[shortcut].turns)
		return share;
	struct view *other = turned(s);
	share = fmax(share, share_of(s, other, shortcut));
	free(other);
	return share;
}
