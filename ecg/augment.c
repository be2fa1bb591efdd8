#include "ecg/augment.h"

#include <math.h>
#include <string.h>

#include "common/die.h"
#include "ecg/noise.h"
#include "numbers/dmath.h"
#include "numbers/philox.h"

#define PI 3.14159265358979323846

/* Noise of augmentation k comes from its own range of blocks, above those of plain draws. */
#define POOL_BLOCKS(k) ((uint32_t)((k) + 1) << 24)

const char *const augment_names[AUGMENT_KINDS] = {"noise", "powerline", "wander", "emg",
						  "gain",  "shift",	"cutout", "crop"};

/* A view being drawn. */
struct draw {
	const struct augment *policy;
	float *x; /* [12][n] */
	int n;
	double rate_hz;
	const uint8_t *keep;
	struct philox random; /* of the pool */
};

static double uniform_in(struct philox *r, double low, double high)
{
	return low + (high - low) * philox_uniform(r);
}

/* Log-uniform in [1/g, g]. */
static double gain_in(struct philox *r, double g)
{
	return dmath_exp(uniform_in(r, -1, 1) * dmath_log(g));
}

int augment_start(const struct augment *a, uint64_t record, uint32_t epoch, int view)
{
	const struct views *v = &a->views;
	if (v->strategy != VIEWS_HALVES)
		return 0;
	/* Both views read the same draw, the record's: that is what keeps them apart. */
	struct philox r = philox_open(a->seed, PURPOSE_CROP, record, epoch * 2);
	uint32_t slack = (uint32_t)(v->samples - 2 * v->segment);
	int p = (int)philox_below(&r, slack + 1), q = (int)philox_below(&r, slack + 1);
	int first = p < q ? p : q, second = v->segment + (p < q ? q : p);
	int is_swapped = philox_u32(&r) & 1;
	return (view ^ is_swapped) ? second : first;
}

static void draw_mask(const struct augment *a, uint8_t keep[LEADS], uint64_t record, uint32_t index, int only)
{
	for (int l = 0; only >= 0 && l < LEADS; l++)
		keep[l] = l == only;
	if (only >= 0)
		return;
	struct philox r = philox_open(a->seed, PURPOSE_MASK, record, index);
	int kept = 0;
	for (int l = 0; l < LEADS; l++)
		kept += keep[l] = philox_uniform(&r) >= a->lead_mask_p;
	if (kept == 0)
		keep[philox_below(&r, LEADS)] = 1;
}

/* y [n] = x [n] moved later by `by` samples (earlier if negative), zeros where nothing is known. */
static void shift(float *y, const float *x, int n, int by)
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

/* Uniform in -limit..limit samples. */
static int draw_shift(struct philox *r, double limit_s, double rate_hz)
{
	int limit = (int)(limit_s * rate_hz);
	return (int)philox_below(r, 2 * (uint32_t)limit + 1) - limit;
}

static void cut(const struct augment *a, struct draw *d, const void *signal, uint64_t record, uint32_t epoch,
		int view, int segment)
{
	int start = augment_start(a, record, epoch, segment), by = 0;
	if (a->views.strategy == VIEWS_INTERLEAVED && a->shift_s > 0) {
		struct philox r = philox_open(a->seed, PURPOSE_CROP, record, epoch * 2 + (uint32_t)view);
		by = draw_shift(&r, a->shift_s, d->rate_hz);
	}

	for (int l = 0; l < LEADS; l++) {
		float *x = d->x + (size_t)l * (size_t)d->n;
		if (!d->keep[l]) {
			memset(x, 0, sizeof *x * (size_t)d->n);
			continue;
		}
		views_lead(&a->views, x, signal, l, view, start);
		shift(x, x, d->n, by);
		if (a->views.is_standardized)
			views_standardize(x, d->n);
	}
}

/* Standard deviation of x [n], eight sums side by side so that it is not bound by the latency of one add. */
static float deviation(const float *x, int n)
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

/* Gain and noise of each lead; the same numbers are drawn whether or not a lead is masked. */
static void gain_and_noise(const struct augment *a, struct draw *d, uint64_t record, uint32_t index)
{
	struct philox r = philox_open(a->seed, PURPOSE_GAIN, record, index);
	struct philox white = philox_open(a->seed, PURPOSE_NOISE, record, index);
	for (int l = 0; l < LEADS; l++) {
		double gain = gain_in(&r, a->gain);
		double sigma = uniform_in(&r, a->noise_min, a->noise_max);
		int has_noise = philox_uniform(&r) < a->noise_p;
		if (!d->keep[l])
			continue;
		float *x = d->x + (size_t)l * (size_t)d->n, scale = (float)gain;
		float noise = has_noise ? (float)sigma * deviation(x, d->n) : 0;
		if (noise > 0)
			noise_add(x, d->n, noise, &white, (uint32_t)l * noise_blocks(d->n));
		for (int i = 0; i < d->n; i++)
			x[i] *= scale;
	}
}

/* ---- the pool ---- */

