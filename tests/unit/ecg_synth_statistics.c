/* The generator's statistics against the first 500 records of PTB-XL, by the same ruler
 * (tests/unit/delineate.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/delineate.h"
#include "ecg/ptbxl.h"
#include "ecg/resample.h"
#include "ecg/source.h"
#include "ecg/synth.h"
#include "ecg/wfdb_samples.h"

#define MAX   512
#define BANDS 20 /* from 0.2 to 40 Hz, a third of an octave and a bit wide */
#define FFT   1024
#define PAIRS (LEADS * (LEADS - 1) / 2)

struct set {
	int n, n_norm;
	bool is_norm[MAX], is_measured[MAX];
	struct delineation d[MAX];
	double band_db[MAX][LEADS][BANDS];
	double correlation[MAX][PAIRS];
};

/* ---- measurements on whole signals ---- */

static void fourier(double *re, double *im, int n)
{
	for (int i = 1, j = 0; i < n; i++) {
		int bit = n >> 1;
		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			double swap = re[i];
			re[i] = re[j];
			re[j] = swap; /* im is 0 still */
		}
	}

	for (int half = 1; half < n; half *= 2)
		for (int k = 0; k < half; k++) {
			double c = cos(M_PI * k / half), s = -sin(M_PI * k / half);
			for (int i = k; i < n; i += 2 * half) {
				double r = re[i + half] * c - im[i + half] * s,
				       m = re[i + half] * s + im[i + half] * c;
				re[i + half] = re[i] - r;
				im[i + half] = im[i] - m;
				re[i] += r;
				im[i] += m;
			}
		}
}

/* Power in bands of equal ratio, dB re 1 mV^2, of x [1000][LEADS] at 100 Hz under a Hann window. */
static void measure_bands(double band_db[LEADS][BANDS], const double (*x)[LEADS])
{
	for (int l = 0; l < LEADS; l++) {
		double re[FFT] = {0}, im[FFT] = {0}, mean = 0;
		for (int t = 0; t < 1000; t++)
			mean += x[t][l] / 1000;
		for (int t = 0; t < 1000; t++)
			re[t] = (x[t][l] - mean) * (.5 - .5 * cos(2 * M_PI * (t + .5) / 1000));
		fourier(re, im, FFT);
		for (int b = 0; b < BANDS; b++) {
			int from = (int)ceil(.2 * pow(200, b / (double)BANDS) * FFT / 100);
			int to = (int)ceil(.2 * pow(200, (b + 1) / (double)BANDS) * FFT / 100);
			double sum = 0;
			for (int k = from; k < to || k == from; k++)
				sum += re[k] * re[k] + im[k] * im[k];
			band_db[l][b] = 10 * log10(sum / (to > from ? to - from : 1) / FFT + 1e-12);
		}
	}
}

static void measure_correlation(double out[PAIRS], const double (*x)[LEADS], int n)
{
	double mean[LEADS] = {0}, product[LEADS][LEADS] = {0};
	for (int t = 0; t < n; t++)
		for (int l = 0; l < LEADS; l++)
			mean[l] += x[t][l] / n;
	for (int t = 0; t < n; t++)
		for (int a = 0; a < LEADS; a++)
			for (int b = 0; b <= a; b++)
				product[a][b] += (x[t][a] - mean[a]) * (x[t][b] - mean[b]);
	for (int a = 0, k = 0; a < LEADS; a++)
		for (int b = 0; b < a; b++)
			out[k++] = product[a][b] / sqrt(product[a][a] * product[b][b]);
}

/* Take a record of 10 s at 500 Hz in microvolts into the set. */
static void add_record(struct set *s, const int16_t *adc, bool is_norm)
{
	static double x[DELINEATE_T][LEADS], slow[1000][LEADS], scratch[DELINEATE_T + 2000][LEADS];
	struct resample *r = resample_open(500, 100, NULL);
	for (int t = 0; t < DELINEATE_T; t++)
		for (int l = 0; l < LEADS; l++)
			x[t][l] = adc[t * LEADS + l] / 1000.0;
	resample_run(r, slow, (const double(*)[LEADS])x, scratch, DELINEATE_T);
	resample_close(r);
	measure_bands(s->band_db[s->n], (const double(*)[LEADS])slow);
	s->is_measured[s->n] = delineate(&s->d[s->n], x);
	measure_correlation(s->correlation[s->n], (const double(*)[LEADS])x, DELINEATE_T);
	s->is_norm[s->n] = is_norm;
	s->n_norm += is_norm;
	s->n++;
}

/* ---- the two sets ---- */

static char *read_file(const struct source *s, const char *name, size_t *n)
{
	struct error e = {0};
	char *bytes;
	if (source_read(s, name, &bytes, n, 1 << 24, &e) < 0)
		fail_msg("%s", error_text(&e));
	return bytes;
}

