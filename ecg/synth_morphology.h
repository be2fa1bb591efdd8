/*
 * Findings as what happens in the wall of the heart (generator "morphology"): an infarcted segment no longer
 * pulls the QRS its way, an injured or ischaemic one turns ST and T, a thick one adds its forces. A finding
 * has a territory, a direction of its own about it, a size from subtle to plain, and an infarction an age;
 * nothing else of the record knows of it: not gain, axis, rate, spread or noise.
 *
 *	struct synth_morphology m = synth_morphology_open(&patient, seed);
 *	for each finding
 *		if (!synth_morphology_apply(&m, &heart, &finding))
 *			...                                     // bundles and fascicles: ecg/synth_heart.c
 */
#ifndef ECG_SYNTH_MORPHOLOGY_H
#define ECG_SYNTH_MORPHOLOGY_H

#include <stdbool.h>

#include "ecg/synth_heart.h"
#include "ecg/synth_patient.h"
#include "ecg/synth_rng.h"

struct synth_morphology {
	struct synth_rng rng; /* every finding takes as many draws, whatever it is */
};

struct synth_morphology synth_morphology_open(const struct synth_patient *p, uint64_t seed);

/* Change the beat before the patient's gain and axis; false: nothing was changed, the finding is one of those
 * whose beat is the same with both generators. To be called for each finding, in order. */
bool synth_morphology_apply(struct synth_morphology *m, struct synth_heart *h, const struct synth_finding *f);

/* ST and T of healthy people: early repolarisation, and the juvenile T of V1 to V3. */
void synth_morphology_variants(struct synth_morphology *m, struct synth_heart *h,
			       const struct synth_patient *p);

/* What a stout chest does: the QRS's logarithmic gain, and degrees by which its axis turns in the frontal
 * plane (to the left: negative). Mean 0 over patients. */
void synth_morphology_habitus(double *log_gain, double *turn_deg, const struct synth_patient *p);

#endif
