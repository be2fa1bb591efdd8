#include "ecg/synth_field.h"

#include <math.h>
#include <string.h>

#include "ecg/synth_rng.h"

#define RHO 12.0 /* distance of an electrode of unit sensitivity, cm */

/* Dower's lead vectors: I, II, V1..V6. */
static const double dower[8][3] = {
	{0.632, -0.235, 0.059}, {0.235, 1.066, -0.132}, {-0.515, 0.157, -0.917}, {0.044, 0.164, -1.387},
	{0.882, 0.098, -1.277}, {1.213, 0.127, -0.601}, {1.125, 0.127, -0.086},	 {0.831, 0.076, 0.23},
};
static const double sensitivity[SYNTH_ELECTRODES] = {.94, 1.0, 1.0, .72, 1.14, 1.02, 1.03, 1.01, 1.06};

/* Places of the sources, cm. */
static const double at_qrs[3] = {-.45, -1.51, -.37}, at_stt[3] = {-1.73, -.24, -.71},
		    at_p[3] = {-3, -2.4, .4};
static const double left_block_shift[3] = {.8, -.3, 3.2};
static const double qrs_path[SYNTH_QRS][3] = {
	{-0.36, -0.16, -0.93}, {-0.77, -0.19, 0.68}, {0.73, -0.17, -0.72}, {0.72, -0.42, -0.28},
	{-0.94, 0.56, -0.75},  {0.09, 1.08, -0.74},  {1.2, -0.08, -0.03},
};

/* Spread between patients, cm. */
static const double heart_sd[3] = {1.09, .87, .57};
static const double electrode_sd[SYNTH_ELECTRODES] = {1.1, 1.1, 1.1, .64, .55, .69, 1.18, .80, .51};
#define PATH_SD .57

static double norm(const double v[3])
{
	return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

/* An electrode's place is along its unipolar lead vector, nearer the stronger it is. */
static void place_electrodes(double at[SYNTH_ELECTRODES][3])
{
	const double *i = dower[0], *ii = dower[1];
	double v[SYNTH_ELECTRODES][3];
	for (int k = 0; k < 3; k++) {
		v[0][k] = -(i[k] + ii[k]) / 3;
		v[1][k] = (2 * i[k] - ii[k]) / 3;
		v[2][k] = (2 * ii[k] - i[k]) / 3;
	}
	memcpy(v[3], dower[2], 6 * sizeof v[0]);
	for (int e = 0; e < SYNTH_ELECTRODES; e++) {
		double n = norm(v[e]), scale = n * sqrt(n) * sqrt(sensitivity[e]);
		for (int k = 0; k < 3; k++)
			at[e][k] = RHO * v[e][k] / scale;
	}
}

void synth_field_anatomy(struct synth_anatomy *a, uint64_t seed, uint64_t patient)
{
	struct synth_rng r = synth_rng_open(seed, patient, SYNTH_STREAM_ANATOMY);
	for (int k = 0; k < 3; k++)
		a->heart[k] = heart_sd[k] * synth_rng_normal(&r);
	for (int e = 0; e < SYNTH_ELECTRODES; e++)
		for (int k = 0; k < 3; k++)
			a->electrode[e][k] = electrode_sd[e] * synth_rng_normal(&r);
	for (int i = 0; i < SYNTH_QRS; i++)
		for (int k = 0; k < 3; k++)
			a->path[i][k] = PATH_SD * synth_rng_normal(&r);
}

static void see(double lead[SYNTH_ELECTRODES][3], const double electrode[SYNTH_ELECTRODES][3],
		const double source[3])
{
	for (int e = 0; e < SYNTH_ELECTRODES; e++) {
		double r[3];
		for (int k = 0; k < 3; k++)
			r[k] = electrode[e][k] - source[k];
		double n = norm(r), cube = n * n * n;
		for (int k = 0; k < 3; k++)
			lead[e][k] = RHO * RHO * r[k] / cube;
	}
}

void synth_field_make(struct synth_field *f, const struct synth_anatomy *a, int is_left_block)
{
	double electrode[SYNTH_ELECTRODES][3], source[SYNTH_SOURCES][3];
	place_electrodes(electrode);
	for (int e = 0; e < SYNTH_ELECTRODES; e++)
		for (int k = 0; k < 3; k++)
			electrode[e][k] += a->electrode[e][k];

	for (int k = 0; k < 3; k++) {
		source[SYNTH_AT_QRS][k] = a->heart[k] + at_qrs[k];
		source[SYNTH_AT_STT][k] = a->heart[k] + at_stt[k];
		source[SYNTH_AT_P][k] = a->heart[k] + at_p[k];
		for (int i = 0; i < SYNTH_QRS; i++)
			source[SYNTH_AT_KERNEL + i][k] = a->heart[k] + at_qrs[k] + qrs_path[i][k] +
							 a->path[i][k] +
							 (is_left_block ? left_block_shift[k] : 0);
	}

	for (int s = 0; s < SYNTH_SOURCES; s++)
		see(f->lead[s], electrode, source[s]);
}

void synth_field_project(double out[SYNTH_ELECTRODES], const struct synth_field *f, int source,
			 const double v[3])
{
	for (int e = 0; e < SYNTH_ELECTRODES; e++) {
		const double *l = f->lead[source][e];
		out[e] = l[0] * v[0] + l[1] * v[1] + l[2] * v[2];
	}
}