static void pool_noise(struct draw *d, int l, float *x)
{
	noise_add(x, d->n, (float)d->policy->pool_noise * deviation(x, d->n), &d->random,
		  POOL_BLOCKS(AUGMENT_NOISE) + (uint32_t)l * noise_blocks(d->n));
}

static void sine(float *x, int n, double amplitude, double cycles_per_sample, double phase)
{
	for (int i = 0; i < n; i++)
		x[i] += (float)(amplitude * dmath_sin(2 * PI * (cycles_per_sample * i + phase)));
}

static void powerline(struct draw *d)
{
	double hz = philox_uniform(&d->random) < 0.5 ? 50 : 60, phase = philox_uniform(&d->random);
	for (int l = 0; l < LEADS; l++) {
		float *x = d->x + (size_t)l * (size_t)d->n;
		double amplitude = uniform_in(&d->random, 0, d->policy->pool_powerline);
		if (d->keep[l])
			sine(x, d->n, amplitude * deviation(x, d->n), hz / d->rate_hz, phase);
	}
}

static void wander(struct draw *d)
{
	double hz = uniform_in(&d->random, 0.05, 0.5), phase = philox_uniform(&d->random);
	for (int l = 0; l < LEADS; l++) {
		float *x = d->x + (size_t)l * (size_t)d->n;
		double amplitude = uniform_in(&d->random, 0, d->policy->pool_wander);
		if (d->keep[l])
			sine(x, d->n, amplitude * deviation(x, d->n), hz / d->rate_hz, phase);
	}
}

static void emg(struct draw *d)
{
	int from = (int)(uniform_in(&d->random, 0, 0.5) * d->n);
	int size = (int)(uniform_in(&d->random, 0.25, 0.5) * d->n);
	for (int l = 0; l < LEADS; l++) {
		float *x = d->x + (size_t)l * (size_t)d->n, z[VIEWS_MAX_SAMPLES];
		double level = uniform_in(&d->random, 0, d->policy->pool_emg);
		if (!d->keep[l])
			continue;
		noise_fill(z, size, &d->random, POOL_BLOCKS(AUGMENT_EMG) + (uint32_t)l * noise_blocks(d->n));
		/* The difference of two independent values has variance 2. */
		float sigma = (float)(level * 0.70710678118654752) * deviation(x, d->n);
		for (int i = 1; i < size; i++)
			x[from + i] += sigma * (z[i] - z[i - 1]);
	}
}

static void cutout(struct draw *d)
{
	int size = (int)(uniform_in(&d->random, 0, d->policy->pool_cutout_s) * d->rate_hz);
	if (size > d->n)
		size = d->n;
	int from = (int)philox_below(&d->random, (uint32_t)(d->n - size) + 1);
	for (int l = 0; l < LEADS; l++)
		memset(d->x + (size_t)l * (size_t)d->n + from, 0, sizeof *d->x * (size_t)size);
}

static void crop(struct draw *d)
{
	double size = uniform_in(&d->random, d->policy->pool_crop, 1) * (d->n - 1);
	double start = uniform_in(&d->random, 0, d->n - 1 - size), step = size / (d->n - 1);
	for (int l = 0; l < LEADS; l++) {
		float *x = d->x + (size_t)l * (size_t)d->n, old[VIEWS_MAX_SAMPLES];
		if (!d->keep[l])
			continue;
		memcpy(old, x, sizeof *x * (size_t)d->n);
		for (int i = 0; i < d->n; i++) {
			double at = start + step * i;
			int j = (int)at < d->n - 2 ? (int)at : d->n - 2;
			x[i] = (float)(old[j] + (at - j) * ((double)old[j + 1] - old[j]));
		}
	}
}

/* The augmentations that treat each lead alone. */
static void pool_lead(struct draw *d, enum augment_kind kind, int by)
{
	for (int l = 0; l < LEADS; l++) {
		float *x = d->x + (size_t)l * (size_t)d->n;
		float gain = kind == AUGMENT_GAIN ? (float)gain_in(&d->random, d->policy->pool_gain) : 1;
		if (!d->keep[l])
			continue;
		if (kind == AUGMENT_NOISE)
			pool_noise(d, l, x);
		else if (kind == AUGMENT_SHIFT)
			shift(x, x, d->n, by);
		else
			for (int i = 0; i < d->n; i++)
				x[i] *= gain;
	}
}

static void pool_apply(struct draw *d, enum augment_kind kind)
{
	switch (kind) {
	case AUGMENT_POWERLINE:
		powerline(d);
		break;
	case AUGMENT_WANDER:
		wander(d);
		break;
	case AUGMENT_EMG:
		emg(d);
		break;
	case AUGMENT_CUTOUT:
		cutout(d);
		break;
	case AUGMENT_CROP:
		crop(d);
		break;
	case AUGMENT_SHIFT:
		pool_lead(d, kind, draw_shift(&d->random, d->policy->pool_shift_s, d->rate_hz));
		break;
	default:
		pool_lead(d, kind, 0);
	}
}

