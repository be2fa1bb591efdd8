/*
 * make bench-io: the probe's fits (statistics/probe.c) on given features: standardized, rotated into
 * principal axes, then logistic regression for each C, ascending, each from the last. Prints one line: the
 * objective at each C, then wall and CPU seconds. bench/io.py prints the same for scikit-learn.
 *
 *	bench-probe FOLDER N D CLASSES multi|single C [C ...]   FOLDER/x.f32 [N][D], FOLDER/y.u8 [N][CLASSES]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "common/args.h"
#include "common/die.h"
#include "statistics/logistic.h"
#include "statistics/pca.h"
#include "statistics/probe.h"

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

static double wall_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *read_file(const char *folder, const char *name, size_t bytes)
{
	char path[4096];
	void *data = die_malloc(bytes);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "rb");
	if (!f || fread(data, 1, bytes, f) != bytes)
		die("%s: expected %zu bytes", path, bytes);
	fclose(f);
	return data;
}

static void fit(struct logistic_problem *p, const float *raw, size_t n, int d, char **c)
{
	struct scaler scaler;
	struct features rotated;
	struct pca pca;

	struct rows rows = rows_in_memory(raw, n, d);
	scaler_fit(&scaler, &rows);
	pca_fit_rows(&pca, &scaler, &rows);
	pca_project_rows(&pca, &rotated, &scaler, &rows);
	p->features = &rotated;

	struct logistic m;
	logistic_init(&m, p);
	for (; *c; c++) {
		p->c = atof(*c);
		printf(" %.12g", logistic_fit(&m, p, PROBE_TOLERANCE).objective);
	}

	logistic_release(&m);
	scaler_features_release(&rotated);
	pca_release(&pca);
	scaler_release(&scaler);
}

int main(int argc, char **argv)
{
	argc = args_parse(argc, argv,
			  &(struct args){.purpose = "measure the probe's fits",
					 .synopsis = "bench-probe FOLDER N D CLASSES multi|single C [C ...]",
					 .options = (const struct arg[]){{0}}});
	if (argc < 6 || atoi(argv[1]) < 1 || atoi(argv[2]) < 1 || atoi(argv[3]) < 2)
		die_usage("expected FOLDER N D CLASSES multi|single C [C ...]");

	size_t n = (size_t)atoi(argv[1]);
	int d = atoi(argv[2]), n_classes = atoi(argv[3]);
	float *raw = read_file(argv[0], "x.f32", n * (size_t)d * sizeof *raw);
	uint8_t *truth = read_file(argv[0], "y.u8", n * (size_t)n_classes);
	struct logistic_problem p = {
		.truth = truth, .n_classes = n_classes, .is_multi = strcmp(argv[4], "multi") == 0};
	double start = wall_s();
	fit(&p, raw, n, d, argv + 5);

	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	printf(" %.3f %.3f\n", wall_s() - start, seconds(u.ru_utime) + seconds(u.ru_stime));
	free(raw);
	free(truth);

	return 0;
}