static void read_real(struct set *s, const struct source *source, const struct catalog_record *r)
{
	struct error e = {0};
	struct wfdb h;
	size_t n;
	char name[256];

	snprintf(name, sizeof name, "%s.hea", r->path);
	char *bytes = read_file(source, name, &n);
	assert_int_equal(wfdb_parse(&h, name, bytes, n, &e), 0);
	free(bytes);
	snprintf(name, sizeof name, "%s.dat", r->path);
	bytes = read_file(source, name, &n);

	const int columns[LEADS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	int32_t *x = malloc(sizeof *x * DELINEATE_T * LEADS);
	int16_t *adc = malloc(sizeof *adc * DELINEATE_T * LEADS);
	assert_int_equal(wfdb_samples_read(x, DELINEATE_T, &h, 0, LEADS, columns, LEADS, name,
					   (uint8_t *)bytes, n, &e),
			 0);
	for (int i = 0; i < DELINEATE_T * LEADS; i++)
		adc[i - i % LEADS + lead_index(h.signals[i % LEADS].name)] = (int16_t)x[i];
	json_t *subject = json_loads(r->subject, 0, NULL);
	add_record(s, adc, json_object_get(json_object_get(subject, "codes"), "NORM") != NULL);
	json_decref(subject);
	free(bytes);
	free(adc);
	free(x);
}

static struct set *load_real(const char *zip)
{
	struct error e = {0};
	struct set *s = calloc(1, sizeof *s);
	struct catalog c;
	size_t n;
	struct source *source = source_open(zip, PTBXL_DATABASE, &e);

	if (!source)
		fail_msg("%s", error_text(&e));
	catalog_init(&c);
	char *bytes = read_file(source, PTBXL_STATEMENTS, &n);
	struct reader_bytes b = {bytes, n, 0};
	assert_int_equal(ptbxl_statements(&c, reader_of_bytes(&b), &e), 0);
	free(bytes);
	bytes = read_file(source, PTBXL_DATABASE, &n);
	b = (struct reader_bytes){bytes, n, 0};
	assert_int_equal(ptbxl_records(&c, reader_of_bytes(&b), 500, &e), 0);
	free(bytes);
	for (size_t i = 0; i < c.n && i < MAX; i++)
		read_real(s, source, &c.records[i]);
	catalog_release(&c);
	source_close(source);

	return s;
}

/* As many NORM and other records as the real set has. */
static struct set *make_synthetic(enum synth_generator generator, const struct set *real)
{
	struct set *s = calloc(1, sizeof *s);
	int16_t *adc = malloc(sizeof *adc * DELINEATE_T * LEADS);

	for (uint64_t record = 1; s->n < real->n; record++) {
		struct synth_info info;
		bool is_norm = false;
		synth_record(generator, 1, record, 500, NULL, &info);
		for (int i = 0; i < info.n_codes; i++)
			is_norm |= !strcmp(info.codes[i]->code, "NORM");
		if (is_norm ? s->n_norm == real->n_norm : s->n - s->n_norm == real->n - real->n_norm)
			continue;
		synth_record(generator, 1, record, 500, adc, NULL);
		add_record(s, adc, is_norm);
	}

	free(adc);
	return s;
}

static struct set *real, *of_generator[2];
static const struct set *synthetic; /* of the generator that is looked at */

static int set_up(void **state)
{
	(void)state;
	char path[512];
	const char *data = getenv("EINTHOVEN_DATA");
	snprintf(path, sizeof path, "%s/ptb-xl-500.zip", data ? data : "../shared/data");
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	fclose(f);
	real = load_real(path);
	of_generator[SYNTH_FITTED] = make_synthetic(SYNTH_FITTED, real);
	of_generator[SYNTH_MORPHOLOGY] = make_synthetic(SYNTH_MORPHOLOGY, real);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(real);
	free(of_generator[SYNTH_FITTED]);
	free(of_generator[SYNTH_MORPHOLOGY]);
	return 0;
}

/* *state: which generator. */
static void need_data(void **state)
{
	static const char *const names[] = {"fitted", "morphology"};
	const enum synth_generator *generator = *state;
	if (!real) {
		print_message("# SKIP the 500 real records are not here (EINTHOVEN_DATA)\n");
		skip();
	}
	synthetic = of_generator[*generator];
	print_message("# generator %s\n", names[*generator]);
}

/* ---- comparing ---- */

/* Largest difference of the two cumulative distributions. */
static double distance(double *a, int n_a, double *b, int n_b)
{
	double most = 0;
	qsort(a, (size_t)n_a, sizeof *a, delineate_ascending);
	qsort(b, (size_t)n_b, sizeof *b, delineate_ascending);
	for (int i = 0, j = 0; i < n_a && j < n_b;) {
		double at = fmin(a[i], b[j]);
		while (i < n_a && a[i] <= at)
			i++;
		while (j < n_b && b[j] <= at)
			j++;
		most = fmax(most, fabs(i / (double)n_a - j / (double)n_b));
	}
	return most;
}

/* Values at this offset of struct delineation, of measured NORM records. */
static int collect(double out[MAX], const struct set *s, size_t offset)
{
	int n = 0;
	for (int i = 0; i < s->n; i++)
		if (s->is_norm[i] && s->is_measured[i])
			memcpy(&out[n++], (const char *)&s->d[i] + offset, sizeof *out);
	return n;
}

static double compare(const char *name, size_t offset)
{
	double a[MAX], b[MAX];
	int n_a = collect(a, real, offset), n_b = collect(b, synthetic, offset);
	double ks = distance(a, n_a, b, n_b);
	assert_true(n_a >= .95 * real->n_norm && n_b >= .95 * synthetic->n_norm);
	if (name)
		print_message("# %-10s real %6.1f %6.1f %6.1f  synthetic %6.1f %6.1f %6.1f  KS %.3f\n", name,
			      a[n_a / 10], a[n_a / 2], a[n_a * 9 / 10], b[n_b / 10], b[n_b / 2],
			      b[n_b * 9 / 10], ks);
	return ks;
}

static double compare_leads(const char *name, size_t offset)
{
	double sum = 0;
	for (int l = 0; l < LEADS; l++)
		sum += compare(NULL, offset + sizeof(double) * (size_t)l) / LEADS;
	print_message("# %-10s KS %.3f, mean over leads\n", name, sum);
	return sum;
}

#define AT(member) offsetof(struct delineation, member)

static void rate_intervals_and_axis_are_distributed_as_real_ones(void **state)
{
	need_data(state);
	assert_int_equal(real->n, 500);
	assert_int_equal(real->n_norm, 297);
	assert_true(compare("rate", AT(rate_per_min)) <= .15);
	assert_true(compare("QRS ms", AT(qrs_ms)) <= .15);
	assert_true(compare("PR ms", AT(pr_ms)) <= .15);
	assert_true(compare("QT ms", AT(qt_ms)) <= .15);
	assert_true(compare("axis", AT(axis_deg)) <= .15);
}

static void amplitudes_are_distributed_as_real_ones(void **state)
{
	need_data(state);
	assert_true(compare_leads("R", AT(r)) <= .25);
	assert_true(compare_leads("S", AT(s)) <= .25);
	assert_true(compare_leads("Q", AT(q)) <= .25);
	assert_true(compare_leads("ST", AT(st)) <= .25);
	assert_true(compare_leads("T", AT(t)) <= .25);
	assert_true(compare_leads("P", AT(p)) <= .25);
	assert_true(compare_leads("RMS", AT(rms)) <= .15);
}

static double median_band(const struct set *s, int l, int b)
{
	double v[MAX];
	for (int i = 0; i < s->n; i++)
		v[i] = s->band_db[i][l][b];
	return delineate_quantile(v, s->n, .5);
}

static void spectrum_is_within_decibels_of_the_real_one(void **state)
{
	need_data(state);
	double mean = 0, most = 0;
	for (int l = 0; l < LEADS; l++)
		for (int b = 0; b < BANDS; b++) {
			double d = fabs(median_band(real, l, b) - median_band(synthetic, l, b));
			mean += d / (LEADS * BANDS);
			most = fmax(most, d);
		}
	print_message("# spectrum: mean difference %.2f dB, largest %.2f dB\n", mean, most);
	assert_true(mean <= 1.5);
}

static void leads_are_correlated_as_real_ones(void **state)
{
	need_data(state);
	double mean = 0, most = 0;
	for (int k = 0; k < PAIRS; k++) {
		double d = 0;
		for (int i = 0; i < real->n; i++)
			d += (real->correlation[i][k] - synthetic->correlation[i][k]) / real->n;
		mean += fabs(d) / PAIRS;
		most = fmax(most, fabs(d));
	}
	print_message("# correlation: mean difference %.3f, largest %.3f\n", mean, most);
	assert_true(mean <= .10);
	assert_true(most <= .30);
}

#define BOTH(test) cmocka_unit_test_prestate(test, &fitted), cmocka_unit_test_prestate(test, &morphology)

int main(void)
{
	static enum synth_generator fitted = SYNTH_FITTED, morphology = SYNTH_MORPHOLOGY;
	const struct CMUnitTest tests[] = {
		BOTH(rate_intervals_and_axis_are_distributed_as_real_ones),
		BOTH(amplitudes_are_distributed_as_real_ones),
		BOTH(spectrum_is_within_decibels_of_the_real_one),
		BOTH(leads_are_correlated_as_real_ones),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
