/* Masked prediction: loss and every gradient against PyTorch in float64 (tests/golden/masked.py), what is
 * hidden, what is read, the teacher. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/die.h"
#include "model/masked.h"
#include "model/patch.h"
#include "tests/unit/golden.h"

enum { LEADS = ENCODER_LEADS };

/* ---- against PyTorch ---- */

struct run {
	struct encoder *net;
	struct masked *m;
	int n_views;
	float *x;
	uint8_t *keep, *is_seen;
	struct masked_result r;
	double norm; /* of the whole gradient */
	int n_checked;
};

static void fill(const struct tensors *t, float *weights, const char *prefix)
{
	float *host = die_calloc(t->count, sizeof *host);
	for (int i = 0; i < t->n; i++) {
		char name[96];
		snprintf(name, sizeof name, "%s%s", prefix, t->list[i].name);
		for (size_t j = 0; j < t->list[i].count; j++)
			host[t->list[i].offset + j] = weight_named(name, &t->list[i], j);
	}
	t->ops->upload(weights, host, t->count * sizeof *host);
	free(host);
}

static void draw_inputs(struct run *r)
{
	int samples = r->net->config.dvt.samples, n = samples / 10;
	size_t n_x = (size_t)(r->n_views * LEADS * samples);
	r->x = die_malloc(n_x * sizeof *r->x);
	r->keep = die_malloc((size_t)(r->n_views * LEADS));
	r->is_seen = die_malloc((size_t)(r->n_views * n));
	for (size_t i = 0; i < n_x; i++)
		r->x[i] = 4 * uniform("x", i);
	for (int i = 0; i < r->n_views * LEADS; i++)
		r->keep[i] = i / LEADS == i % LEADS || (word("keep", (size_t)i) >> 8 & 1);
	for (int i = 0; i < r->n_views * n; i++)
		r->is_seen[i] = (i / n + i % n) % 3 == 0;
}

static void compute(struct run *r)
{
	const struct ops *o = r->net->ops;
	size_t n_x = (size_t)(r->n_views * LEADS * r->net->config.dvt.samples),
	       n_keep = (size_t)(r->n_views * LEADS);
	float *x = o->alloc(n_x * sizeof *x);
	uint8_t *keep = o->alloc(n_keep);
	o->upload(x, r->x, n_x * sizeof *x);
	o->upload(keep, r->keep, n_keep);
	masked_load(r->m, r->x, r->keep, r->is_seen, masked_tokens(&r->net->config) / 3, r->n_views);
	r->r = masked_gradients(r->m, x, keep, r->n_views, false);
	r->norm = sqrt(
		(double)(o->sum_squares(r->net->tensors->gradients, r->net->tensors->count) +
			 o->sum_squares(r->m->predictor->tensors.gradients, r->m->predictor->tensors.count)));
	o->release(x);
	o->release(keep);
}

static void open(struct run *r, const char *line)
{
	struct encoder_config c = {.dvt = {.rate_hz = 100, .towers = TOWERS_TIME}};
	struct masked_settings s = {.weight = 1, .is_alone = true};
	struct dualview_config *d = &c.dvt;
	int target;
	*r = (struct run){0};
	assert_int_equal(7, sscanf(line, "case %*s %d %d %d %d %d %d %d", &target, &d->samples, &d->d_model,
				   &d->n_heads, &d->n_time_layers, &s.n_layers, &r->n_views));
	s.target = (enum masked_target)target;
	r->net = encoder_new_shared(ops_cpu(), &c, r->n_views, 0, NULL);
	r->m = masked_new(r->net, &s);
	fill(r->net->tensors, r->net->tensors->weights, "");
	masked_begin(r->m);
	fill(&r->m->predictor->tensors, r->m->predictor->tensors.weights, "");
	if (r->m->teacher)
		fill(r->net->tensors, r->m->teacher, "teacher.");
	draw_inputs(r);
	compute(r);
}

