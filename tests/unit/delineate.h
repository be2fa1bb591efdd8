/*
 * Simple measurements on a 12-lead ECG of 10 s at 500 Hz, for comparing two sets of records by the
 * same ruler: rate and, on the median beat, intervals, axis and amplitudes. Not a clinical delineator:
 * PR is from the top of P.
 * The two thresholds were set so that the real records' quantiles are those in docs/synthetic.md.
 */
#ifndef TESTS_DELINEATE_H
#define TESTS_DELINEATE_H

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ecg/filter.h"

#define DELINEATE_T	 5000
#define DELINEATE_HZ	 500
#define DELINEATE_BEFORE 150 /* samples of the median beat before and after its fiducial */
#define DELINEATE_AFTER	 300
#define DELINEATE_BEAT	 (DELINEATE_BEFORE + DELINEATE_AFTER)
#define DELINEATE_BEATS	 40

struct delineation {
	double rate_per_min, qrs_ms, pr_ms, qt_ms, axis_deg;
	double r[LEADS], s[LEADS], q[LEADS], st[LEADS], t[LEADS], p[LEADS]; /* mV */
	double rms[LEADS];						    /* mV */
};

static int delineate_ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double delineate_quantile(const double *x, int n, double share)
{
	double *sorted = malloc(sizeof *sorted * (size_t)n);
	memcpy(sorted, x, sizeof *sorted * (size_t)n);
	qsort(sorted, (size_t)n, sizeof *sorted, delineate_ascending);
	double value = sorted[(int)(share * (n - 1) + .5)];
	free(sorted);
	return value;
}

/* Speed of the signal in all measured leads (I, II, V1..V6), summed over 10 ms. */
static void delineate_speed(double *speed, const double (*x)[LEADS], int n)
{
	double *raw = calloc((size_t)n, sizeof *raw);
	for (int t = 2; t < n - 2; t++) {
		for (int l = 0; l < LEADS; l++)
			if (l < 2 || l > 5)
				raw[t] += (x[t + 2][l] - x[t - 2][l]) * (x[t + 2][l] - x[t - 2][l]);
		raw[t] = sqrt(raw[t]);
	}
	for (int t = 0; t < n; t++) {
		speed[t] = 0;
		for (int k = -2; k <= 2; k++)
			speed[t] += t + k >= 0 && t + k < n ? raw[t + k] / 5 : 0;
	}
	free(raw);
}

/* QRS complexes: the highest 60 ms of speed, 250 ms apart at least; placed at the centre of
 * their squared speed. */
static int delineate_beats(int at[DELINEATE_BEATS], const double *speed)
{
	static double power[DELINEATE_T];
	int n = 0;
	for (int t = 0; t < DELINEATE_T; t++) {
		power[t] = 0;
		for (int k = -15; k <= 15; k++)
			power[t] += t + k >= 0 && t + k < DELINEATE_T ? speed[t + k] : 0;
	}
	double threshold = .45 * delineate_quantile(power, DELINEATE_T, .98);
	for (int t = 0; t < DELINEATE_T && n < DELINEATE_BEATS; t++) {
		bool is_peak = power[t] > threshold;
		for (int k = -125; k <= 125 && is_peak; k++)
			if (k != 0 && t + k >= 0 && t + k < DELINEATE_T)
				is_peak = k < 0 ? power[t + k] < power[t] : power[t + k] <= power[t];
		if (!is_peak)
			continue;
		double sum = 0, moment = 0;
		for (int k = -30; k <= 30; k++)
			if (t + k >= 0 && t + k < DELINEATE_T) {
				sum += speed[t + k] * speed[t + k];
				moment += k * speed[t + k] * speed[t + k];
			}
		at[n++] = t + (int)lrint(moment / sum);
	}
	return n;
}

/* Median over beats whose intervals are near the median one. False: fewer than three. */
static bool delineate_median(double beat[DELINEATE_BEAT][LEADS], const double (*x)[LEADS], const int *at,
			     int n, double rr)
{
	int used[DELINEATE_BEATS], n_used = 0;
	for (int i = 1; i + 1 < n; i++)
		if (fabs(at[i] - at[i - 1] - rr) < .25 * rr && fabs(at[i + 1] - at[i] - rr) < .25 * rr &&
		    at[i] >= DELINEATE_BEFORE && at[i] + DELINEATE_AFTER <= DELINEATE_T)
			used[n_used++] = at[i];
	if (n_used < 3)
		return false;
	for (int k = 0; k < DELINEATE_BEAT; k++)
		for (int l = 0; l < LEADS; l++) {
			double v[DELINEATE_BEATS];
			for (int i = 0; i < n_used; i++)
				v[i] = x[used[i] - DELINEATE_BEFORE + k][l];
			beat[k][l] = delineate_quantile(v, n_used, .5);
		}
	return true;
}

/* Where speed falls under the threshold for 10 ms, going from `from` by step. */
static int delineate_edge(const double *speed, int from, int step, double threshold)
{
	int t = from, quiet = 0;
	for (; t > 5 && t < DELINEATE_BEAT - 5 && quiet < 5; t += step)
		quiet = speed[t] < threshold ? quiet + 1 : 0;
	return t - step * quiet;
}

