/* NT-Xent and CLOCS: values known in closed form, naive losses in double with their gradients, all
 * instruction sets alike. */
#include "tests/unit/kernels_helper.h"

struct case_ {
	int n, d;
	float tau;
	enum same_patient policy;
	bool has_patients, is_across;
	int n_views;
};

static float said[2]; /* of the last run: loss, top1 */

static void run(const struct ops *o, struct ntxent *l)
{
	l->result = said;
	float *scratch = numbers(o->ntxent_scratch((l->n_views ? l->n_views : 2) * l->n, l->d), 99, 1);
	o->ntxent(l, scratch);
	free(scratch);
}

static void equal_embeddings_give_the_log_of_the_others(void **state)
{
	enum { N = 9, D = 20 };
	const struct ops *o;
	float *z = zeros(2 * N * D), *one = numbers(D, 1, 1), *dz = numbers(2 * N * D, 2, 1);
	(void)state;
	for (int i = 0; i < 2 * N * D; i++)
		z[i] = one[i % D];

	for (int k = 0; (o = table(k)); k++) {
		struct ntxent l = {.n = N, .d = D, .z = z, .temperature = 0.1f, .dz = dz};
		run(o, &l);
		assert_true(fabs((double)said[0] - log(2 * N - 1)) < 1e-5);
		assert_true((double)said[1] < 0.2); /* chance, not success */
		for (int i = 0; i < 2 * N * D; i++)
			assert_true(fabsf(dz[i]) < 1e-5f);
	}

	free(z);
	free(one);
	free(dz);
}

static void equal_embeddings_give_the_log_of_the_other_views_across(void **state)
{
	enum { N = 9, D = 20 };
	static const uint64_t patient[N] = {1, 1, 2, 3, 4, 4, 4, 5, 6};
	const struct ops *o;
	float *z = zeros(2 * N * D), *one = numbers(D, 1, 1), *dz = numbers(2 * N * D, 2, 1);
	(void)state;
	for (int i = 0; i < 2 * N * D; i++)
		z[i] = one[i % D];

	for (int k = 0; (o = table(k)); k++) {
		struct ntxent l = {.n = N,
				   .d = D,
				   .z = z,
				   .patient = patient,
				   .same_patient = SAME_PATIENT_POSITIVE,
				   .is_across = true,
				   .temperature = 0.1f,
				   .dz = dz};
		run(o, &l);
		assert_true(fabs((double)said[0] - log(N)) < 1e-5);
		for (int i = 0; i < 2 * N * D; i++)
			assert_true(fabsf(dz[i]) < 1e-5f);
	}

	free(z);
	free(one);
	free(dz);
}

static void equal_views_among_orthogonal_records_give_the_known_loss(void **state)
{
	enum { N = 16, D = 16 };
	const struct ops *o;
	float *z = zeros(2 * N * D);
	(void)state;
	for (int i = 0; i < 2 * N; i++)
		z[i * D + i % N] = 3.0f + (float)i;

	for (int k = 0; (o = table(k)); k++) {
		for (int t = 0; t < 3; t++) {
			float tau = (float[]){0.1f, 0.5f, 1.0f}[t];
			struct ntxent l = {.n = N, .d = D, .z = z, .temperature = tau};
			run(o, &l);
			double expected = log(1 + (2 * N - 2) * exp(-1 / (double)tau));
			assert_true(fabs((double)said[0] - expected) < 2e-6 * (1 + expected));
			assert_true(said[1] == 1);
		}
	}

	free(z);
}

