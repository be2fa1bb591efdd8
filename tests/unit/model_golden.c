/* Loss and every parameter gradient against float64 PyTorch models: tests/golden/dualview.py and resnet18.py
 * say how the numbers are made and what the lines of the .txt beside them mean. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/encoder.h"
#include "tests/unit/golden.h"

enum { LEADS = ENCODER_LEADS };

struct run {
	struct encoder *d, *inference;
	int batch;
	float *x, *dp, *scratch;
	uint8_t *keep;
	double norm; /* of the whole gradient */
	float loss;
	int n_seen;
};

static void fill(struct run *r)
{
	size_t n = (size_t)r->batch * LEADS * (size_t)encoder_samples(&r->d->config);
	const struct ops *o = r->d->ops;
	r->x = o->alloc(n * sizeof *r->x);
	r->keep = o->alloc((size_t)r->batch * LEADS);
	for (size_t i = 0; i < n; i++)
		r->x[i] = 4 * uniform("x", i);
	for (int i = 0; i < r->batch * LEADS; i++)
		r->keep[i] = i / LEADS == i % LEADS || (word("keep", (size_t)i) >> 8 & 1);
	for (int i = 0; i < r->d->tensors->n; i++) {
		const struct tensor *t = &r->d->tensors->list[i];
		for (size_t j = 0; j < t->count; j++)
			r->d->tensors->weights[t->offset + j] = weight(t, j);
	}
}

/* Returns the number of records. */
static int config(struct encoder_config *c, const char *line)
{
	struct dualview_config *d = &c->dvt;
	struct resnet18_config *n = &c->resnet18;
	int records, towers, has_pool;

	*c = (struct encoder_config){.dvt.rate_hz = 100};
	if (sscanf(line, "case %*s %d %d %d %d %d %d %d %d %d %d", &towers, &d->samples, &d->d_model,
		   &d->n_heads, &d->n_time_layers, &d->n_channel_layers, &d->n_cross, &d->projector_hidden,
		   &d->projector_out, &records) == 10) {
		d->towers = (enum towers)towers;
		return records;
	}

	assert_int_equal(8, sscanf(line, "case %*s %d %d %d %d %d %d %d %d", &n->samples, &n->width,
				   &n->stem_taps, &n->taps, &has_pool, &n->projector_hidden,
				   &n->projector_out, &records));
	n->has_pool = has_pool;
	c->kind = ENCODER_RESNET18;

	return records;
}

static void start(struct run *r, const char *line)
{
	struct encoder_config c;
	int records = config(&c, line), width = encoder_projector_out(&c);

	*r = (struct run){.batch = 2 * records};
	r->d = encoder_new(ops_cpu(), &c, r->batch + 1, true);
	r->inference = encoder_new(ops_cpu(), &c, r->batch, false);
	fill(r);
	encoder_copy(r->inference, r->d);

	const struct ops *o = r->d->ops;
	r->dp = o->alloc((size_t)r->batch * (size_t)width * sizeof *r->dp);
	r->scratch = o->alloc(o->ntxent_scratch(2 * records, width) * sizeof *r->scratch);
	encoder_forward(r->inference, r->x, r->keep, r->batch);
	encoder_forward(r->d, r->x, r->keep, r->batch);

	float result[2];
	struct ntxent l = {
		.n = records, .d = width, .z = r->d->p, .temperature = 0.1f, .dz = r->dp, .result = result};
	o->ntxent(&l, r->scratch);
	encoder_backward(r->d, r->dp);
	r->loss = result[0];
	r->norm = sqrt((double)o->sum_squares(r->d->tensors->gradients, r->d->tensors->count));
}

static void end(struct run *r)
{
	if (!r->d)
		return;
	assert_int_equal(r->n_seen, r->d->tensors->n);
	encoder_free(r->inference);
	const struct ops *o = r->d->ops;
	o->release(r->x);
	o->release(r->keep);
	o->release(r->dp);
	o->release(r->scratch);
	encoder_free(r->d);
	r->d = NULL;
}

static void check_output(const struct run *r, char *line)
{
	char name[64];
	struct summary want = parse(line, name);
	const struct encoder *from = strcmp(name, "inference") ? r->d : r->inference;
	bool is_p = !strcmp(name, "p");
	int width = is_p ? encoder_projector_out(&from->config) : from->dim;
	struct summary have = summarize(is_p ? from->p : from->h, (size_t)r->batch * (size_t)width);
	if (error_of(&have, &want) > 1e-5 * want.norm)
		fail_msg("%s: error %g of norm %g", name, error_of(&have, &want), want.norm);
}

/* 1e-4 of the tensor's own gradient; or, for those that vanish by symmetry (the bias before a norm), 1e-7 of
 * all. */
static void check_gradient(struct run *r, char *line, double *worst)
{
	char name[64];
	struct summary want = parse(line, name);
	const struct tensor *t = tensors_find(r->d->tensors, name);
	assert_non_null(t);
	struct summary have = summarize(r->d->tensors->gradients + t->offset, t->count);
	double error = error_of(&have, &want);
	if (!(error <= fmax(1e-4 * want.norm, 1e-7 * r->norm)))
		fail_msg("gradient of %s: error %g of norm %g", name, error, want.norm);
	*worst = fmax(*worst, error / fmax(want.norm, 1e-3 * r->norm));
	r->n_seen++;
}

static void check_trained(struct run *r, char *line)
{
	char name[64];
	struct summary want = parse(line, name);
	const struct tensor *t = tensors_find(r->d->tensors, name);
	assert_non_null(t);
	struct summary have = summarize(r->d->tensors->weights + t->offset, t->count);
	if (!(error_of(&have, &want) <= 1e-5 * want.norm))
		fail_msg("%s: error %g of norm %g", name, error_of(&have, &want), want.norm);
	r->n_seen++;
}

static void check_file(const char *golden, int n_expected)
{
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
		} else if (!strncmp(line, "trained", 7)) {
			check_trained(&r, line);
		} else {
			check_gradient(&r, line, &worst);
		}
	}

	fclose(f);
	end(&r);
	assert_int_equal(n_cases, n_expected);
	print_message("worst gradient error %.2g\n", worst);
}

static void the_dual_view_transformer_equals_pytorch(void **state)
{
	(void)state;
	check_file("tests/golden/dualview.txt", 4);
}

static void the_residual_network_equals_pytorch(void **state)
{
	(void)state;
	check_file("tests/golden/resnet18.txt", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_dual_view_transformer_equals_pytorch),
					   cmocka_unit_test(the_residual_network_equals_pytorch)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
