/* The first 500 records of PTB-XL, if they lie in ../shared/data: every sample as the public wfdb package
 * reads it (tests/golden/records.py made the hashes), the known counts of labels, patients and folds, and the
 * classes of all six tasks as tests/golden/tasks.py derives them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <cmocka.h>

#include "common/die.h"
#include "ecg/dataset.h"
#include "ecg/lead.h"
#include "ecg/raw.h"
#include "ecg/statements.h"
#include "ecg/subjects.h"
#include "ecg/task.h"

static char *zip;

static void hex_of(char hex[SUMS_HEX], const void *bytes, size_t n_bytes)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_Digest(bytes, n_bytes, digest, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void *hash_open(void)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_DigestInit_ex(c, EVP_sha256(), NULL);
	return c;
}

static void hash_update(void *stream, const void *bytes, size_t n_bytes)
{
	EVP_DigestUpdate(stream, bytes, n_bytes);
}

static void hash_close(void *stream, uint8_t digest[SUMS_BYTES])
{
	EVP_DigestFinal_ex(stream, digest, NULL);
	EVP_MD_CTX_free(stream);
}

static struct dataset *open_zip(int rate_hz)
{
	struct error e = {0};
	const struct dataset_options options = {.choice = {.layout = &layout_ptbxl, .rate_hz = rate_hz},
						.sha256 = {hash_open, hash_update, hash_close}};
	struct dataset *d = dataset_open(zip, &options, &e);
	if (!d)
		fail_msg("%s", error_text(&e));
	return d;
}

static json_t *subject_of(const struct catalog_record *r)
{
	json_t *subject = json_loads(r->subject, 0, NULL);
	assert_non_null(subject);
	return subject;
}

/* SHA-256 of int16 samples, then of float64 millivolts, as the golden file has it. */
static void hash_record(char hex[SUMS_HEX], const struct record *r)
{
	size_t n = r->n_bytes / 2;
	json_t *gain = json_object_get(r->header, "gain"), *baseline = json_object_get(r->header, "baseline");
	double *mv = die_malloc(n * sizeof *mv);
	char *all = die_malloc(r->n_bytes + n * sizeof *mv);
	for (size_t i = 0; i < n; i++) {
		int16_t x = (int16_t)(r->signal[2 * i] | r->signal[2 * i + 1] << 8);
		mv[i] = (x - json_number_value(json_array_get(baseline, i % LEADS))) /
			json_number_value(json_array_get(gain, i % LEADS));
	}
	memcpy(all, r->signal, r->n_bytes);
	memcpy(all + r->n_bytes, mv, n * sizeof *mv);
	hex_of(hex, all, r->n_bytes + n * sizeof *mv);
	free(mv);
	free(all);
}

static FILE *open_goldens(const char *path)
{
	FILE *f = fopen(path, "r");
	if (!f)
		fail_msg("%s is missing: run from the source tree", path);
	return f;
}

static void check_rate(int rate_hz)
{
	struct dataset *d = open_zip(rate_hz);
	FILE *f = open_goldens("tests/golden/records.txt");
	char line[256], expected[64], hex[SUMS_HEX];
	unsigned long long id;

	int rate, samples;
	size_t n = 0;
	while (fgets(line, sizeof line, f)) {
		if (sscanf(line, "%llu %d %d %63s", &id, &rate, &samples, expected) != 4 || rate != rate_hz)
			continue;
		struct record r = {0};
		struct error e = {0};
		assert_int_equal(dataset_catalog(d)->records[n].id, id);
		if (dataset_read(d, &r, n, &e) != 0)
			fail_msg("%s", error_text(&e));
		assert_int_equal(json_integer_value(json_object_get(r.header, "samples")), samples);
		hash_record(hex, &r);
		hex[32] = '\0';
		if (strcmp(hex, expected))
			fail_msg("record %llu at %d Hz differs from what wfdb reads", id, rate_hz);
		record_release(&r);
		n++;
	}

	assert_int_equal(n, 500);
	assert_int_equal(dataset_catalog(d)->n, 500);
	fclose(f);
	dataset_close(d);
}

/* The largest difference in mV between a record's limb leads and what its I and II give. */
static double farthest_limb_lead(const struct record *r)
{
	struct error e = {0};
	struct raw raw;
	assert_int_equal(raw_open(&raw, r->header, r->n_bytes, false, &e), 0);
	double(*read)[LEADS] = malloc((size_t)raw.t * sizeof *read), farthest = 0;
	double(*made)[LEADS] = malloc((size_t)raw.t * sizeof *made);
	raw_millivolts(read, &raw, r->signal);
	memcpy(made, read, (size_t)raw.t * sizeof *made);
	for (int l = 2; l < 6; l++)
		raw.origin[l] = RAW_DERIVED;
	raw_derive(made, &raw);
	for (long t = 0; t < raw.t; t++)
		for (int l = 0; l < LEADS; l++)
			farthest = fmax(farthest, fabs(made[t][l] - read[t][l]));
	free(read);
	free(made);
	return farthest;
}

static void limb_leads_are_what_i_and_ii_give(void **state)
{
	(void)state;
	if (!zip)
		skip();
	struct dataset *d = open_zip(100);
	double farthest = 0;
	for (size_t i = 0; i < dataset_catalog(d)->n; i++) {
		struct record r = {0};
		struct error e = {0};
		assert_int_equal(dataset_read(d, &r, i, &e), 0);
		farthest = fmax(farthest, farthest_limb_lead(&r));
		record_release(&r);
	}
	assert_true(farthest > .001 && farthest < .0021); /* steps are of .001 mV */
	dataset_close(d);
}

static void all_100_hz_records_equal_what_wfdb_reads(void **state)
{
	(void)state;
	if (!zip)
		skip();
	check_rate(100);
}