static const struct case_ cases[] = {
	{1, 1, 0.5f, SAME_PATIENT_IGNORE, false, false, 2},
	{2, 3, 0.1f, SAME_PATIENT_IGNORE, false, false, 2},
	{7, 16, 0.2f, SAME_PATIENT_IGNORE, true, false, 2},
	{7, 16, 0.2f, SAME_PATIENT_MASK, true, false, 2},
	{7, 16, 0.2f, SAME_PATIENT_POSITIVE, true, false, 2},
	{31, 33, 0.1f, SAME_PATIENT_MASK, true, false, 2},
	{40, 20, 0.3f, SAME_PATIENT_POSITIVE, true, false, 2},
	{33, 5, 0.1f, SAME_PATIENT_MASK, false, false, 2},
	{33, 5, 0.1f, SAME_PATIENT_POSITIVE, false, false, 2},
	{1, 4, 0.5f, SAME_PATIENT_POSITIVE, true, true, 2},
	{7, 16, 0.2f, SAME_PATIENT_POSITIVE, true, true, 2},
	{31, 33, 0.1f, SAME_PATIENT_POSITIVE, true, true, 2},
	{40, 20, 0.3f, SAME_PATIENT_MASK, true, true, 2},
	{29, 7, 0.2f, SAME_PATIENT_IGNORE, true, true, 2},
	{33, 5, 0.1f, SAME_PATIENT_POSITIVE, false, true, 2},
	{1, 4, 0.5f, SAME_PATIENT_IGNORE, false, false, 3},
	{5, 16, 0.2f, SAME_PATIENT_IGNORE, true, false, 3},
	{11, 9, 0.1f, SAME_PATIENT_MASK, true, false, 4},
	{7, 20, 0.3f, SAME_PATIENT_POSITIVE, true, false, 5},
	{13, 33, 0.1f, SAME_PATIENT_MASK, false, false, 6},
};
enum { N_CASES = sizeof cases / sizeof *cases };

static int rows_of(const struct case_ *c)
{
	return c->n_views * c->n;
}

static uint64_t *patients_of(const struct case_ *c)
{
	uint64_t *p = die_calloc((size_t)c->n, sizeof *p);
	for (int i = 0; i < c->n; i++)
		p[i] = UINT64_C(1) << 40 | (uint64_t)(i * i % 5); /* several records of a patient */
	return p;
}

struct naive {
	const struct case_ *c;
	const uint64_t *patient;
	double *z;
	int n_nearest;
};

static bool is_same(const struct naive *f, int i, int j)
{
	return i % f->c->n != j % f->c->n && f->patient && f->patient[i % f->c->n] == f->patient[j % f->c->n];
}

static double similarity(const struct naive *f, int i, int j)
{
	int d = f->c->d;
	double ij = 0, ii = 0, jj = 0;
	for (int k = 0; k < d; k++) {
		ij += f->z[i * d + k] * f->z[j * d + k];
		ii += f->z[i * d + k] * f->z[i * d + k];
		jj += f->z[j * d + k] * f->z[j * d + k];
	}
	return ij / sqrt(ii) / sqrt(jj) / (double)f->c->tau;
}

/* CLOCS as its paper writes it: rows and columns of the matrix of similarities between view 1 and view 2, a
 * mean over its diagonal and one over the other places where row and column are of one patient. */
static double clocs_loss(struct naive *f)
{
	int n = f->c->n, n_off = 0;
	double *s = die_calloc((size_t)n * (size_t)n, sizeof *s), *row = die_calloc((size_t)n, sizeof *row),
	       *column = die_calloc((size_t)n, sizeof *column), diagonal = 0, off = 0;

	for (int i = 0; i < n; i++)
		for (int k = 0; k < n; k++) {
			s[i * n + k] = similarity(f, i, n + k);
			row[i] += exp(s[i * n + k]);
			column[k] += exp(s[i * n + k]);
		}

	for (int i = 0; i < n; i++)
		for (int k = 0; k < n; k++) {
			double both = -log(exp(s[i * n + k]) / row[i]) - log(exp(s[i * n + k]) / column[k]);
			if (i == k)
				diagonal += both / 2;
			else if (is_same(f, i, k)) {
				off += both / 2;
				n_off++;
			}
		}

	free(s);
	free(row);
	free(column);
	return n_off ? (diagonal / n + off / n_off) / 2 : diagonal / n;
}

