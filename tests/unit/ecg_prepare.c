/* One record made ready: leads by name, unusable leads refused with a reason, units, rate
 * and normalisation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <math.h>

#include "ecg/gap.h"
#include "ecg/lead.h"
#include "ecg/prepare.h"
#include "ecg/quality.h"
#include "ecg/record.h"
#include "ecg/synth.h"

#define T 1000

static const struct prepare_settings usual = {
	.rate_hz = 100,
	.duration_s = 10,
	.high_pass_hz = .5,
	.low_pass_hz = 40,
	.filter_order = 4,
	.normalize = PREPARE_PER_LEAD,
	.limits = {.flat_s = 1, .clipped_share = .05},
	.least_mv = .005,
	.most_mv = 5,
};

static int window_asked; /* of a record */

struct prepared {
	float signal[LEADS * 5000], scale[LEADS];
	struct prepare_result result;
	struct error error;
};

/* A raw record to spoil: adc [t][LEADS] in microvolts. */
struct raw {
	int t, rate_hz;
	int16_t adc[10000 * LEADS];
};

static struct raw *synthetic(int rate_hz)
{
	struct raw *r = calloc(1, sizeof *r);
	r->rate_hz = rate_hz;
	r->t = SYNTH_SAMPLES(rate_hz);
	synth_record(SYNTH_FITTED, 1, 5, rate_hz, r->adc, NULL);
	return r;
}

static int prepare_header(struct prepared *p, const struct prepare_settings *s, const json_t *header,
			  const void *bytes, size_t n_bytes)
{
	memset(p, 0, sizeof *p);
	struct prepare *plan = prepare_open(s, &p->error);
	assert_non_null(plan);
	int result = prepare_run(plan, p->signal, p->scale, &p->result, header, bytes, n_bytes, window_asked,
				 &p->error);
	prepare_close(plan);
	return result;
}

static int prepare(struct prepared *p, const struct prepare_settings *s, const struct raw *r)
{
	struct record record;
	record_from_microvolts(&record, r->adc, r->t, r->rate_hz);
	int result = prepare_header(p, s, record.header, record.signal, record.n_bytes);
	record_release(&record);
	return result;
}

static void expect_refusal(const struct raw *r, const char *text)
{
	struct prepared *p = malloc(sizeof *p);
	assert_int_equal(prepare(p, &usual, r), -1);
	if (!strstr(error_text(&p->error), text))
		fail_msg("expected \"%s\", got \"%s\"", text, error_text(&p->error));
	free(p);
}

static void every_lead_has_mean_zero_and_deviation_one(void **state)
{
	(void)state;
	struct raw *r = synthetic(500);
	struct prepared *p = malloc(sizeof *p);
	assert_int_equal(prepare(p, &usual, r), 0);

	for (int l = 0; l < LEADS; l++) {
		double sum = 0, square = 0;
		for (int t = 0; t < T; t++) {
			sum += p->signal[l * T + t];
			square += (double)p->signal[l * T + t] * p->signal[l * T + t];
		}
		assert_true(fabs(sum / T) < 1e-5);
		assert_true(fabs(square / T - 1) < 1e-5);
		assert_true(p->scale[l] > log(.02) && p->scale[l] < log(2));
	}

	free(p);
	free(r);
}

static void scale_is_log_of_deviation_in_millivolts(void **state)
{
	(void)state;
	struct raw *r = calloc(1, sizeof *r);
	struct prepared *p = malloc(sizeof *p);
	r->rate_hz = 100;
	r->t = T;
	for (int t = 0; t < T; t++) /* .5 mV amplitude, 5 Hz; lead l is l + 1 times as large */
		for (int l = 0; l < LEADS; l++)
			r->adc[t * LEADS + l] = (int16_t)lrint(500 * (l + 1) * sin(2 * M_PI * 5 * t / 100));
	assert_int_equal(prepare(p, &usual, r), 0);
	for (int l = 0; l < LEADS; l++)
		assert_true(fabs(p->scale[l] - log((l + 1) / sqrt(8))) < .002);
	free(p);
	free(r);
}

