/* The synthetic generators: fitted equal to its reference model, both the same bits everywhere, Einthoven's
 * law, patients; what of morphology knows the class and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <inttypes.h>
#include <math.h>

#include "common/pool.h"
#include "ecg/synth.h"
#include "ecg/synth_morphology.h"
#include "ecg/synth_rhythm.h"
#include "ecg/synth_rng.h"

static void random_numbers_have_their_known_values(void **state)
{
	(void)state;
	static const double expected[4] = {.616493426, .8913801, .115992004, .01305324};
	struct synth_rng r = synth_rng_open(20240101, 0, SYNTH_STREAM_PATIENT);
	for (int i = 0; i < 4; i++)
		assert_true(fabs(synth_rng_uniform(&r) - expected[i]) < 1e-9);
}

static void white_noise_is_normal(void **state)
{
	(void)state;
	const int n = 200000;
	double *x = malloc(sizeof *x * (size_t)n), sum[5] = {0};
	synth_rng_white(x, n, 3, 4, 5);
	for (int i = 0; i < n; i++)
		for (int k = 1; k < 5; k++)
			sum[k] += pow(x[i], k) / n;
	assert_true(fabs(sum[1]) < .01);
	assert_true(fabs(sum[2] - 1) < .015);
	assert_true(fabs(sum[3]) < .03);
	assert_true(fabs(sum[4] - 3) < .1);
	free(x);
}

/* Compare every step-th sample with the numbers that follow in f; returns how many differ (by
 * 1 uV: more fails). */
static int compare_samples(FILE *f, const int16_t *adc, int n, int step)
{
	int listed, value, differing = 0;
	assert_int_equal(fscanf(f, "%d", &listed), 1);
	assert_int_equal(listed, (n + step - 1) / step);
	for (int i = 0; i < n; i += step) {
		assert_int_equal(fscanf(f, "%d", &value), 1);
		assert_in_range(abs(adc[i] - value), 0, 1);
		differing += adc[i] != value;
	}
	return differing;
}

static void compare_about(FILE *f, const struct synth_info *info)
{
	uint64_t patient;
	int fold, age, sex;
	double rate;
	char codes[128], ours[128] = "";

	assert_int_equal(
		fscanf(f, "%" SCNu64 " %d %d %d %lf %127s", &patient, &fold, &age, &sex, &rate, codes), 6);
	assert_int_equal(info->patient, patient);
	assert_int_equal(info->fold, fold);
	assert_int_equal(info->age, age);
	assert_int_equal(info->sex, sex);
	assert_true(fabs(info->rate_per_min - rate) < 1e-8);

	for (int i = 0; i < info->n_codes; i++) {
		strcat(ours, i ? "," : "");
		strcat(ours, info->codes[i]->code);
	}

	assert_string_equal(ours, codes);
}

/* The golden file holds every diagnosis, rhythm and artefact at least once. */
static void records_equal_the_reference_within_a_microvolt(void **state)
{
	(void)state;
	FILE *f = fopen("tests/golden/synth.txt", "r");
	assert_non_null(f);
	int16_t *slow = malloc(sizeof *slow * LEADS * 1000), *fast = malloc(sizeof *fast * LEADS * 5000);
	uint64_t seed, record;
	int n = 0, differing = 0;

	while (fscanf(f, "%" SCNu64 " %" SCNu64, &seed, &record) == 2) {
		struct synth_info info;
		synth_record(SYNTH_FITTED, seed, record, 100, slow, &info);
		synth_record(SYNTH_FITTED, seed, record, 500, fast, NULL);
		compare_about(f, &info);
		differing += compare_samples(f, slow, LEADS * 1000, 89);
		differing += compare_samples(f, fast, LEADS * 5000, 433);
		n++;
	}

	fclose(f);
	free(slow);
	free(fast);
	print_message("# %d records, %d of %d samples differ\n", n, differing, n * 274);
	assert_int_equal(n, 46);
	assert_true(differing <= 5);
}

