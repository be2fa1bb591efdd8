/*
 * Linear-phase low-pass filters by the Kaiser window (Kaiser 1974; Oppenheim and Schafer, section 7.5.3): a
 * sinc cut off by a window whose beta trades width for stop-band depth. Used to decimate (ecg/synth.c) and to
 * resample.
 *
 *	double taps[101];
 *	kaiser_lowpass(taps, 100, 45 / 500., 4.0);
 *	// 201 taps: taps[0] is the middle, taps[k] stands at -k and +k
 */
#ifndef ECG_KAISER_H
#define ECG_KAISER_H

/* taps [half + 1]: one side of a symmetric filter of 2 * half + 1 taps with gain 1 at zero frequency.
 * cutoff: the frequency of gain 1/2, in cycles per sample, 0..0.5. */
void kaiser_lowpass(double *taps, int half, double cutoff, double beta);

/* beta for a stop band this deep, and the number of samples to one side that a transition of this width
 * (cycles per sample) then takes. attenuation_db > 50. */
double kaiser_beta(double attenuation_db);
int kaiser_half(double attenuation_db, double transition);

#endif
