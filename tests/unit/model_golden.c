/* Loss and every parameter gradient against a float64 PyTorch model: tests/golden/dualview.py says how the
 * numbers are made and what the lines of tests/golden/dualview.txt mean. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/dualview.h"

enum { LEADS = DUALVIEW_LEADS, SIGNS = 16 };
static const char golden[] = "tests/golden/dualview.txt";

static uint32_t mix(uint32_t x)
{
	x ^= x >> 16;
	x *= 0x85ebca6b;
	x ^= x >> 13;
	x *= 0xc2b2ae35;
	return x ^ x >> 16;
}

static uint32_t word(const char *name, size_t i)
{
	uint32_t h = 2166136261;
	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619;
	return mix((uint32_t)(i * 0x9e3779b9u + h));
}

static float uniform(const char *name, size_t i)
{
	return (float)((word(name, i) >> 8) / 16777216.0 - 0.5);
}

static float weight(const struct tensor *t, size_t i)
{
	float u = uniform(t->name, i), scale = 8;
	size_t fan_in = t->count / (size_t)t->shape[0], length = strlen(t->name);
	if (!t->shape[1]) {
		bool is_norm =
			strstr(t->name, "norm") && length > 6 && !strcmp(t->name + length - 6, "weight");
		return is_norm ? 1 + u / 2 : u / 2;
	}
	while (scale * scale * (float)fan_in > 12)
		scale /= 2;
	return u * scale;
}

struct summary {
	double norm, p[SIGNS];
};

static struct summary summarize(const float *a, size_t n)
{
	struct summary s = {0};
	for (size_t i = 0; i < n; i++) {
		uint32_t w = word("signs", i);
		s.norm += (double)a[i] * (double)a[i];
		for (int j = 0; j < SIGNS; j++)
			s.p[j] += w >> (8 + j) & 1 ? -(double)a[i] : (double)a[i];
	}
	s.norm = sqrt(s.norm);
	return s;
}

/* Root mean square error of the projections: an estimate of the Euclidean norm of the error. */
static double error_of(const struct summary *have, const struct summary *want)
{
	double sum = 0;
	for (int j = 0; j < SIGNS; j++)
		sum += (have->p[j] - want->p[j]) * (have->p[j] - want->p[j]);
	return sqrt(sum / SIGNS);
}

struct run {
	struct dualview *d;
	int batch;
	float *x, *dp, *scratch;
	uint8_t *keep;
	double norm; /* of the whole gradient */
	float loss;
	int n_seen;
};

static void fill(struct run *r)
{
	size_t n = (size_t)r->batch * LEADS * (size_t)r->d->config.samples;
	const struct ops *o = r->d->ops;
	r->x = o->alloc(n * sizeof *r->x);
	r->keep = o->alloc((size_t)r->batch * LEADS);
	for (size_t i = 0; i < n; i++)
		r->x[i] = 4 * uniform("x", i);
	for (int i = 0; i < r->batch * LEADS; i++)
		r->keep[i] = i / LEADS == i % LEADS || (word("keep", (size_t)i) >> 8 & 1);
	for (int i = 0; i < r->d->tensors.n; i++) {
		const struct tensor *t = &r->d->tensors.list[i];
		for (size_t j = 0; j < t->count; j++)
			r->d->tensors.weights[t->offset + j] = weight(t, j);
	}
}

