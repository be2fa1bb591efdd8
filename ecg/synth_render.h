/*
 * From kernels and beats to electrode potentials at 500 Hz, and from there to leads.
 *
 *	struct synth_canvas *c = die_calloc(1, sizeof *c);      // 377 kB: not for the stack
 *	synth_render_beats(c, &heart, &rhythm, seed, record);
 *	synth_noise_add(c, &rhythm, seed, record);
 *	synth_render_leads(adc, c, rate_hz);
 */
#ifndef ECG_SYNTH_RENDER_H
#define ECG_SYNTH_RENDER_H

#include <stdint.h>

#include "ecg/synth_heart.h"
#include "ecg/synth_rhythm.h"

#define SYNTH_RATE_HZ 500
#define SYNTH_PAD     120 /* samples before and after the record, for the decimation filter's tails */
#define SYNTH_LENGTH  (10 * SYNTH_RATE_HZ + 2 * SYNTH_PAD)

/* Electrode potentials in mV; sample n is at (n - SYNTH_PAD) / SYNTH_RATE_HZ seconds. */
struct synth_canvas {
	double e[SYNTH_ELECTRODES][SYNTH_LENGTH];
};

/* Add all beats, and the atrial waves of fibrillation. */
void synth_render_beats(struct synth_canvas *c, const struct synth_heart *h,
			const struct synth_rhythm *rhythm, uint64_t seed, uint64_t record);

/* Twelve leads in microvolts, each with mean zero over the record: adc [10 * rate_hz][12], rate_hz 100 or
 * 500. */
void synth_render_leads(int16_t *adc, const struct synth_canvas *c, int rate_hz);

#endif