static void normalisation_per_record_keeps_the_ratios_of_leads(void **state)
{
	(void)state;
	struct raw *r = synthetic(100);
	struct prepared *mv = malloc(sizeof *mv), *p = malloc(sizeof *p);
	struct prepare_settings s = usual;
	s.normalize = PREPARE_NONE;
	assert_int_equal(prepare(mv, &s, r), 0);
	s.normalize = PREPARE_PER_RECORD;
	assert_int_equal(prepare(p, &s, r), 0);

	double square = 0;
	for (int i = 0; i < LEADS * T; i++)
		square += (double)p->signal[i] * p->signal[i];
	assert_true(fabs(square / (LEADS * T) - 1) < 1e-5);

	double factor = p->signal[0] - p->signal[1];
	factor /= mv->signal[0] - mv->signal[1];
	for (int i = 1; i < LEADS * T; i++)
		if (i % T)
			assert_true(fabs((p->signal[i] - p->signal[i - 1]) -
					 factor * (mv->signal[i] - mv->signal[i - 1])) < 1e-3);

	assert_memory_equal(mv->scale, p->scale, sizeof p->scale);
	free(mv);
	free(p);
	free(r);
}

/* Columns in another order, under other spellings, with a lead that is none of the twelve. */
static void leads_are_found_by_name(void **state)
{
	(void)state;
	static const char *const spelt[LEADS] = {"i",  "II", "III", "AVR", "AVL", "AVF",
						 "v1", "V2", "V3",  "V4",  "V5",  "V6"};
	struct raw *r = synthetic(100);
	struct prepared *plain = malloc(sizeof *plain), *shuffled = malloc(sizeof *shuffled);
	assert_int_equal(prepare(plain, &usual, r), 0);

	int16_t *adc = calloc(T * (LEADS + 1), sizeof *adc);
	json_t *leads = json_array(), *gain = json_array(), *baseline = json_array(), *units = json_array();
	for (int c = 0; c <= LEADS; c++) {
		int lead =
			c == 4 ? -1 : ((c < 4 ? c : c - 1) * 5 + 3) % LEADS; /* column 4 is something else */
		for (int t = 0; t < T; t++)
			adc[t * (LEADS + 1) + c] =
				lead < 0 ? 0 : (int16_t)(r->adc[t * LEADS + lead] * 2 + 100);
		json_array_append_new(leads, json_string(lead < 0 ? "resp" : spelt[lead]));
		json_array_append_new(gain, json_integer(2000));
		json_array_append_new(baseline, json_integer(100));
		json_array_append_new(units, json_string("mV"));
	}

	json_t *header = json_pack("{s:o,s:o,s:o,s:o,s:s,s:i,s:i}", "leads", leads, "gain", gain, "baseline",
				   baseline, "units", units, "dtype", "int16", "rate_hz", 100, "samples", T);
	assert_int_equal(prepare_header(shuffled, &usual, header, adc, sizeof *adc * T * (LEADS + 1)), 0);
	assert_memory_equal(plain->signal, shuffled->signal, sizeof(float) * LEADS * T);
	assert_memory_equal(plain->scale, shuffled->scale, sizeof plain->scale);

	json_array_set_new(leads, 1, json_string("V9"));
	assert_int_equal(prepare_header(shuffled, &usual, header, adc, sizeof *adc * T * (LEADS + 1)), -1);
	assert_non_null(strstr(error_text(&shuffled->error), "lead V3 is missing"));
	json_array_set_new(leads, 1, json_string("II"));
	assert_int_equal(prepare_header(shuffled, &usual, header, adc, sizeof *adc * T * (LEADS + 1)), -1);
	assert_non_null(strstr(error_text(&shuffled->error), "lead II stands twice"));
	json_decref(header);
	free(adc);
	free(plain);
	free(shuffled);
	free(r);
}

