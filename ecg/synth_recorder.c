#include "ecg/synth_recorder.h"

#include "ecg/synth_rng.h"
#include "numbers/dmath.h"

#define TWO_PI 6.283185307179586

/* Share of the way that a filter of first order goes in a sample. */
static double step_of(double hz)
{
	return 1 - dmath_exp(-TWO_PI * hz / SYNTH_RATE_HZ);
}

static double drawn_hz(struct synth_rng *r, double low, double high)
{
	return low * dmath_exp(dmath_log(high / low) * synth_rng_uniform(r));
}

void synth_recorder_pass(struct synth_canvas *c, uint64_t seed, uint64_t record)
{
	struct synth_rng r = synth_rng_open(seed, record, SYNTH_STREAM_RECORDER);
	double slow_step = step_of(drawn_hz(&r, .02, .3)), fast_step = step_of(drawn_hz(&r, 60, 250));
	double gain = dmath_exp(.03 * synth_rng_clamped(&r, 2.5));

	for (int e = 0; e < SYNTH_ELECTRODES; e++) {
		double *x = c->e[e], slow = 0;
		for (int n = 0; n < SYNTH_RATE_HZ; n++)
			slow += x[n] / SYNTH_RATE_HZ;
		double fast = x[0];
		for (int n = 0; n < SYNTH_LENGTH; n++) {
			fast += fast_step * (x[n] - fast);
			slow += slow_step * (fast - slow);
			x[n] = gain * (fast - slow);
		}
	}
}
