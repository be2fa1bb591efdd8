#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/file.h"
#include "common/json.h"
#include "statistics/tsne.h"

static json_t *golden(struct features *f)
{
	char *text;
	size_t n_bytes;
	struct error e = {0};

	if (file_read(&text, &n_bytes, "tests/golden/tsne.json", 1 << 20, &e) < 0)
		fail_msg("%s", error_text(&e));
	json_t *v = json_read(text, n_bytes, "tsne.json", &e);
	free(text);
	if (!v)
		fail_msg("%s", error_text(&e));

	const json_t *x = json_object_get(v, "x");
	size_t d = json_array_size(json_array_get(x, 0));
	scaler_features_init(f, json_array_size(x), (int)d);

	for (size_t i = 0; i < f->n * d; i++)
		f->x[i / d * (size_t)f->ld + i % d] =
			json_number_value(json_array_get(json_array_get(x, i / d), i % d));
	return v;
}

static void divergence_is_no_worse_than_scikit_learns(void **state)
{
	(void)state;
	struct features f;
	json_t *v = golden(&f), *run;
	double *map = malloc(2 * f.n * sizeof *map);
	size_t i;

	json_array_foreach (json_object_get(v, "runs"), i, run) {
		double want = json_number_value(json_object_get(run, "kl"));
		double kl = tsne_map(map, &f, json_number_value(json_object_get(run, "perplexity")), 1000);
		if (!(kl > 0 && kl <= 1.02 * want))
			fail_msg("divergence %g, scikit-learn %g", kl, want);
	}

	/* Neighbours in the map are of one cluster. */
	const json_t *truth = json_object_get(v, "truth");
	int n_same = 0;

	for (size_t a = 0; a < f.n; a++) {
		size_t nearest = a;
		double best = INFINITY;
		for (size_t b = 0; b < f.n; b++) {
			double dx = map[2 * a] - map[2 * b], dy = map[2 * a + 1] - map[2 * b + 1];
			if (a != b && dx * dx + dy * dy < best) {
				best = dx * dx + dy * dy;
				nearest = b;
			}
		}
		n_same += json_equal(json_array_get(truth, a), json_array_get(truth, nearest));
	}

	assert_true(n_same >= 115);
	free(map);
	json_decref(v);
	scaler_features_release(&f);
}

static void few_and_equal_points_give_finite_maps(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 9; n++)
		for (int is_equal = 0; is_equal < 2; is_equal++) {
			struct features f;
			double map[18];
			scaler_features_init(&f, n, 1);
			for (size_t i = 0; i < n; i++)
				f.x[i * (size_t)f.ld] = is_equal ? 0 : (double)i - (double)n / 2;
			double kl = tsne_map(map, &f, 30, 300);
			assert_true(isfinite(kl));
			for (size_t i = 0; i < 2 * n; i++)
				assert_true(isfinite(map[i]));
			scaler_features_release(&f);
		}
}

static uint64_t map_bits(void)
{
	struct features f;
	json_decref(golden(&f));
	double *map = malloc(2 * f.n * sizeof *map);
	tsne_map(map, &f, 15, 400);
	uint64_t hash = 0xcbf29ce484222325u;
	const unsigned char *bytes = (const unsigned char *)map;
	for (size_t i = 0; i < 2 * f.n * sizeof *map; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	free(map);
	scaler_features_release(&f);
	return hash;
}

/* Changes only with the algorithm; never with threads, compiler or machine. */
static const uint64_t MAP_BITS = 0x601de31731569b84;

static void the_map_has_these_bits_whatever_the_threads(void **state)
{
	(void)state;
	for (int threads = 1; threads <= 4; threads *= 2) {
		char command[256], self[160] = {0}, line[64] = ""; /* /proc/PID/exe would be valgrind */
		assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
		snprintf(command, sizeof command, "EINTHOVEN_THREADS=%d '%s' bits", threads, self);
		FILE *f = popen(command, "r");
		assert_non_null(f);
		assert_non_null(fgets(line, sizeof line, f));
		assert_int_equal(pclose(f), 0);
		if (strtoull(line, NULL, 16) != MAP_BITS)
			fail_msg("%d threads: %s", threads, line);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "bits"))
		return printf("%016llx\n", (unsigned long long)map_bits()) < 0;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(divergence_is_no_worse_than_scikit_learns),
		cmocka_unit_test(few_and_equal_points_give_finite_maps),
		cmocka_unit_test(the_map_has_these_bits_whatever_the_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