static void spoilt_leads_are_refused_with_their_name(void **state)
{
	(void)state;
	struct raw *r = synthetic(500);
	const size_t size = sizeof *r;
	struct raw *copy = malloc(size);
	memcpy(copy, r, size);
	r->adc[777 * LEADS + 7] = INT16_MIN;
	expect_refusal(r, "lead V2: 1 of 5000 samples missing");
	memcpy(r, copy, size);
	for (int t = 0; t < r->t; t++)
		r->adc[t * LEADS + 3] = 12;
	expect_refusal(r, "lead aVR: flat: the whole lead is 12");
	memcpy(r, copy, size);
	for (int t = 3000; t < 3600; t++)
		r->adc[t * LEADS + 11] = -5;
	expect_refusal(r, "lead V6: flat for 1.20 s, limit 1.00 s");
	memcpy(r, copy, size);

	for (int t = 0; t < r->t; t++) /* at the rail for 80 of every 500 samples: 16 % */
		if (t % 500 < 80)
			r->adc[t * LEADS + 0] = 5000;
	expect_refusal(r, "lead I: 16.00 % of samples clipped, limit 5.00 %");
	memcpy(r, copy, size);
	r->t = 4999;
	expect_refusal(r, "short: 4999 samples at 500 Hz, expected 10 s (preprocess.duration_s)");
	free(copy);
	free(r);
}

