#include "ecg/augmentation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/die.h"
#include "ecg/lead.h"
#include "ecg/noise.h"
#include "ecg/views.h"
#include "numbers/dmath.h"

#define PI 3.14159265358979323846

/* ---- shared ---- */

double augmentation_uniform(struct philox *r, double low, double high)
{
	return low + (high - low) * philox_uniform(r);
}

double augmentation_gain(struct philox *r, double g)
{
	return dmath_exp(augmentation_uniform(r, -1, 1) * dmath_log(g));
}

int augmentation_shift(struct philox *r, double limit_s, double rate_hz)
{
	int limit = (int)(limit_s * rate_hz);
	return (int)philox_below(r, 2 * (uint32_t)limit + 1) - limit;
}

void augmentation_move(float *y, const float *x, int n, int by)
{
	int from = by < 0 ? -by : 0, to = by < 0 ? 0 : by;
	int size = n - (from > to ? from : to);
	if (size < 0)
		size = 0;
	memmove(y + to, x + from, sizeof *y * (size_t)size);
	memset(y, 0, sizeof *y * (size_t)(to < n ? to : n));
	if (to + size < n)
		memset(y + to + size, 0, sizeof *y * (size_t)(n - to - size));
}

/* Eight sums side by side so that it is not bound by the latency of one add. */
float augmentation_deviation(const float *x, int n)
{
	float sum[8] = {0}, square[8] = {0};
	double mean = 0, variance = 0;
	int m = n - n % 8;

	for (int i = 0; i < m; i += 8)
		for (int j = 0; j < 8; j++)
			sum[j] += x[i + j];
	for (int j = 0; j < 8; j++)
		mean += sum[j];
	mean /= m;

	for (int i = 0; i < m; i += 8)
		for (int j = 0; j < 8; j++) {
			float centred = x[i + j] - (float)mean;
			square[j] += centred * centred;
		}

	for (int j = 0; j < 8; j++)
		variance += square[j];
	return (float)sqrt(variance / m);
}

static float *lead(const struct augmentation_view *v, int l)
{
	return v->x + (size_t)l * (size_t)v->n;
}

static uint32_t block_of(const struct augmentation_view *v, int l)
{
	return v->first_block + (uint32_t)l * noise_blocks(v->n);
}

/* ---- the augmentations: what is drawn does not depend on which leads are kept ---- */

static void noise(struct augmentation_view *v, double strength)
{
	for (int l = 0; l < LEADS; l++)
		if (v->keep[l])
			noise_add(lead(v, l), v->n,
				  (float)strength * augmentation_deviation(lead(v, l), v->n), &v->random,
				  block_of(v, l));
}

/* A sine of one frequency and phase on all leads, its amplitude drawn for each. */
static void add_sine(struct augmentation_view *v, double hz, double phase, double strength)
{
	for (int l = 0; l < LEADS; l++) {
		float *x = lead(v, l);
		double amplitude = augmentation_uniform(&v->random, 0, strength);
		if (!v->keep[l])
			continue;
		amplitude *= augmentation_deviation(x, v->n);
		for (int i = 0; i < v->n; i++)
			x[i] += (float)(amplitude * dmath_sin(2 * PI * (hz / v->rate_hz * i + phase)));
	}
}

static void powerline(struct augmentation_view *v, double strength)
{
	double hz = philox_uniform(&v->random) < 0.5 ? 50 : 60, phase = philox_uniform(&v->random);
	add_sine(v, hz, phase, strength);
}

static void wander(struct augmentation_view *v, double strength)
{
	double hz = augmentation_uniform(&v->random, 0.05, 0.5), phase = philox_uniform(&v->random);
	add_sine(v, hz, phase, strength);
}

static void emg(struct augmentation_view *v, double strength)
{
	int from = (int)(augmentation_uniform(&v->random, 0, 0.5) * v->n);
	int size = (int)(augmentation_uniform(&v->random, 0.25, 0.5) * v->n);
	for (int l = 0; l < LEADS; l++) {
		float *x = lead(v, l), z[VIEWS_MAX_SAMPLES];
		double level = augmentation_uniform(&v->random, 0, strength);
		if (!v->keep[l])
			continue;
		noise_fill(z, size, &v->random, block_of(v, l));
		/* The difference of two independent values has variance 2. */
		float sigma = (float)(level * 0.70710678118654752) * augmentation_deviation(x, v->n);
		for (int i = 1; i < size; i++)
			x[from + i] += sigma * (z[i] - z[i - 1]);
	}
}

static void gain(struct augmentation_view *v, double strength)
{
	for (int l = 0; l < LEADS; l++) {
		float by = (float)augmentation_gain(&v->random, strength), *x = lead(v, l);
		for (int i = 0; i < v->n && v->keep[l]; i++)
			x[i] *= by;
	}
}