static void start(struct run *r, const char *line)
{
	struct dualview_config c = {.rate_hz = 100};
	int records, towers;
	assert_int_equal(10, sscanf(line, "case %*s %d %d %d %d %d %d %d %d %d %d", &towers, &c.samples,
				    &c.d_model, &c.n_heads, &c.n_time_layers, &c.n_channel_layers, &c.n_cross,
				    &c.projector_hidden, &c.projector_out, &records));
	c.towers = (enum towers)towers;
	*r = (struct run){.batch = 2 * records};
	r->d = dualview_new(ops_cpu(), &c, r->batch + 1, true);
	fill(r);
	const struct ops *o = r->d->ops;
	r->dp = o->alloc((size_t)r->batch * (size_t)c.projector_out * sizeof *r->dp);
	r->scratch = o->alloc(o->ntxent_scratch(records, c.projector_out) * sizeof *r->scratch);
	dualview_forward(r->d, r->x, r->keep, r->batch);
	struct ntxent l = {
		.n = records, .d = c.projector_out, .z = r->d->p, .temperature = 0.1f, .dz = r->dp};
	o->ntxent(&l, r->scratch);
	dualview_backward(r->d, r->dp);
	r->loss = l.loss;
	r->norm = sqrt((double)o->sum_squares(r->d->tensors.gradients, r->d->tensors.count));
}

static void end(struct run *r)
{
	if (!r->d)
		return;
	assert_int_equal(r->n_seen, r->d->tensors.n);
	const struct ops *o = r->d->ops;
	o->release(r->x);
	o->release(r->keep);
	o->release(r->dp);
	o->release(r->scratch);
	dualview_free(r->d);
	r->d = NULL;
}

static struct summary parse(char *line, char name[64])
{
	struct summary s;
	int used = 0;
	assert_int_equal(2, sscanf(line, "%*s %63s %lf%n", name, &s.norm, &used));
	char *at = line + used;
	for (int j = 0; j < SIGNS; j++)
		s.p[j] = strtod(at, &at);
	return s;
}

static void check_output(const struct run *r, char *line)
{
	char name[64];
	struct summary want = parse(line, name);
	bool is_h = !strcmp(name, "h");
	size_t n = (size_t)r->batch * (size_t)(is_h ? r->d->dim : r->d->config.projector_out);
	struct summary have = summarize(is_h ? r->d->h : r->d->p, n);
	if (error_of(&have, &want) > 1e-5 * want.norm)
		fail_msg("%s: error %g of norm %g", name, error_of(&have, &want), want.norm);
}

/* 1e-4 of the tensor's own gradient; or, for those that vanish by symmetry (the bias before a norm), 1e-7 of
 * all. */
static void check_gradient(struct run *r, char *line, double *worst)
{
	char name[64];
	struct summary want = parse(line, name);
	const struct tensor *t = tensors_find(&r->d->tensors, name);
	assert_non_null(t);
	struct summary have = summarize(r->d->tensors.gradients + t->offset, t->count);
	double error = error_of(&have, &want);
	if (!(error <= fmax(1e-4 * want.norm, 1e-7 * r->norm)))
		fail_msg("gradient of %s: error %g of norm %g", name, error, want.norm);
	*worst = fmax(*worst, error / fmax(want.norm, 1e-3 * r->norm));
	r->n_seen++;
}

static void loss_and_every_gradient_equal_a_float64_pytorch_model(void **state)
{
	(void)state;
	struct run r = {0};
	char line[1024];
	double loss, worst = 0;
	int n_cases = 0;
	FILE *f = fopen(golden, "r");
	if (!f)
		fail_msg("%s: cannot open; run from the repository's root", golden);
	while (fgets(line, sizeof line, f)) {
		if (!strncmp(line, "case", 4)) {
			end(&r);
			start(&r, line);
			n_cases++;
		} else if (sscanf(line, "loss %lf", &loss) == 1) {
			if (!(fabs((double)r.loss - loss) <= 1e-5 * loss))
				fail_msg("loss %.9g, expected %.9g", (double)r.loss, loss);
		} else if (!strncmp(line, "output", 6)) {
			check_output(&r, line);
		} else {
			check_gradient(&r, line, &worst);
		}
	}
	fclose(f);
	end(&r);
	assert_int_equal(n_cases, 4);
	print_message("worst gradient error %.2g\n", worst);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loss_and_every_gradient_equal_a_float64_pytorch_model)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
