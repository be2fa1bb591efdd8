/*
 * The recorder of generator "morphology": its band, which bends ST and rounds the QRS, and how well it is
 * calibrated. Drawn for each record, whoever it is of.
 */
#ifndef ECG_SYNTH_RECORDER_H
#define ECG_SYNTH_RECORDER_H

#include "ecg/synth_render.h"

/* In place; all electrodes alike, so that Einthoven's law still holds. */
void synth_recorder_pass(struct synth_canvas *c, uint64_t seed, uint64_t record);

#endif