static void shift(struct augmentation_view *v, double limit_s)
{
	int by = augmentation_shift(&v->random, limit_s, v->rate_hz);
	for (int l = 0; l < LEADS; l++)
		if (v->keep[l])
			augmentation_move(lead(v, l), lead(v, l), v->n, by);
}

static void cutout(struct augmentation_view *v, double limit_s)
{
	int size = (int)(augmentation_uniform(&v->random, 0, limit_s) * v->rate_hz);
	if (size > v->n)
		size = v->n;
	int from = (int)philox_below(&v->random, (uint32_t)(v->n - size) + 1);
	for (int l = 0; l < LEADS; l++)
		memset(lead(v, l) + from, 0, sizeof *v->x * (size_t)size);
}

static void crop(struct augmentation_view *v, double least)
{
	double size = augmentation_uniform(&v->random, least, 1) * (v->n - 1);
	double start = augmentation_uniform(&v->random, 0, v->n - 1 - size), step = size / (v->n - 1);
	for (int l = 0; l < LEADS; l++) {
		float *x = lead(v, l), old[VIEWS_MAX_SAMPLES];
		if (!v->keep[l])
			continue;
		memcpy(old, x, sizeof *x * (size_t)v->n);
		for (int i = 0; i < v->n; i++) {
			double at = start + step * i;
			int j = (int)at < v->n - 2 ? (int)at : v->n - 2;
			x[i] = (float)(old[j] + (at - j) * ((double)old[j + 1] - old[j]));
		}
	}
}

/* ---- the table ---- */

#define STRENGTH(n, low, high, normal, text)                                                                 \
	{                                                                                                    \
		.name = n, .type = PARAM_FLOAT, .min = low, .max = high, .otherwise = normal, .help = text   \
	}
#define SECONDS(n, normal, text)                                                                             \
	{                                                                                                    \
		.name = n, .type = PARAM_FLOAT, .unit = "s", .max = 3600, .otherwise = normal, .help = text  \
	}

const struct augmentation augmentation_table[] = {
	{"noise", noise, true,
	 STRENGTH("pool_noise", 0, 100, "0.15", "noise: standard deviation, in the lead's")},
	{"powerline", powerline, true,
	 STRENGTH("pool_powerline", 0, 100, "0.5",
		  "powerline: largest amplitude, in the lead's standard deviations")},
	{"wander", wander, true,
	 STRENGTH("pool_wander", 0, 100, "0.5",
		  "wander: largest amplitude, in the lead's standard deviations")},
	{"emg", emg, true,
	 STRENGTH("pool_emg", 0, 100, "0.5", "emg: largest standard deviation, in the lead's")},
	{"gain", gain, true,
	 STRENGTH("pool_gain", 1, 100, "1.5", "gain: log-uniform in [1/pool_gain, pool_gain] per lead")},
	{"shift", shift, true, SECONDS("pool_shift_s", "1", "shift: largest shift, either way")},
	{"cutout", cutout, true, SECONDS("pool_cutout_s", "2", "cutout: longest time set to zero")},
	{"crop", crop, true,
	 STRENGTH("pool_crop", 0.01, 1, "0.6",
		  "crop: smallest share of the view that is kept, and stretched to its length")},
};
const int augmentation_count = sizeof augmentation_table / sizeof *augmentation_table;

_Static_assert(sizeof augmentation_table / sizeof *augmentation_table <= AUGMENTATIONS_MOST,
	       "they fit into a set");

int augmentation_find(const char *name)
{
	for (int k = 0; k < augmentation_count; k++)
		if (!strcmp(augmentation_table[k].name, name))
			return k;
	return -1;
}

void augmentation_apply(struct augmentation_view *v, int kind, double strength)
{
	/* Its noise comes from a range of blocks of its own, above those of plain draws. */
	v->first_block = (uint32_t)(kind + 1) << 24;
	augmentation_table[kind].apply(v, strength);
}

static void append(char *text, size_t size, const char *more)
{
	size_t n = strlen(text);
	if ((size_t)snprintf(text + n, size - n, "%s", more) >= size - n)
		BUG("the names of augmentations are too long");
}

const char *augmentation_names(bool with_default)
{
	static char names[2][512];
	char *text = names[with_default];
	*text = 0;
	for (int k = 0, n = 0; k < augmentation_count; k++) {
		if (with_default && !augmentation_table[k].is_default)
			continue;
		append(text, sizeof *names, n++ ? with_default ? ", " : " " : with_default ? "[" : "");
		append(text, sizeof *names, augmentation_table[k].name);
	}
	if (with_default)
		append(text, sizeof *names, "]");
	return text;
}
