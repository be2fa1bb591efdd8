/* By what two views of a record are found without learning: each shortcut alone, and none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "ecg/shortcuts.h"
#include "ecg/views.h"
#include "numbers/philox.h"

enum { RECORDS = 20, SAMPLES = 500 };

/* White noise of each view's own, moved, scaled, smoothed or with beats as the record says. */
static void draw(float *x, int record, int view, int shared)
{
	struct philox r = philox_open(3, PURPOSE_NOISE, (uint64_t)record, (uint32_t)view);
	double before = 0, smooth = shared == SHORTCUT_SPECTRUM ? .05 * record : 0;
	int period = 40 + 5 * record;
	for (int l = 0; l < LEADS; l++)
		for (int t = 0; t < SAMPLES; t++) {
			double noise = philox_normal(&r);
			before = smooth * before + sqrt(1 - smooth * smooth) * noise;
			x[l * SAMPLES + t] =
				(float)(before + (shared == SHORTCUT_RATE && t % period < 3 ? 30 : 0));
		}
	for (int l = 0; l < LEADS; l++) {
		double mean = 0, square = 0;
		float *own = x + l * SAMPLES;
		for (int t = 0; t < SAMPLES; t++)
			mean += (double)own[t] / SAMPLES;
		for (int t = 0; t < SAMPLES; t++)
			square += ((double)own[t] - mean) * ((double)own[t] - mean) / SAMPLES;
		double scale = (shared == SHORTCUT_VARIANCE ? 1 + .1 * record : 1) / sqrt(square),
		       level = shared == SHORTCUT_MEAN ? .1 * record : 0;
		for (int t = 0; t < SAMPLES; t++)
			own[t] = (float)(((double)own[t] - mean) * scale + level);
	}
}

static struct shortcuts *views_sharing(int shared)
{
	static float x[LEADS * SAMPLES];
	uint8_t keep[LEADS];
	struct shortcuts *s = shortcuts_new(2 * RECORDS, SAMPLES, 100);
	for (int i = 0; i < RECORDS; i++)
		for (int v = 0; v < 2; v++) {
			memset(keep, 1, sizeof keep);
			keep[i % LEADS] = (uint8_t)v; /* masked in one of them, and full of nonsense */
			draw(x, i, v, shared);
			for (int t = 0; t < SAMPLES && !v; t++)
				x[i % LEADS * SAMPLES + t] = 1e6f;
			shortcuts_add(s, x, keep);
		}
	return s;
}

static void each_finds_what_is_shared(void **state)
{
	(void)state;
	for (int shared = 0; shared < SHORTCUTS; shared++) {
		struct shortcuts *s = views_sharing(shared);
		for (int k = 0; k < SHORTCUTS; k++) {
			double share = shortcuts_found(s, k);
			if (k == shared)
				assert_true(share > .25); /* chance is .026 */
			else if (shared != SHORTCUT_RATE ||
				 k != SHORTCUT_SPECTRUM) /* beats have a spectrum */
				assert_true(share < .1);
		}
		shortcuts_free(s);
	}
}

static void centred_views_share_no_mean(void **state)
{
	(void)state;
	struct shortcuts *s = views_sharing(SHORTCUT_VARIANCE); /* means of 1e-8, equal by chance alone */
	assert_true(shortcuts_found(s, SHORTCUT_MEAN) == 0);
	shortcuts_free(s);
}

/* Halves of records whose level drifts; each of a record of its own, or both of one. */
static struct shortcuts *halves(bool is_of_one)
{
	static float x[2 * SAMPLES], half[LEADS * SAMPLES];
	const uint8_t keep[LEADS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	struct shortcuts *s = shortcuts_new(2 * RECORDS, SAMPLES, 100);
	for (int i = 0; i < 2 * RECORDS; i++) {
		struct philox r = philox_open(5, PURPOSE_NOISE, (uint64_t)(is_of_one ? i / 2 : i), 0);
		for (int l = 0; l < LEADS; l++) {
			double level = 0;
			for (int t = 0; t < 2 * SAMPLES; t++) {
				level = .99 * level + .1 * philox_normal(&r);
				x[t] = (float)(level + .5 * philox_normal(&r));
			}
			views_standardize(x, 2 * SAMPLES);
			memcpy(half + l * SAMPLES, x + i % 2 * SAMPLES, SAMPLES * sizeof *x);
		}
		shortcuts_add(s, half, keep);
	}
	return s;
}

static void complements_are_found(void **state)
{
	static const int both[] = {SHORTCUT_MEAN, SHORTCUT_VARIANCE};
	(void)state;
	struct shortcuts *one = halves(true), *strangers = halves(false);
	for (int k = 0; k < 2; k++) {
		assert_true(shortcuts_found(one, both[k]) > .9);
		assert_true(shortcuts_found(strangers, both[k]) < .1);
	}
	shortcuts_free(one);
	shortcuts_free(strangers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_finds_what_is_shared),
		cmocka_unit_test(centred_views_share_no_mean),
		cmocka_unit_test(complements_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
