/*
 * Short gaps in a lead: samples that the recorder marked as missing, bridged by a straight line between their
 * neighbours. A gap at an end of the signal has one neighbour only and stays.
 *
 *	n = gap_bridge(adc, n_samples, INT16_MIN, 10);
 */
#ifndef ECG_GAP_H
#define ECG_GAP_H

#include <stdint.h>

/* x [n]: runs of `missing` of at most `most` samples become the line, rounded to whole steps. How many
 * samples were filled in. */
long gap_bridge(int32_t *x, long n, int32_t missing, long most);

#endif