static void close(struct run *r)
{
	if (!r->net)
		return;
	/* all but the head's linear map, which nothing goes through */
	assert_int_equal(r->n_checked, r->net->tensors->n + r->m->predictor->tensors.n - 2);
	masked_free(r->m);
	encoder_free(r->net);
	free(r->x);
	free(r->keep);
	free(r->is_seen);
	r->net = NULL;
}

/* As in model_golden.c: 1e-4 of the tensor's own gradient, or 1e-7 of all. */
static void check_gradient(struct run *r, char *line)
{
	char name[64];
	struct summary want = parse(line, name);
	const struct tensors *of = r->net->tensors;
	if (!tensors_find(of, name))
		of = &r->m->predictor->tensors;
	const struct tensor *t = tensors_find(of, name);
	assert_non_null(t);
	float *host = die_malloc(t->count * sizeof *host);
	of->ops->download(host, of->gradients + t->offset, t->count * sizeof *host);
	struct summary have = summarize(host, t->count);
	double error = error_of(&have, &want);
	free(host);
	if (!(error <= fmax(1e-4 * want.norm, 1e-7 * r->norm)))
		fail_msg("gradient of %s: error %g of norm %g", name, error, want.norm);
	r->n_checked++;
}

static void loss_and_gradients_equal_pytorch(void **state)
{
	struct run r = {0};
	char line[1024];
	double want;
	int n_cases = 0;
	(void)state;
	FILE *f = fopen("tests/golden/masked.txt", "r");
	if (!f)
		fail_msg("tests/golden/masked.txt: cannot open; run from the repository's root");
	while (fgets(line, sizeof line, f)) {
		if (!strncmp(line, "case", 4)) {
			close(&r);
			open(&r, line);
			n_cases++;
		} else if (sscanf(line, "loss %lf", &want) == 1) {
			assert_true(fabs(r.r.loss - want) <= 1e-5 * want);
		} else if (sscanf(line, "constant %lf", &want) == 1) {
			assert_true(fabs(r.r.constant - want) <= 1e-5 * want);
		} else {
			check_gradient(&r, line);
		}
	}
	fclose(f);
	close(&r);
	assert_int_equal(n_cases, 3);
}

/* ---- what is hidden ---- */

/* Runs of hidden tokens, where the last and the first are neighbours. */
static int count_runs(const uint8_t *is_seen, int n, int least)
{
	int n_runs = 0;
	for (int first = 0; first < n; first++) {
		int length = 0;
		if (is_seen[first] || !is_seen[(first + n - 1) % n])
			continue;
		while (!is_seen[(first + length) % n])
			length++;
		assert_true(length >= least);
		n_runs++;
	}
	return n_runs;
}

static void hidden_runs_have_their_length_and_all_tokens_are_seen_alike(void **state)
{
	enum { N = 50, SEEN = 10, BLOCK = 10, DRAWS = 10000 };
	int n_shown[N] = {0}, n_of_runs[N] = {0};
	(void)state;
	for (uint64_t i = 0; i < DRAWS; i++) {
		struct philox r = philox_open(1, PURPOSE_HIDING, i, 0);
		uint8_t is_seen[N];
		int n_seen = 0;
		hiding_draw(is_seen, N, SEEN, BLOCK, &r);
		for (int k = 0; k < N; k++) {
			n_shown[k] += is_seen[k];
			n_seen += is_seen[k];
		}
		assert_int_equal(n_seen, SEEN);
		n_of_runs[count_runs(is_seen, N, BLOCK)]++;
	}
	for (int k = 0; k < N; k++) /* 4 standard errors */
		assert_true(abs(n_shown[k] - DRAWS * SEEN / N) < 4 * 40);
	for (int k = 1; k <= 4; k++)
		assert_true(n_of_runs[k] > DRAWS / 10);
	assert_int_equal(n_of_runs[1] + n_of_runs[2] + n_of_runs[3] + n_of_runs[4], DRAWS);
}

static void fewer_hidden_than_a_run_are_one(void **state)
{
	uint8_t is_seen[6];
	struct philox r = philox_open(1, PURPOSE_HIDING, 0, 0);
	(void)state;
	hiding_draw(is_seen, 6, 4, 10, &r);
	assert_int_equal(count_runs(is_seen, 6, 2), 1);
	assert_int_equal(is_seen[0] + is_seen[1] + is_seen[2] + is_seen[3] + is_seen[4] + is_seen[5], 4);
}