static void all_500_hz_records_equal_what_wfdb_reads(void **state)
{
	(void)state;
	if (!zip)
		skip();
	check_rate(500);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void counts_are_the_known_ones(void **state)
{
	(void)state;
	if (!zip)
		skip();
	struct dataset *d = open_zip(100);
	const struct catalog *c = dataset_catalog(d);
	struct error e = {0};
	struct statements *s = statements_open(c->statements, c->classes, &e);
	char *patients[500];
	int labelled = 0, single[5] = {0}, folds[3] = {0}, n_patients = 0;
	assert_non_null(s);

	for (size_t i = 0; i < c->n; i++) {
		uint32_t classes;
		uint64_t bits[2];
		json_t *subject = subject_of(&c->records[i]);
		assert_int_equal(
			statements_label(s, json_object_get(subject, "codes"), "", &classes, bits, &e), 0);
		labelled += classes != 0;
		for (int k = 0; k < 5; k++)
			single[k] += classes == 1u << k;
		json_int_t fold = json_integer_value(json_object_get(subject, "fold"));
		folds[fold == 10 ? 2 : fold == 9]++;
		patients[i] = strdup(json_string_value(json_object_get(subject, "patient")));
		json_decref(subject);
	}

	qsort(patients, c->n, sizeof *patients, compare);
	for (size_t i = 0; i < c->n; i++)
		n_patients += i == 0 || strcmp(patients[i - 1], patients[i]) != 0;
	for (size_t i = 0; i < c->n; i++)
		free(patients[i]);
	assert_int_equal(labelled, 488);
	assert_int_equal(single[0], 290); /* NORM */
	assert_int_equal(single[1], 31);  /* MI */
	assert_int_equal(single[2], 51);  /* STTC */
	assert_int_equal(single[3], 37);  /* CD */
	assert_int_equal(single[4], 6);	  /* HYP */
	assert_int_equal(n_patients, 466);
	assert_int_equal(folds[0], 353);
	assert_int_equal(folds[1], 81);
	assert_int_equal(folds[2], 66);
	statements_close(s);
	dataset_close(d);
}

/* "TASK CLASS COUNT HASH" per class that a record has, as the golden file has them. */
static size_t print_task(char *out, size_t room, const struct task *t, const char *name,
			 const struct catalog *c, const struct label *label)
{
	size_t used = 0;
	for (int k = 0; k < task_count(t); k++) {
		char ids[500 * 8] = "", hex[SUMS_HEX];
		size_t n_bytes = 0;
		int n = 0;
		for (size_t i = 0; i < c->n; i++)
			if (task_has(t, &label[i], k)) {
				n++;
				n_bytes += (size_t)snprintf(ids + n_bytes, sizeof ids - n_bytes, "%llu\n",
							    (unsigned long long)c->records[i].id);
			}
		hex_of(hex, ids, n_bytes);
		if (n)
			used += (size_t)snprintf(out + used, room - used, "%s %s %d %.16s\n", name,
						 task_name(t, k), n, hex);
	}

	return used;
}

static void classes_of_all_tasks_are_those_of_the_tables(void **state)
{
	static const char *const names[] = {"superclass",    "all",  "diagnostic",
					    "subdiagnostic", "form", "rhythm"};
	static const int counts[] = {5, 71, 44, 23, 19, 12}; /* as published */

	(void)state;
	if (!zip)
		skip();
	struct error e = {0};
	static char found[1 << 16], expected[1 << 16];
	size_t n_found = 0, n_lines = 0;
	struct dataset *d = open_zip(100);
	const struct catalog *c = dataset_catalog(d);
	struct subjects *subjects = subjects_open(c->statements, c->classes, &e);
	static struct label label[500];
	assert_non_null(subjects);

	for (size_t i = 0; i < c->n; i++) {
		json_t *subject = subject_of(&c->records[i]);
		assert_int_equal(subjects_label(subjects, &label[i], c->records[i].id, subject, &e), 0);
		json_decref(subject);
	}

	for (size_t k = 0; k < 6; k++) {
		struct task *t = task_open(names[k], c->classes, c->statements, &e);
		assert_non_null(t);
		assert_int_equal(task_count(t), counts[k]);
		n_found += print_task(found + n_found, sizeof found - n_found, t, names[k], c, label);
		task_close(t);
	}

	FILE *f = open_goldens("tests/golden/tasks.txt");
	fread(expected, 1, sizeof expected - 1, f);
	fclose(f);
	char *a = found, *b = expected, *line, *other;

	/* The script lists superclasses by name, a task in the order of its bits: lines are
	 * compared as sets. */
	for (; (line = strsep(&b, "\n")) && *line; n_lines++) {
		other = strstr(a, line);
		if (!other)
			fail_msg("not found: %s", line);
	}

	for (; n_found; n_found--)
		n_lines -= found[n_found - 1] == '\n';
	assert_int_equal(n_lines, 0);
	subjects_close(subjects);
	dataset_close(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_100_hz_records_equal_what_wfdb_reads),
		cmocka_unit_test(limb_leads_are_what_i_and_ii_give),
		cmocka_unit_test(all_500_hz_records_equal_what_wfdb_reads),
		cmocka_unit_test(counts_are_the_known_ones),
		cmocka_unit_test(classes_of_all_tasks_are_those_of_the_tables),
	};

	const char *data = getenv("EINTHOVEN_DATA");
	zip = die_printf("%s/ptb-xl-500.zip", data ? data : "../shared/data");
	if (access(zip, R_OK) < 0) {
		printf("# %s is not there: real records are not tested\n", zip);
		free(zip);
		zip = NULL;
	}

	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(zip);
	return failed;
}
