/*
 * make bench-memory: many small records fast, as a folder of PTB-XL's layout (docs/data.md) without
 * SHA256SUMS.txt. Their shapes are the first MODELS synthetic records, cut to SECONDS and scaled by record,
 * so that all files differ; five classes, two records a patient.
 *
 *	bench-records FOLDER RECORDS
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "ecg/synth.h"

enum { MODELS = 100, SECONDS = 2, RATE_HZ = 100, SAMPLES = SECONDS * RATE_HZ, PER_FOLDER = 1000 };

static int16_t model[MODELS][SYNTH_SAMPLES(RATE_HZ)][LEADS];

static FILE *create(const char *path)
{
	FILE *f = fopen(path, "wb");
	if (!f)
		die("%s: %s", path, strerror(errno));
	return f;
}

static void finish(FILE *f, const char *path)
{
	if (ferror(f) | fclose(f))
		die("%s: cannot write", path);
}

/* Sets the checksums that the header states. */
static void write_signal(const char *path, int i, uint16_t sum[LEADS])
{
	FILE *f = create(path);
	memset(sum, 0, LEADS * sizeof *sum);
	for (int t = 0; t < SAMPLES; t++)
		for (int l = 0; l < LEADS; l++) {
			uint16_t x = (uint16_t)(model[i % MODELS][t][l] * (1000 + i % 997) / 1000);
			sum[l] = (uint16_t)(sum[l] + x);
			putc(x & 255, f);
			putc(x >> 8, f);
		}
	finish(f, path);
}

static void write_header(const char *path, int i, const uint16_t sum[LEADS])
{
	FILE *f = create(path);
	fprintf(f, "%05d_lr %d %d %d\n", i, LEADS, RATE_HZ, SAMPLES);
	for (int l = 0; l < LEADS; l++)
		fprintf(f, "%05d_lr.dat 16 1000.0(0)/mV 16 0 %d %u 0 %s\n", i,
			model[i % MODELS][0][l] * (1000 + i % 997) / 1000, sum[l], lead_names[l]);
	finish(f, path);
}

static void write_record(const char *folder, int i)
{
	uint16_t sum[LEADS];
	struct error e = {0};
	char *own = die_printf("%s/records100/%05d", folder, i / PER_FOLDER * PER_FOLDER);
	char *signal = die_printf("%s/%05d_lr.dat", own, i), *header = die_printf("%s/%05d_lr.hea", own, i);
	if (file_make_folder(own, &e) < 0)
		die("%s", error_text(&e));
	write_signal(signal, i, sum);
	write_header(header, i, sum);
	free(own);
	free(signal);
	free(header);
}

static void write_statements(const char *folder)
{
	char *path = die_printf("%s/scp_statements.csv", folder);
	FILE *f = create(path);
	fputs(",description,diagnostic,form,rhythm,diagnostic_class,diagnostic_subclass\n", f);
	for (const struct synth_statement *s = synth_statements; s->code; s++)
		fprintf(f, "%s,,%s,%s,%s,%s,%s\n", s->code, s->diagnostic ? "1.0" : "", s->form ? "1.0" : "",
			s->rhythm ? "1.0" : "", s->class, s->subclass);
	finish(f, path);
	free(path);
}

static void write_row(FILE *f, int i, const struct synth_info *info)
{
	fprintf(f,
		"%d,%d.0,%d.0,%d,\"A report as long as a report is, in the words of whoever read it.\",\"{",
		i, i / 2, info->age, info->sex);
	for (int k = 0; k < info->n_codes; k++)
		fprintf(f, "%s'%s': 100.0", k ? ", " : "", info->codes[k]->code);
	int first = i / PER_FOLDER * PER_FOLDER;
	fprintf(f, "}\",%d,records100/%05d/%05d_lr,records500/%05d/%05d_hr\n", i / 2 % 10 + 1, first, i,
		first, i);
}

int main(int argc, char **argv)
{
	struct synth_info info[MODELS];
	struct error e = {0};
	die_program("bench-records");
	if (argc != 3 || atoi(argv[2]) < 1)
		die_usage("expected FOLDER RECORDS");
	if (file_make_folder(argv[1], &e) < 0)
		die("%s", error_text(&e));
	for (int i = 0; i < MODELS; i++)
		synth_record(SYNTH_FITTED, 1, (uint64_t)i + 1, RATE_HZ, model[i][0], &info[i]);

	write_statements(argv[1]);
	char *path = die_printf("%s/ptbxl_database.csv", argv[1]);
	FILE *f = create(path);
	fputs("ecg_id,patient_id,age,sex,report,scp_codes,strat_fold,filename_lr,filename_hr\n", f);
	for (int i = 1; i <= atoi(argv[2]); i++) {
		write_row(f, i, &info[i % MODELS]);
		write_record(argv[1], i);
	}
	finish(f, path);
	free(path);
	return 0;
}
