/*
 * The generator's random numbers: one Philox stream per (seed, id, stream), where id is a record, a patient
 * or a block of records and stream a purpose (enum synth_stream). Counter = (block, stream, id low, id high),
 * key = seed.
 *
 *	struct synth_rng r = synth_rng_open(seed, record, SYNTH_STREAM_RHYTHM);
 *	double z = synth_rng_normal(&r);
 *
 * Draws are used in a fixed order; moving one changes every record that uses the stream.
 */
#ifndef ECG_SYNTH_RNG_H
#define ECG_SYNTH_RNG_H

#include <stdbool.h>
#include <stdint.h>

enum synth_stream {
	SYNTH_STREAM_BLOCK = 1,	     /* id: block of records; how many records each patient has */
	SYNTH_STREAM_PATIENT = 2,    /* id: patient; label set, age, sex */
	SYNTH_STREAM_DIAGNOSIS = 3,  /* id: patient; statements and severities */
	SYNTH_STREAM_MORPHOLOGY = 4, /* id: patient; gains, widths, axis */
	SYNTH_STREAM_ANATOMY = 5,    /* id: patient; place of heart and electrodes */
	SYNTH_STREAM_FRAGMENT = 6,   /* id: patient; notches of the QRS */
	SYNTH_STREAM_WALL = 7,	     /* id: patient; where and how the wall is sick */
	SYNTH_STREAM_VARIANT = 8,    /* id: patient; what the statements do not name */
	SYNTH_STREAM_CHANGE = 16,    /* from here on id: record; whether a later record's labels changed */
	SYNTH_STREAM_CHANGED = 17,
	SYNTH_STREAM_RHYTHM = 18,
	SYNTH_STREAM_RECORD = 19,
	SYNTH_STREAM_ECTOPIC = 20,
	SYNTH_STREAM_BEAT = 21,
	SYNTH_STREAM_FIBRILLATION = 22,
	SYNTH_STREAM_NOISE = 23,
	SYNTH_STREAM_ARTEFACT = 24,
	SYNTH_STREAM_RECORDER = 25,
	SYNTH_STREAM_EMG = 64, /* + electrode */
	SYNTH_STREAM_BURST = 96,
	SYNTH_STREAM_TREMOR = 112, /* + electrode */
};

struct synth_rng {
	uint32_t key[2], counter[4], words[4];
	int used; /* of words */
	bool has_spare;
	double spare; /* second normal of a pair */
};

struct synth_rng synth_rng_open(uint64_t seed, uint64_t id, uint32_t stream);

/* Uniform in the open interval (0, 1), and between a and b. */
double synth_rng_uniform(struct synth_rng *r);
double synth_rng_between(struct synth_rng *r, double a, double b);
/* Standard normal, and the same clamped to [-limit, limit]. */
double synth_rng_normal(struct synth_rng *r);
double synth_rng_clamped(struct synth_rng *r, double limit);
void synth_rng_normals(struct synth_rng *r, double *out, int n);
/* median * exp(sd * normal), clamped to [low, high]. */
double synth_rng_lognormal(struct synth_rng *r, double median, double sd, double low, double high);
/* Index i with probability weights[i] / sum. */
int synth_rng_pick(struct synth_rng *r, const double *weights, int n);

/* n standard normals of their own stream, four per Philox block. n is rounded up to a multiple of 4: out must
 * hold it. */
void synth_rng_white(double *out, int n, uint64_t seed, uint64_t id, uint32_t stream);

#endif