/* ---- leads that are not there, or of no use ---- */

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);
	for (const char *at = words; (at = strstr(at, word)); at += n)
		if ((at == words || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
	return false;
}

/* The record without those leads, prepared. */
static int prepare_without(struct prepared *p, const struct prepare_settings *s, const struct raw *r,
			   const char *without)
{
	struct record record;
	record_from_microvolts(&record, r->adc, r->t, r->rate_hz);
	json_t *leads = json_object_get(record.header, "leads");
	for (size_t l = 0; l < LEADS; l++)
		if (has_word(without, lead_names[l]))
			json_array_set_new(leads, l, json_string("none"));
	json_object_set_new(record.header, "left_out", json_pack("[s,s]", "chest 1", "resp"));
	int result = prepare_header(p, s, record.header, record.signal, record.n_bytes);
	record_release(&record);
	return result;
}

static void limb_leads_are_computed_from_i_and_ii(void **state)
{
	(void)state;
	struct raw *r = synthetic(500);
	struct prepared *whole = malloc(sizeof *whole), *eight = malloc(sizeof *eight);
	struct prepare_settings s = usual;
	s.normalize = PREPARE_NONE;
	assert_int_equal(prepare(whole, &s, r), 0);
	assert_int_equal(prepare_without(eight, &s, r, "III"), 0);
	assert_memory_equal(whole->signal, eight->signal, 2 * T * sizeof(float));
	assert_int_equal(prepare_without(eight, &s, r, "aVR aVL aVF"), 0);
	for (int l = 0; l < LEADS; l++)
		assert_int_equal(eight->result.keep[l], 1);
	for (int i = 0; i < LEADS * T; i++) /* a recorder rounds to its step, 1 uV */
		assert_true(fabs((double)whole->signal[i] - (double)eight->signal[i]) < .0011);
	for (int l = 0; l < LEADS; l++)
		assert_true(fabs((double)whole->scale[l] - (double)eight->scale[l]) < .001);
	free(whole);
	free(eight);
	free(r);
}

static void absent_leads_are_masked_when_asked(void **state)
{
	(void)state;
	struct raw *r = synthetic(500);
	struct prepared *whole = malloc(sizeof *whole), *p = malloc(sizeof *p);
	struct prepare_settings s = usual;
	assert_int_equal(prepare(whole, &s, r), 0);
	assert_int_equal(prepare_without(p, &s, r, "V3 V4"), -1);
	assert_string_equal(error_text(&p->error),
			    "lead V3 is missing; signals of other names: chest 1, resp "
			    "(preprocess.absent_leads=mask takes such records)");
	s.masks_absent = true;
	assert_int_equal(prepare_without(p, &s, r, "V3 V4"), 0);

	double mean = 0;
	for (int l = 0; l < LEADS; l++) {
		bool is_absent = l == 8 || l == 9;
		assert_int_equal(p->result.keep[l], !is_absent);
		mean += is_absent ? 0 : whole->scale[l] / 10.;
		for (int t = 0; t < T; t++)
			assert_true(p->signal[l * T + t] == (is_absent ? 0 : whole->signal[l * T + t]));
	}
	for (int l = 0; l < LEADS; l++)
		assert_true(fabs(p->scale[l] - (l == 8 || l == 9 ? mean : (double)whole->scale[l])) < 1e-5);

	/* Without I nothing is derived; with no lead there is no record. */
	assert_int_equal(prepare_without(p, &s, r, "I"), 0);
	assert_int_equal(p->result.keep[0], 0);
	assert_int_equal(p->result.keep[3], 1);
	free(whole);
	free(p);
	free(r);
}

static void bad_leads_are_masked_when_asked(void **state)
{
	(void)state;
	struct raw *r = synthetic(500);
	struct prepared *whole = malloc(sizeof *whole), *p = malloc(sizeof *p);
	struct prepare_settings s = usual;
	s.masks_bad = true;
	s.normalize = PREPARE_PER_RECORD;
	assert_int_equal(prepare(whole, &s, r), 0);
	for (int t = 0; t < r->t; t++)
		r->adc[t * LEADS] = 12;
	r->adc[777 * LEADS + 7] = INT16_MIN;
	assert_int_equal(prepare(p, &s, r), 0);
	assert_true(!p->error.text[0]);
	for (int l = 0; l < LEADS; l++)
		assert_int_equal(p->result.keep[l], l != 0 && l != 7);
	double square = 0;
	for (int i = 0; i < LEADS * T; i++)
		square += (double)p->signal[i] * p->signal[i];
	assert_true(fabs(square / (10 * T) - 1) < 1e-5);

	/* What is derived from a bad lead is bad. */
	assert_int_equal(prepare_without(p, &s, r, "III aVR aVL aVF"), 0);
	for (int l = 0; l < 6; l++)
		assert_int_equal(p->result.keep[l], l == 1);
	for (int t = 0; t < r->t; t++)
		for (int l = 0; l < LEADS; l++)
			r->adc[t * LEADS + l] = (int16_t)l;
	assert_int_equal(prepare(p, &s, r), -1);
	assert_string_equal(error_text(&p->error), "lead I: flat: the whole lead is 0");
	free(whole);
	free(p);
	free(r);
}

static void short_gaps_are_bridged(void **state)
{
	(void)state;
	int32_t x[] = {9, 0, 9, 9, 7, 9, 9, 9, -1, 9, -4, 9}, y[] = {9, 0, 2, 5, 7, 9, 9, 9, -1, -2, -4, 9};
	assert_int_equal(gap_bridge(x, 12, 9, 2), 3);
	assert_memory_equal(x, y, sizeof x);

	struct raw *r = synthetic(500);
	struct prepared *whole = malloc(sizeof *whole), *p = malloc(sizeof *p);
	struct prepare_settings s = usual;
	s.normalize = PREPARE_NONE;
	s.bridge_ms = 20;
	assert_int_equal(prepare(whole, &s, r), 0);
	assert_int_equal(whole->result.n_bridged, 0);
	for (int t = 1000; t < 1010; t++)
		r->adc[t * LEADS + 7] = INT16_MIN;
	assert_int_equal(prepare(p, &s, r), 0);
	assert_int_equal(p->result.n_bridged, 10);
	for (int i = 0; i < LEADS * T; i++)
		assert_true(fabs((double)p->signal[i] - (double)whole->signal[i]) < (i / T == 7 ? .5 : 1e-9));
	r->adc[1010 * LEADS + 7] = INT16_MIN;
	assert_int_equal(prepare(p, &s, r), -1);
	assert_string_equal(error_text(&p->error), "lead V2: 11 of 5000 samples missing");
	free(whole);
	free(p);
	free(r);
}

static void refuses_amplitude(const char *gain, int lead, const char *text)
{
	struct raw *r = synthetic(100);
	struct prepared *p = malloc(sizeof *p);
	struct record record;
	record_from_microvolts(&record, r->adc, r->t, 100);
	json_t *gains = json_object_get(record.header, "gain");
	for (size_t l = 0; l < LEADS; l++)
		if (lead < 0 || l == (size_t)lead)
			json_array_set_new(gains, l, json_loads(gain, JSON_DECODE_ANY, NULL));
	assert_int_equal(prepare_header(p, &usual, record.header, record.signal, record.n_bytes), -1);
	if (!strstr(error_text(&p->error), text))
		fail_msg("expected \"%s\", got \"%s\"", text, error_text(&p->error));
	record_release(&record);
	free(p);
	free(r);
}

static void amplitudes_that_are_no_millivolts_are_named(void **state)
{
	(void)state;
	refuses_amplitude("1", -1,
			  "mV standard deviation are no ECG (0.005 to 5 mV are expected): the gain or unit "
			  "of its header (of CSV and .npy: fetch.signal_unit) is wrong, such as microvolts "
			  "that are called mV");
	refuses_amplitude("10", -1, "microvolts that are called mV");
	refuses_amplitude("1000000", -1, "volts that are called mV");
	refuses_amplitude("1", 6, "lead V1: standard deviation");
	refuses_amplitude("1e-300", 6, "lead V1: standard deviation inf mV, limit 5 mV");
}

static void headers_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *member, *value, *text;
	} wrong[] = {
		{"rate_hz", "499.9999999",
		 "expected a whole sampling rate of 1 to 100000 Hz, found 499.9999999 Hz"},
		{"rate_hz", "0", "expected a whole sampling rate"},
		{"rate_hz", "1e9", "expected a whole sampling rate"},
		{"rate_hz", "\"100\"", "expected a whole sampling rate"},
		{"samples", "999", "expected 999 samples of 24 bytes"},
		{"samples", "-1", "expected -1 samples"},
		{"dtype", "\"float\"", "expected dtype int16 or int32"},
		{"leads", "[]", "expected member 'leads'"},
		{"leads", "7", "expected member 'leads'"},
		{"gain", "[1000]", "lead II: expected a gain"},
		{"gain", "[0]", "lead I: expected a gain"},
		{"baseline", "[]", "lead I: expected a baseline"},
		{"units", "[\"mV\", \"mmHg\"]", "lead II: expected unit mV, found 'mmHg'"},
	};

	struct raw *r = synthetic(100);
	struct prepared *p = malloc(sizeof *p);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct record record;
		record_from_microvolts(&record, r->adc, r->t, 100);
		json_object_set_new(record.header, wrong[i].member,
				    json_loads(wrong[i].value, JSON_DECODE_ANY, NULL));
		assert_int_equal(prepare_header(p, &usual, record.header, record.signal, record.n_bytes), -1);
		if (!strstr(error_text(&p->error), wrong[i].text))
			fail_msg("expected \"%s\", got \"%s\"", wrong[i].text, error_text(&p->error));
		record_release(&record);
	}

	free(p);
	free(r);
}