/* NT-Xent as kernels/ops.h defines it, row by row, in double. */
static double naive_loss(void *context)
{
	struct naive *f = context;
	int n = f->c->n, m = rows_of(f->c);
	double total = 0;

	f->n_nearest = 0;
	for (int i = 0; i < m; i++) {
		double sum = 0, positive = 0, best = -INFINITY;
		int n_positive = 0, nearest = -1;
		for (int j = 0; j < m; j++) {
			if (j == i || (f->c->is_across && i / n == j / n) ||
			    (f->c->policy == SAME_PATIENT_MASK && is_same(f, i, j)))
				continue;
			double s = similarity(f, i, j);
			sum += exp(s);
			if (s > best) {
				best = s;
				nearest = j;
			}
			if (j % n == i % n || (f->c->policy == SAME_PATIENT_POSITIVE && is_same(f, i, j))) {
				positive += s;
				n_positive++;
			}
		}
		total += log(sum) - positive / n_positive;
		f->n_nearest += nearest % n == i % n;
	}

	return f->c->is_across && f->c->policy == SAME_PATIENT_POSITIVE ? clocs_loss(f) : total / m;
}

static void loss_and_gradient_equal_the_naive_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CASES; i++) {
		const struct case_ *c = &cases[i];
		size_t n = (size_t)rows_of(c) * (size_t)c->d;
		uint64_t *patient = c->has_patients ? patients_of(c) : NULL;
		float *z = numbers(n, i, 1), *dz = zeros(n), *first = zeros(n), first_loss = 0;
		struct naive f = {c, patient, doubles_of(z, n), 0};
		double expected = naive_loss(&f);
		float top1 = (float)f.n_nearest / (float)rows_of(c);
		const struct ops *o;
		for (int k = 0; (o = table(k)); k++) {
			struct ntxent l = {.n = c->n,
					   .n_views = c->n_views,
					   .d = c->d,
					   .z = z,
					   .patient = patient,
					   .same_patient = c->policy,
					   .is_across = c->is_across,
					   .temperature = c->tau,
					   .dz = dz};
			run(o, &l);
			assert_near(said, &expected, 1, 1e-5, "loss");
			assert_true(fabsf(said[1] - top1) < 1e-6f);
			if (k == 0)
				assert_gradient(naive_loss, &f, f.z, n, dz, 2e-4, "z");
			else {
				assert_same_bits(dz, first, n, o->name, "dz");
				assert_same_bits(said, &first_loss, 1, o->name, "loss");
			}
			memcpy(first, dz, n * sizeof *dz);
			first_loss = said[0];
		}
		free(patient);
		free(z);
		free(dz);
		free(first);
		free(f.z);
	}
}

/* CMSC of distinct patients is NT-Xent of the same two segments without the negatives of the own view, to the
 * bit whatever is said of records of one patient. */
static void clocs_of_distinct_patients_is_ntxent_without_negatives_of_the_own_view(void **state)
{
	enum { N = 37, D = 24, SIZE = 2 * N * D };
	static const enum same_patient policies[] = {SAME_PATIENT_POSITIVE, SAME_PATIENT_MASK,
						     SAME_PATIENT_IGNORE};
	const struct case_ ntxent = {N, D, 0.1f, SAME_PATIENT_IGNORE, false, true, 2};
	uint64_t patient[N];
	float *z = numbers(SIZE, 5, 1), *dz = zeros(SIZE), *first = zeros(SIZE);
	struct naive f = {&ntxent, NULL, doubles_of(z, SIZE), 0};
	double expected = naive_loss(&f);
	const struct ops *o;
	(void)state;
	for (int i = 0; i < N; i++)
		patient[i] = (uint64_t)(100 - i);
	assert_true(fabs(clocs_loss(&f) - expected) < 1e-12);

	for (int k = 0; (o = table(k)); k++)
		for (int p = 0; p < 3; p++) {
			struct ntxent l = {.n = N,
					   .d = D,
					   .z = z,
					   .patient = patient,
					   .same_patient = policies[p],
					   .is_across = true,
					   .temperature = 0.1f,
					   .dz = dz};
			run(o, &l);
			assert_near(said, &expected, 1, 1e-5, "loss");
			if (k == 0 && p == 0) {
				assert_gradient(naive_loss, &f, f.z, SIZE, dz, 2e-4, "z");
				memcpy(first, dz, SIZE * sizeof *dz);
			}
			assert_same_bits(dz, first, SIZE, o->name, "dz");
		}

	free(z);
	free(dz);
	free(first);
	free(f.z);
}