/* pool_draws distinct augmentations in the order drawn, each on what the last one left. */
static void pool(struct draw *d)
{
	int kinds[AUGMENT_KINDS], n = 0;
	for (int k = 0; k < AUGMENT_KINDS; k++)
		if (d->policy->pool >> k & 1)
			kinds[n++] = k;
	for (int i = 0; i < d->policy->pool_draws && n > 0; i++) {
		int at = (int)philox_below(&d->random, (uint32_t)n), kind = kinds[at];
		kinds[at] = kinds[--n];
		pool_apply(d, (enum augment_kind)kind);
	}
}

void augment_draw(const struct augment *a, float *x, uint8_t keep[LEADS], const void *signal, uint64_t record,
		  uint32_t epoch, int view)
{
	augment_draw_shown(a, x, keep, signal, record, epoch, view, &(struct shown){view, -1});
}

void augment_draw_shown(const struct augment *a, float *x, uint8_t keep[LEADS], const void *signal,
			uint64_t record, uint32_t epoch, int view, const struct shown *s)
{
	uint32_t index = epoch * 2 + (uint32_t)view;
	struct draw d = {.policy = a,
			 .x = x,
			 .n = views_input_samples(&a->views),
			 .rate_hz = views_input_rate(&a->views),
			 .keep = keep,
			 .random = philox_open(a->seed, PURPOSE_AUGMENT, record, index)};
	draw_mask(a, keep, record, index, s->lead);
	cut(a, &d, signal, record, epoch, view, s->segment);
	if (a->views.strategy == VIEWS_SEQUENTIAL)
		pool(&d);
	gain_and_noise(a, &d, record, index);
}

/* ---- the header's JSON ---- */

struct member {
	const char *name;
	size_t offset;
	double min, max;
};

#define MEMBER(m, low, high)                                                                                 \
	{                                                                                                    \
#m, offsetof(struct augment, m), low, high                                                   \
	}

static const struct member members[] = {
	MEMBER(lead_mask_p, 0, 1),	MEMBER(gain, 1, 100),		MEMBER(noise_min, 0, 100),
	MEMBER(noise_max, 0, 100),	MEMBER(noise_p, 0, 1),		MEMBER(shift_s, 0, 3600),
	MEMBER(pool_noise, 0, 100),	MEMBER(pool_powerline, 0, 100), MEMBER(pool_wander, 0, 100),
	MEMBER(pool_emg, 0, 100),	MEMBER(pool_gain, 1, 100),	MEMBER(pool_shift_s, 0, 3600),
	MEMBER(pool_cutout_s, 0, 3600), MEMBER(pool_crop, 0.01, 1),
};
#define N_MEMBERS (sizeof members / sizeof *members)

json_t *augment_json(const struct augment *a)
{
	json_t *json = json_object(), *names = json_array();
	for (size_t i = 0; i < N_MEMBERS; i++)
		json_object_set_new(json, members[i].name,
				    json_real(*(const double *)((const char *)a + members[i].offset)));
	for (int k = 0; k < AUGMENT_KINDS; k++)
		if (a->pool >> k & 1)
			json_array_append_new(names, json_string(augment_names[k]));
	json_object_set_new(json, "pool", names);
	if (json_object_set_new(json, "pool_draws", json_integer(a->pool_draws)) < 0)
		BUG("augmentation policy is not JSON");
	return json;
}

static int read_pool(struct augment *a, const json_t *json, struct error *e)
{
	const json_t *names = json_object_get(json, "pool"), *draws = json_object_get(json, "pool_draws"),
		     *name;
	size_t i;

	if (!json_is_array(names) || !json_is_integer(draws))
		return error_set(e, NULL, 0, "attribute \"augment\": pool or pool_draws is missing");
	a->pool_draws = (int)json_integer_value(draws);

	json_array_foreach ((json_t *)names, i, name) {
		int k = 0;
		while (k < AUGMENT_KINDS &&
		       (!json_is_string(name) || strcmp(json_string_value(name), augment_names[k]) != 0))
			k++;
		if (k == AUGMENT_KINDS)
			return error_set(e, NULL, 0, "attribute \"augment\": unknown augmentation in pool");
		a->pool |= 1u << k;
	}

	return 0;
}

int augment_read(struct augment *a, const json_t *json, const struct views *v, struct error *e)
{
	memset(a, 0, sizeof *a);
	a->views = *v;
	for (size_t i = 0; i < N_MEMBERS; i++) {
		const json_t *value = json_object_get(json, members[i].name);
		double x = json_number_value(value);
		if (!json_is_number(value) || !(x >= members[i].min && x <= members[i].max))
			return error_set(e, NULL, 0,
					 "attribute \"augment\": %s is missing or outside %g to %g",
					 members[i].name, members[i].min, members[i].max);
		*(double *)((char *)a + members[i].offset) = x;
	}

	if (a->noise_min > a->noise_max)
		return error_set(e, NULL, 0, "noise_min %g is above noise_max %g", a->noise_min,
				 a->noise_max);
	return read_pool(a, json, e);
}