#define MANY 32
struct many {
	enum synth_generator generator;
	int16_t *adc; /* [MANY][1000][LEADS], then [MANY][5000][LEADS] */
};

static void make_one(void *context, int i)
{
	struct many *m = context;
	synth_record(m->generator, 7, (uint64_t)i, 100, m->adc + i * 1000 * LEADS, NULL);
	synth_record(m->generator, 7, (uint64_t)i, 500, m->adc + (MANY * 1000 + i * 5000) * LEADS, NULL);
}

/* FNV-1a over all samples, little-endian. */
static uint64_t hash_of_many(enum synth_generator generator)
{
	const size_t n = (size_t)MANY * 6000 * LEADS;
	struct many m = {generator, malloc(sizeof(int16_t) * n)};
	pool_run(make_one, &m, MANY);
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < n; i++) {
		h = (h ^ ((uint16_t)m.adc[i] & 0xff)) * UINT64_C(0x100000001b3);
		h = (h ^ (uint16_t)m.adc[i] >> 8) * UINT64_C(0x100000001b3);
	}
	free(m.adc);
	print_message("# 0x%016" PRIx64 "\n", h);
	return h;
}

/* Another compiler, library or CPU must not move one bit; a change of a generator must change its number
 * knowingly. */
static void bits_are_the_same_everywhere(void **state)
{
	(void)state;
	assert_true(hash_of_many(SYNTH_FITTED) == UINT64_C(0xda5ca954259535e4));
	assert_true(hash_of_many(SYNTH_MORPHOLOGY) == UINT64_C(0x5b90596f87dfb3cf));
}

static void limb_leads_obey_einthoven(void **state)
{
	(void)state;
	int16_t *adc = malloc(sizeof *adc * LEADS * 5000);
	for (uint64_t record = 0; record < 40; record++)
		for (int rate_hz = 100; rate_hz <= 500; rate_hz += 400) {
			synth_record((enum synth_generator)(record % 2), 3, record, rate_hz, adc, NULL);
			for (int t = 0; t < 10 * rate_hz; t++) {
				const int16_t *x = adc + t * LEADS;
				assert_in_range(abs(x[0] + x[2] - x[1]), 0, 1);
				assert_in_range(abs(x[3] + x[4] + x[5]), 0, 1);
				assert_in_range(abs(2 * x[3] + x[0] + x[1]), 0, 2);
				assert_in_range(abs(2 * x[4] - x[0] + x[2]), 0, 2);
				assert_in_range(abs(2 * x[5] - x[1] - x[2]), 0, 2);
			}
		}

	free(adc);
}

static void patients_keep_fold_sex_and_age_over_their_records(void **state)
{
	(void)state;
	struct synth_info before = {0}, info;
	int n_more = 0, folds[11] = {0};

	for (uint64_t record = 0; record < 4000; record++) {
		synth_record(SYNTH_FITTED, 9, record, 100, NULL, &info);
		assert_in_range(info.fold, 1, 10);
		assert_in_range(info.age, 17, 95);
		folds[info.fold]++;
		if (record && info.patient == before.patient) {
			n_more++;
			assert_int_equal(info.fold, before.fold);
			assert_int_equal(info.sex, before.sex);
			assert_int_equal(info.age, before.age);
		} else if (record) {
			assert_true(info.patient > before.patient);
		}
		before = info;
	}

	assert_in_range(n_more, 300, 700); /* PTB-XL: 21,799 records of 18,869 patients, 13 % */
	for (int i = 1; i <= 10; i++)
		assert_in_range(folds[i], 330, 470);
}