static double delineate_level(const double (*beat)[LEADS], const double *base, int t)
{
	double sum = 0;
	for (int l = 0; l < LEADS; l++)
		sum += (beat[t][l] - base[l]) * (beat[t][l] - base[l]);
	return sqrt(sum / LEADS);
}

static int delineate_top(const double (*beat)[LEADS], const double *base, int from, int to)
{
	int top = from;
	for (int t = from; t < to; t++)
		if (delineate_level(beat, base, t) > delineate_level(beat, base, top))
			top = t;
	return top;
}

/* The largest excursion from base within `around` of t, with its sign. */
static double delineate_wave(const double (*beat)[LEADS], const double *base, int l, int t, int around)
{
	double v = 0;
	for (int k = t - around; k <= t + around; k++)
		if (k >= 0 && k < DELINEATE_BEAT && fabs(beat[k][l] - base[l]) > fabs(v))
			v = beat[k][l] - base[l];
	return v;
}

static void delineate_qrs(struct delineation *d, const double (*beat)[LEADS], const double *base, int onset,
			  int end)
{
	double area[LEADS] = {0};
	for (int l = 0; l < LEADS; l++) {
		int r = onset;
		for (int t = onset; t <= end; t++) {
			area[l] += beat[t][l] - base[l];
			r = beat[t][l] > beat[r][l] ? t : r;
		}
		d->r[l] = fmax(beat[r][l] - base[l], 0);
		d->q[l] = d->s[l] = 0;
		for (int t = onset; t <= end; t++) {
			double *wave = t < r ? &d->q[l] : &d->s[l];
			*wave = fmin(*wave, beat[t][l] - base[l]);
		}
		d->st[l] = beat[end + 20][l] - base[l];
	}
	d->axis_deg = atan2(2 * area[5] / sqrt(3), area[0]) * 180 / M_PI;
	d->qrs_ms = (end - onset) * 2;
}

/* End of T: where it has come down to a share of its height. */
static int delineate_t_end(const double (*beat)[LEADS], const double *base, int top)
{
	double least = .16 * delineate_level(beat, base, top);
	int t = top;
	while (t + 1 < DELINEATE_BEAT && delineate_level(beat, base, t) > least)
		t++;
	return t;
}

/* x [DELINEATE_T][LEADS] in mV, overwritten. False: too few beats. */
static bool delineate(struct delineation *d, double (*x)[LEADS])
{
	static double scratch[3 * DELINEATE_T][LEADS], speed[DELINEATE_T], beat[DELINEATE_BEAT][LEADS];
	struct filter filter;
	int at[DELINEATE_BEATS];
	double rr[DELINEATE_BEATS], base[LEADS] = {0};
	*d = (struct delineation){0};
	filter_band(&filter, DELINEATE_HZ, .5, 40, 4, NULL);
	filter_run(&filter, x, scratch, DELINEATE_T);
	for (int l = 0; l < LEADS; l++) {
		for (int t = 0; t < DELINEATE_T; t++)
			d->rms[l] += x[t][l] * x[t][l] / DELINEATE_T;
		d->rms[l] = sqrt(d->rms[l]);
	}
	delineate_speed(speed, (const double(*)[LEADS])x, DELINEATE_T);
	int n = delineate_beats(at, speed);
	for (int i = 0; i + 1 < n; i++)
		rr[i] = at[i + 1] - at[i];
	if (n < 4)
		return false;
	double rr_median = delineate_quantile(rr, n - 1, .5);
	d->rate_per_min = 60 * DELINEATE_HZ / rr_median;
	if (!delineate_median(beat, (const double(*)[LEADS])x, at, n, rr_median))
		return false;
	const double(*b)[LEADS] = (const double(*)[LEADS])beat;
	delineate_speed(speed, b, DELINEATE_BEAT);
	double most = 0, least = delineate_quantile(speed, DELINEATE_BEAT, .2);
	int peak = DELINEATE_BEFORE;
	for (int t = DELINEATE_BEFORE - 40; t <= DELINEATE_BEFORE + 40; t++)
		if (speed[t] > most) {
			most = speed[t];
			peak = t;
		}
	double threshold = least + .09 * (most - least);
	int onset = delineate_edge(speed, peak, -1, threshold),
	    end = delineate_edge(speed, peak, 1, threshold);
	if (onset < 30 || end > DELINEATE_BEFORE + 120)
		return false;
	for (int l = 0; l < LEADS; l++)
		for (int k = 2; k <= 8; k++)
			base[l] += beat[onset - k][l] / 7;
	delineate_qrs(d, b, base, onset, end);
	int p = delineate_top(b, base, onset > 110 ? onset - 110 : 0, onset - 18);
	double until = fmin(DELINEATE_BEAT - 10, fmin(onset + .7 * rr_median, onset + 260));
	int t_top = delineate_top(b, base, end + 35, (int)until);
	d->pr_ms = (onset - p) * 2;
	d->qt_ms = (delineate_t_end(b, base, t_top) - onset) * 2;
	for (int l = 0; l < LEADS; l++) {
		d->p[l] = delineate_wave(b, base, l, p, 15);
		d->t[l] = delineate_wave(b, base, l, t_top, 30);
	}
	return true;
}

#endif