static void double4_samples_give_the_same_signal(void **state)
{
	(void)state;
	struct raw *r = synthetic(100);
	struct prepared *narrow = malloc(sizeof *narrow), *wide = malloc(sizeof *wide);
	struct record record;
	assert_int_equal(prepare(narrow, &usual, r), 0);
	record_from_microvolts(&record, r->adc, r->t, 100);
	json_object_set_new(record.header, "dtype", json_string("int32"));

	int32_t *adc = malloc(sizeof *adc * T * LEADS);
	for (int i = 0; i < T * LEADS; i++)
		adc[i] = r->adc[i];
	assert_int_equal(prepare_header(wide, &usual, record.header, adc, sizeof *adc * T * LEADS), 0);
	assert_memory_equal(narrow->signal, wide->signal, sizeof(float) * LEADS * T);
	record_release(&record);
	free(adc);
	free(narrow);
	free(wide);
	free(r);
}

static void both_rates_of_a_record_give_nearly_the_same_signal(void **state)
{
	(void)state;
	struct raw *slow = synthetic(100), *fast = synthetic(500);
	struct prepared *a = malloc(sizeof *a), *b = malloc(sizeof *b);
	struct prepare_settings s = usual;
	s.low_pass_hz = 30; /* below where the two anti-alias filters differ */
	assert_int_equal(prepare(a, &s, slow), 0);
	assert_int_equal(prepare(b, &s, fast), 0);

	for (int l = 0; l < LEADS; l++) {
		double square = 0;
		for (int t = 0; t < T; t++) {
			double d = a->signal[l * T + t] - b->signal[l * T + t];
			square += d * d / T;
		}
		assert_true(sqrt(square) < .05);
	}

	free(a);
	free(b);
	free(slow);
	free(fast);
}