static void classes_come_as_often_as_in_ptb_xl(void **state)
{
	(void)state;
	static const char *const names[5] = {"NORM", "MI", "STTC", "CD", "HYP"};
	static const double share[5] = {.444, .256, .245, .229,
					.124}; /* of 21,388 records with a superclass */
	const int n = 4000;
	int count[5] = {0};

	for (uint64_t record = 0; record < (uint64_t)n; record++) {
		struct synth_info info;
		bool has[5] = {0};
		synth_record(record % 2 ? SYNTH_FITTED : SYNTH_MORPHOLOGY, 10, record, 100, NULL, &info);
		assert_true(info.n_codes >= 2);
		for (int i = 0; i < info.n_codes; i++)
			for (int k = 0; k < 5; k++)
				has[k] |= !strcmp(info.codes[i]->class, names[k]);
		for (int k = 0; k < 5; k++)
			count[k] += has[k];
	}

	for (int k = 0; k < 5; k++)
		assert_true(fabs(count[k] / (double)n - share[k]) < .03);
}

/* Means over plain NORM and over all other records, of n. */
struct contrast {
	double norm, sick;
};
static struct contrast contrast_of(double (*measure)(const struct synth_patient *, uint64_t),
				   enum synth_generator generator, uint64_t n)
{
	struct contrast c = {0, 0};
	int n_norm = 0, n_sick = 0;
	for (uint64_t record = 0; record < n; record++) {
		struct synth_patient p;
		synth_patient_draw(&p, generator, 11, record);
		bool is_norm = !strcmp(synth_tables_sets[p.set].classes, "N");
		double x = measure(&p, 11);
		c.norm += is_norm ? x : 0;
		c.sick += is_norm ? 0 : x;
		n_norm += is_norm;
		n_sick += !is_norm;
	}
	return (struct contrast){c.norm / n_norm, c.sick / n_sick};
}

/* Of sinus rhythm: who fibrillates is said by the statements. */
static double log_rate(const struct synth_patient *p, uint64_t seed)
{
	struct synth_rhythm h;
	synth_rhythm_draw(&h, p, seed);
	return h.is_fibrillating ? log(67) : log(h.rate_per_min);
}

static double spread_of_qrs(const struct synth_patient *p, uint64_t seed)
{
	struct synth_patient healthy = *p;
	struct synth_heart h;
	healthy.n_findings = 0;
	healthy.age = 50;
	healthy.is_female = false;
	synth_heart_draw(&h, &healthy, seed);
	double square = 0;
	for (int i = 0; i < SYNTH_QRS; i++)
		for (int k = 0; k < 3; k++)
			square += h.qrs[i][k] * h.qrs[i][k];
	return log(square);
}

/* What is left of the sick when their findings are taken away. Of fitted this is the bit that says
 * "normal or not". */
static void only_findings_know_the_class(void **state)
{
	(void)state;
	struct contrast c = contrast_of(log_rate, SYNTH_FITTED, 3000);
	assert_true(c.sick - c.norm > .05);
	c = contrast_of(log_rate, SYNTH_MORPHOLOGY, 3000);
	assert_true(fabs(c.sick - c.norm) < .02); /* its standard error: .006 */
	c = contrast_of(spread_of_qrs, SYNTH_FITTED, 3000);
	assert_true(c.sick - c.norm > .15);
	c = contrast_of(spread_of_qrs, SYNTH_MORPHOLOGY, 3000);
	assert_true(fabs(c.sick - c.norm) < .05); /* .013 */
}

static struct synth_heart changed_by(enum synth_code code, double severity, uint64_t patient)
{
	struct synth_patient p = {.generator = SYNTH_MORPHOLOGY, .patient = patient};
	struct synth_finding f = {.code = code, .severity = severity};
	struct synth_heart h = {.width = 1, .stt_time = 1};
	struct synth_morphology m = synth_morphology_open(&p, 5);
	assert_true(synth_morphology_apply(&m, &h, &f));
	return h;
}