struct golden {
	uint64_t patient[16];
	double loss, z[1024], dz[1024];
	int n, n_views, d;
	float tau;
	bool is_across;
};

/* False at the end of the file. Of CLOCS, which has two views; else their number is read as well. */
static bool read_golden(struct golden *g, FILE *f)
{
	if (fscanf(f, "%d %d %f", &g->n, &g->d, &g->tau) != 3)
		return false;
	g->n_views = 2;
	if (!g->is_across)
		assert_int_equal(fscanf(f, "%d", &g->n_views), 1);
	int size = g->n_views * g->n * g->d;
	assert_true(g->n <= 16 && size <= 1024);
	for (int i = 0; i < g->n; i++) {
		unsigned long patient;
		assert_int_equal(fscanf(f, "%lu", &patient), 1);
		g->patient[i] = patient;
	}
	assert_int_equal(fscanf(f, "%lf", &g->loss), 1);
	for (int i = 0; i < size; i++)
		assert_int_equal(fscanf(f, "%lf", &g->z[i]), 1);
	for (int i = 0; i < size; i++)
		assert_int_equal(fscanf(f, "%lf", &g->dz[i]), 1);
	return true;
}

static void check_golden(const char *path, bool is_across, int n_expected)
{
	static struct golden g;
	static float z[1024], dz[1024];
	const struct ops *o;
	int n_cases = 0;

	FILE *f = fopen(path, "r");
	if (!f)
		fail_msg("%s: cannot open; run from the repository's root", path);

	for (g.is_across = is_across; read_golden(&g, f); n_cases++)
		for (int k = 0; (o = table(k)); k++) {
			size_t size = (size_t)(g.n_views * g.n * g.d);
			struct ntxent l = {.n = g.n,
					   .n_views = g.n_views,
					   .d = g.d,
					   .z = z,
					   .patient = g.patient,
					   .same_patient = SAME_PATIENT_POSITIVE,
					   .is_across = is_across,
					   .temperature = g.tau,
					   .dz = dz};
			for (size_t i = 0; i < size; i++)
				z[i] = (float)g.z[i];
			run(o, &l);
			assert_near(said, &g.loss, 1, 1e-6, "loss");
			assert_near(dz, g.dz, size, 2e-6, "dz");
		}

	fclose(f);
	assert_int_equal(n_cases, n_expected);
}

static void clocs_equals_pytorch(void **state)
{
	(void)state;
	check_golden("tests/golden/clocs.txt", true, 4);
}

static void ntxent_of_several_views_equals_pytorch(void **state)
{
	(void)state;
	check_golden("tests/golden/ntxent.txt", false, 5);
}

static void a_zero_row_stays_finite(void **state)
{
	enum { N = 4, D = 8 };
	const struct ops *o;
	float *z = numbers(2 * N * D, 1, 1), dz[2 * N * D];
	(void)state;
	memset(z, 0, D * sizeof *z);
	for (int k = 0; (o = table(k)); k++) {
		struct ntxent l = {.n = N, .d = D, .z = z, .temperature = 0.1f, .dz = dz};
		run(o, &l);
		assert_true(isfinite(said[0]));
		for (int i = 0; i < 2 * N * D; i++)
			assert_true(isfinite(dz[i]));
	}
	free(z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_embeddings_give_the_log_of_the_others),
		cmocka_unit_test(equal_embeddings_give_the_log_of_the_other_views_across),
		cmocka_unit_test(equal_views_among_orthogonal_records_give_the_known_loss),
		cmocka_unit_test(loss_and_gradient_equal_the_naive_ones),
		cmocka_unit_test(clocs_of_distinct_patients_is_ntxent_without_negatives_of_the_own_view),
		cmocka_unit_test(clocs_equals_pytorch),
		cmocka_unit_test(ntxent_of_several_views_equals_pytorch),
		cmocka_unit_test(a_zero_row_stays_finite),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