/* ---- what is read ---- */

static void masked_leads_are_neither_target_nor_read(void **state)
{
	float x[LEADS * 30], minus[2][PATCH_SAMPLES];
	uint8_t keep[LEADS] = {1, 0, 1}, is_wanted[LEADS];
	double sum = 0, squares = 0;
	(void)state;
	for (int i = 0; i < LEADS * 30; i++)
		x[i] = i / 30 == 0 || i / 30 == 2 ? 5 + 3 * uniform("x", (size_t)i) : NAN;
	patch_negate(minus[0], is_wanted, x, keep, 1, 30);
	assert_memory_equal(is_wanted, keep, LEADS);
	for (int k = 0; k < PATCH_SAMPLES; k++) {
		sum += (double)minus[0][k];
		squares += (double)minus[0][k] * (double)minus[0][k];
		if (!keep[k / 10])
			assert_true(minus[0][k] == 0);
	}
	assert_true(fabs(sum) < 1e-5 && fabs(squares / 20 - 1) < 1e-4);
	for (int i = 0; i < LEADS * 30; i++)
		x[i] = i % 30 / 10 == 1 ? x[i] : NAN;
	patch_negate(minus[1], is_wanted, x, keep, 1, 30);
	assert_memory_equal(minus[0], minus[1], sizeof minus[0]);
}

/* ---- the teacher ---- */

static const struct encoder_config small = {.dvt = {.samples = 60,
						    .rate_hz = 100,
						    .d_model = 32,
						    .n_heads = 2,
						    .n_time_layers = 1,
						    .towers = TOWERS_TIME}};

static void the_teacher_follows_and_is_what_is_kept(void **state)
{
	struct encoder *net = encoder_new_shared(ops_cpu(), &small, 2, 0, NULL);
	const struct tensor *t = tensors_find(net->tensors, "time.layers.0.up.weight"),
			    *head = tensors_find(net->tensors, "time.head.embedding.weight");
	struct masked *m = masked_new(
		net, &(struct masked_settings){
			     .target = MASKED_LATENTS, .n_layers = 1, .weight = 1, .is_alone = true});
	float *w = net->tensors->weights + t->offset, first;
	(void)state;
	encoder_init(net, 1);
	masked_begin(m);
	first = w[0];
	assert_true(m->teacher[t->offset] == first);
	w[0] = first + 1;
	m->share = 0.25f;
	masked_follow(m);
	assert_true(m->teacher[t->offset] == fmaf(0.25f, first + 1 - first, first));
	masked_end(m);
	assert_true(w[0] == m->teacher[t->offset]);
	/* The embedding is the mean over tokens: the head passes it on. */
	assert_true(net->tensors->weights[head->offset] == 1 && net->tensors->weights[head->offset + 1] == 0);
	masked_free(m);
	encoder_free(net);
}

static void what_has_no_time_tokens_of_its_own_is_refused(void **state)
{
	struct encoder_config both = small, resnet = {.kind = ENCODER_RESNET18};
	struct error e = {0};
	(void)state;
	both.dvt.towers = TOWERS_BOTH;
	assert_int_equal(masked_check(&small, &e), 0);
	assert_int_equal(masked_check(&both, &e), -1);
	assert_non_null(strstr(error_text(&e), "pretrain.towers to time"));
	assert_int_equal(masked_check(&resnet, &e), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loss_and_gradients_equal_pytorch),
		cmocka_unit_test(hidden_runs_have_their_length_and_all_tokens_are_seen_alike),
		cmocka_unit_test(fewer_hidden_than_a_run_are_one),
		cmocka_unit_test(masked_leads_are_neither_target_nor_read),
		cmocka_unit_test(the_teacher_follows_and_is_what_is_kept),
		cmocka_unit_test(what_has_no_time_tokens_of_its_own_is_refused)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