static void infarctions_take_the_forces_of_their_territory(void **state)
{
	(void)state;
	int n_acute = 0, n_inverted = 0;
	for (uint64_t patient = 0; patient < 400; patient++) {
		struct synth_heart inferior = changed_by(SYNTH_IMI, .5, patient);
		struct synth_heart larger = changed_by(SYNTH_IMI, 1.5, patient);
		struct synth_heart septal = changed_by(SYNTH_ASMI, 1, patient);
		assert_true(inferior.qrs[2][1] < 0); /* away from the feet: Q in II, III, aVF */
		assert_true(fabs(larger.qrs[2][1] - 3 * inferior.qrs[2][1]) < 1e-9); /* subtle to plain */
		assert_true(septal.qrs[1][2] > 0);   /* away from the front: no R in V1 to V3 */
		n_acute += inferior.stt[0][1] > .06; /* towards the feet; I and aVL see its mirror */
		n_inverted += larger.stt[3][1] < -.1;
	}
	assert_in_range(n_acute, 12, 50); /* .07 of them */
	assert_in_range(n_inverted, 200, 400);
}

static void findings_differ_from_heart_to_heart_but_not_by_their_neighbours(void **state)
{
	(void)state;
	struct synth_heart a = changed_by(SYNTH_ISC, 1, 1), b = changed_by(SYNTH_ISC, 1, 2);
	assert_true(fabs(a.stt[3][0] - b.stt[3][0]) > 1e-3);

	struct synth_patient p = {.generator = SYNTH_MORPHOLOGY, .patient = 1};
	const struct synth_finding block = {.code = SYNTH_LAFB, .severity = 1},
				   wall = {.code = SYNTH_LVH, .severity = 1},
				   asked = {.code = SYNTH_IMI, .severity = 1};
	struct synth_heart after_block = {0}, other = {0}, after_wall = {0};
	struct synth_morphology m = synth_morphology_open(&p, 5);
	assert_false(synth_morphology_apply(&m, &after_block, &block));
	assert_true(synth_morphology_apply(&m, &after_block, &asked));
	m = synth_morphology_open(&p, 5);
	assert_true(synth_morphology_apply(&m, &other, &wall));
	assert_true(synth_morphology_apply(&m, &after_wall, &asked));
	assert_memory_equal(after_block.qrs, after_wall.qrs, sizeof after_wall.qrs);
}

static void subject_and_statements_are_what_fetch_stores(void **state)
{
	(void)state;
	struct synth_info info;
	synth_record(SYNTH_FITTED, 1, 5, 100, NULL, &info);
	json_t *subject = synth_subject(&info), *statements = synth_statements_json();
	char *text = json_dumps(subject, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(
		text,
		"{\"age\":69,\"codes\":{\"ASMI\":100,\"ISC_\":100,\"LAO/LAE\":100,\"LVH\":100,\"SR\":0},"
		"\"fold\":5,\"patient\":\"4\",\"sex\":0}");
	free(text);

	const char *code;
	json_t *likelihood;
	json_object_foreach (json_object_get(subject, "codes"), code, likelihood) {
		const json_t *s = json_object_get(statements, code);
		assert_int_equal(json_is_true(json_object_get(s, "diagnostic")),
				 json_integer_value(likelihood) > 0);
		assert_int_equal(*json_string_value(json_object_get(s, "class")) != 0,
				 json_integer_value(likelihood) > 0);
	}

	assert_int_equal(json_object_size(statements), 37);
	json_decref(subject);
	json_decref(statements);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_numbers_have_their_known_values),
		cmocka_unit_test(white_noise_is_normal),
		cmocka_unit_test(records_equal_the_reference_within_a_microvolt),
		cmocka_unit_test(bits_are_the_same_everywhere),
		cmocka_unit_test(limb_leads_obey_einthoven),
		cmocka_unit_test(patients_keep_fold_sex_and_age_over_their_records),
		cmocka_unit_test(classes_come_as_often_as_in_ptb_xl),
		cmocka_unit_test(only_findings_know_the_class),
		cmocka_unit_test(infarctions_take_the_forces_of_their_territory),
		cmocka_unit_test(findings_differ_from_heart_to_heart_but_not_by_their_neighbours),
		cmocka_unit_test(subject_and_statements_are_what_fetch_stores),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
