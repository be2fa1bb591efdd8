#include "ecg/augment.h"

#include <stdbool.h>
#include <string.h>

#include "ecg/noise.h"
#include "numbers/philox.h"

/* What keys a view's draws besides its record. */
static uint32_t index_of(const struct augment *a, uint32_t epoch, int view)
{
	return epoch * (uint32_t)views_n(&a->views) + (uint32_t)view;
}

int augment_start(const struct augment *a, uint64_t record, uint32_t epoch, int view)
{
	const struct views *v = &a->views;
	int n = views_n(v), at[VIEWS_MOST];
	if (v->strategy == VIEWS_CROPS) {
		struct philox r = philox_open(a->seed, PURPOSE_CROP, record, index_of(a, epoch, view));
		return (int)philox_below(&r, (uint32_t)(v->samples - v->segment) + 1);
	}
	if (v->strategy != VIEWS_HALVES)
		return 0;

	/* All views read the same draw, the record's: that is what keeps them apart. Its numbers, ascending,
	 * are what of the slack lies before each segment. */
	struct philox r = philox_open(a->seed, PURPOSE_CROP, record, index_of(a, epoch, 0));
	for (int k = 0; k < n; k++) {
		int x = (int)philox_below(&r, (uint32_t)(v->samples - n * v->segment) + 1), j = k;
		for (; j > 0 && at[j - 1] > x; j--)
			at[j] = at[j - 1];
		at[j] = x;
	}
	if (n == 2) /* objectives may tell two segments apart, of more none does */
		view ^= (int)(philox_u32(&r) & 1);
	return view * v->segment + at[view];
}

static bool has_lead(const uint8_t *there, int lead)
{
	return !there || there[lead];
}

/* The n-th lead that is there, from lead `first` on and round. */
static int nth_lead(const uint8_t *there, int first, int n)
{
	int lead = first % LEADS;
	for (int i = 0; i < LEADS * LEADS && (n -= has_lead(there, lead)) >= 0; i++)
		lead = (lead + 1) % LEADS;
	return lead;
}

/* The same numbers are drawn whatever is there. */
static void draw_mask(const struct augment *a, uint8_t keep[LEADS], const uint8_t *there, uint64_t record,
		      uint32_t index, int only)
{
	struct philox r = philox_open(a->seed, PURPOSE_MASK, record, index);
	int kept = 0, n_there = 0;
	for (int l = 0; l < LEADS; l++) {
		bool is_drawn = philox_uniform(&r) >= a->lead_mask_p;
		n_there += has_lead(there, l);
		kept += keep[l] = only < 0 && is_drawn && has_lead(there, l);
	}
	if (only >= 0)
		keep[nth_lead(there, only, 0)] = 1;
	else if (kept == 0)
		keep[nth_lead(there, 0, (int)philox_below(&r, (uint32_t)n_there))] = 1;
}

static void cut(const struct augment *a, struct augmentation_view *d, const void *signal, uint64_t record,
		uint32_t epoch, int view, int segment)
{
	int start = augment_start(a, record, epoch, segment), by = 0;
	if (a->views.strategy == VIEWS_INTERLEAVED && a->shift_s > 0) {
		struct philox r = philox_open(a->seed, PURPOSE_CROP, record, index_of(a, epoch, view));
		by = augmentation_shift(&r, a->shift_s, d->rate_hz);
	}

	for (int l = 0; l < LEADS; l++) {
		float *x = d->x + (size_t)l * (size_t)d->n;
		if (!d->keep[l]) {
			memset(x, 0, sizeof *x * (size_t)d->n);
			continue;
		}
		views_lead(&a->views, x, signal, l, view, start);
		augmentation_move(x, x, d->n, by);
		if (a->views.is_standardized)
			views_standardize(x, d->n);
	}
}

/* Gain and noise of each lead; the same numbers are drawn whether or not a lead is masked. */
static void gain_and_noise(const struct augment *a, struct augmentation_view *d, uint64_t record,
			   uint32_t index)
{
	struct philox r = philox_open(a->seed, PURPOSE_GAIN, record, index);
	struct philox white = philox_open(a->seed, PURPOSE_NOISE, record, index);
	for (int l = 0; l < LEADS; l++) {
		double gain = augmentation_gain(&r, a->gain);
		double sigma = augmentation_uniform(&r, a->noise_min, a->noise_max);
		int has_noise = philox_uniform(&r) < a->noise_p;
		if (!d->keep[l])
			continue;
		float *x = d->x + (size_t)l * (size_t)d->n, scale = (float)gain;
		float noise = has_noise ? (float)sigma * augmentation_deviation(x, d->n) : 0;
		if (noise > 0)
			noise_add(x, d->n, noise, &white, (uint32_t)l * noise_blocks(d->n));
		for (int i = 0; i < d->n; i++)
			x[i] *= scale;
	}
}

/* pool_draws distinct augmentations in the order drawn, each on what the last one left. */
static void draw_pool(const struct augment *a, struct augmentation_view *d)
{
	int kinds[AUGMENTATIONS_MOST], n = 0;
	for (int k = 0; k < augmentation_count; k++)
		if (a->pool >> k & 1)
			kinds[n++] = k;
	for (int i = 0; i < a->pool_draws && n > 0; i++) {
		int at = (int)philox_below(&d->random, (uint32_t)n), kind = kinds[at];
		kinds[at] = kinds[--n];
		augmentation_apply(d, kind, a->strength[kind]);
	}
}

void augment_draw(const struct augment *a, float *x, uint8_t keep[LEADS], const void *signal, uint64_t record,
		  uint32_t epoch, int view)
{
	augment_draw_shown(a, x, keep, signal, NULL, record, epoch, view, &(struct shown){view, -1});
}

void augment_draw_shown(const struct augment *a, float *x, uint8_t keep[LEADS], const void *signal,
			const uint8_t *there, uint64_t record, uint32_t epoch, int view,
			const struct shown *s)
{
	uint32_t index = index_of(a, epoch, view);
	struct augmentation_view d = {.x = x,
				      .n = views_input_samples(&a->views),
				      .rate_hz = views_input_rate(&a->views),
				      .keep = keep,
				      .random = philox_open(a->seed, PURPOSE_AUGMENT, record, index)};
	draw_mask(a, keep, there, record, index, s->lead);
	cut(a, &d, signal, record, epoch, view, s->segment);
	if (views_has_pool(&a->views))
		draw_pool(a, &d);
	gain_and_noise(a, &d, record, index);
}