static void long_records_are_cut_from_the_start(void **state)
{
	(void)state;
	struct raw *r = synthetic(500), *longer = calloc(1, sizeof *longer);
	struct prepared *a = malloc(sizeof *a), *b = malloc(sizeof *b);
	struct prepare_settings s = usual;
	memcpy(longer, r, sizeof *r);
	longer->t = 9000;
	assert_int_equal(prepare(a, &s, r), 0);
	assert_int_equal(prepare(b, &s, longer), 0);
	assert_memory_equal(a->signal, b->signal, sizeof(float) * LEADS * T);
	assert_false(a->result.is_cut);
	assert_true(b->result.is_cut);
	free(a);
	free(b);
	free(r);
	free(longer);
}

static void a_long_record_has_windows(void **state)
{
	(void)state;
	struct raw *whole = calloc(1, sizeof *whole), *half = synthetic(500);
	struct prepared *a = malloc(sizeof *a), *b = malloc(sizeof *b);
	whole->rate_hz = 500;
	whole->t = 10000;
	synth_record(SYNTH_FITTED, 1, 7, 500, whole->adc, NULL);
	memcpy(whole->adc + 5000 * LEADS, half->adc, 5000 * LEADS * sizeof *half->adc);
	assert_int_equal(prepare(a, &usual, half), 0);
	window_asked = 1;
	assert_int_equal(prepare(b, &usual, whole), 0);
	assert_memory_equal(a->signal, b->signal, sizeof(float) * LEADS * T);
	assert_false(b->result.is_cut);
	window_asked = 2;
	assert_int_equal(prepare(b, &usual, whole), -1);
	window_asked = 0;

	struct error e = {0};
	struct prepare *p = prepare_open(&usual, &e);
	static const struct {
		int samples, rate_hz, n;
	} cases[] = {{999, 100, 1},  {1000, 100, 1},  {1999, 100, 1},
		     {2000, 100, 2}, {12850, 257, 5}, {0, 0, 1}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *h = json_pack("{s:i,s:i}", "samples", cases[i].samples, "rate_hz", cases[i].rate_hz);
		assert_int_equal(prepare_windows(p, h), cases[i].n);
		json_decref(h);
	}
	prepare_close(p);
	free(a);
	free(b);
	free(half);
	free(whole);
}

static void quality_counts_what_it_says(void **state)
{
	(void)state;
	const int32_t x[] = {5, 5, 5, 1, 9, 9, -1, -1, -1, -1, 3, 99, 3};
	struct quality q = quality_measure(x, 13, 1, 99, 4);
	assert_int_equal(q.missing, 1);
	assert_int_equal(q.low, -1);
	assert_int_equal(q.high, 9);
	assert_int_equal(q.flat, 4);
	assert_int_equal(q.clipped, 4);
	q = quality_measure(x, 13, 1, 99, 2);
	assert_int_equal(q.clipped, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_lead_has_mean_zero_and_deviation_one),
		cmocka_unit_test(scale_is_log_of_deviation_in_millivolts),
		cmocka_unit_test(normalisation_per_record_keeps_the_ratios_of_leads),
		cmocka_unit_test(leads_are_found_by_name),
		cmocka_unit_test(spoilt_leads_are_refused_with_their_name),
		cmocka_unit_test(limb_leads_are_computed_from_i_and_ii),
		cmocka_unit_test(absent_leads_are_masked_when_asked),
		cmocka_unit_test(bad_leads_are_masked_when_asked),
		cmocka_unit_test(short_gaps_are_bridged),
		cmocka_unit_test(amplitudes_that_are_no_millivolts_are_named),
		cmocka_unit_test(headers_that_do_not_fit_are_refused),
		cmocka_unit_test(double4_samples_give_the_same_signal),
		cmocka_unit_test(both_rates_of_a_record_give_nearly_the_same_signal),
		cmocka_unit_test(long_records_are_cut_from_the_start),
		cmocka_unit_test(a_long_record_has_windows),
		cmocka_unit_test(quality_counts_what_it_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
