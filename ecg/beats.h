/*
 * Where the beats of a record are: the moments at which all leads together are steepest, for features that
 * look at parts of a beat (ecg/shares.h). After the slope-energy detectors of QRS complexes (Pan and Tompkins
 * 1985, doi 10.1109/TBME.1985.325532), without their adaptive thresholds: records are short.
 *
 *	int beat[BEATS_MAX];
 *	int n = beats_find(beat, lead, samples, rate_hz);
 *
 * Times are in samples at 100 Hz, at other rates as many seconds, rounded:
 * d_l(i) = x_l(i+2) - x_l(i-2), 0 where that is outside; e(i) = mean over 7 samples around i (0 outside) of
 * the mean over leads of |d_l|. From the greatest e down (of equals the earlier), i is a beat if e(i) is at
 * least .35 of the value that 3 % of the samples reach, and no beat lies within 30 samples. Kept are beats
 * with 35 samples before them and 50 from them on. A record without any has one, in its middle.
 */
#ifndef ECG_BEATS_H
#define ECG_BEATS_H

#include "ecg/lead.h"
#include "ecg/views.h"

/* Beats lie more than BEATS_APART_S apart; in a record of views_check's length there are at most so many. */
enum { BEATS_MAX = VIEWS_MAX_SAMPLES };

/* Seconds that a beat has before and after it. */
#define BEATS_BEFORE_S 0.35
#define BEATS_AFTER_S  0.5

/* A duration of that many samples at 100 Hz, in samples at rate_hz: at least 1, or 0 of 0. */
int beats_samples(double at_100_hz, double rate_hz);

/* beat [BEATS_MAX], ascending; returns how many, at least 1. lead [12]: [samples] each, in equal units;
 * samples at most VIEWS_MAX_SAMPLES. */
int beats_find(int *beat, const float *const lead[LEADS], int samples, double rate_hz);

#endif
