/*
 * What the electrodes add: baseline wander, muscle tremor and wide-band EMG, powerline, and now and then an
 * electrode that slips or a burst of noise. Levels are log-normal between records, as in PTB-XL.
 */
#ifndef ECG_SYNTH_NOISE_H
#define ECG_SYNTH_NOISE_H

#include "ecg/synth_render.h"

void synth_noise_add(struct synth_canvas *c, const struct synth_rhythm *h, uint64_t seed, uint64_t record);

#endif
