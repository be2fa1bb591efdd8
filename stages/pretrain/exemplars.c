#include "stages/pretrain/exemplars.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "common/progress.h"
#include "numbers/philox.h"
#include "stages/pretrain/records.h"
#include "stages/shared/exemplars.h"
#include "stages/shared/network.h"
#include "stages/shared/signals.h"

enum { AT_ONCE = 64 }; /* records between two looks at whether to stop */

struct choosing {
	struct stage_run *run;
	const struct artifact *signals;
	struct records records;
	struct exemplars *model;
	size_t *chosen;	 /* [model->map.n] of the records, ascending */
	float *scale;	 /* [map.n][12] */
	float *outputs;	 /* [map.n][shares.n][SHARES_SAMPLES] */
	bool *known;	 /* [map.n][shares.n]: shares_known */
	float *features; /* [map.n][map.dim] */
	int first;	 /* of the AT_ONCE exemplars in hand */
};

static void check_params(const struct params *p, const struct views *v)
{
	const char *given = network_size_given(p);
	if (given)
		die("pretrain.%s: exemplars has no such size; leave it out", given);
	if (strcmp(params_text(p, "objective"), "ntxent"))
		die("pretrain.objective: exemplars is learned without one; leave it at ntxent, or choose a "
		    "network (params/ptbxl-small.yaml)");
	if (strcmp(params_text(p, "start"), "random"))
		die("pretrain.start: exemplars is learned at once, from nothing; leave it at random, and "
		    "CONTINUE out");
	if (params_int(p, "shares") + params_int(p, "gated_shares") < 1)
		die("pretrain.shares and pretrain.gated_shares are both 0; exemplars needs kernels");
	if (shares_check(v->samples, v->rate_hz) < 0)
		die("pretrain.model: exemplars needs records of a second or more; raise "
		    "preprocess.duration_s");
}

static int ascending(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	return (x > y) - (x < y);
}

/* The first n places of a shuffle. */
static size_t *choose(size_t n, size_t n_records, uint64_t seed)
{
	size_t *order = die_malloc(n_records * sizeof *order);
	for (size_t i = 0; i < n_records; i++)
		order[i] = i;
	for (size_t i = 0; i < n; i++) {
		struct philox r = philox_open(seed, PURPOSE_EXEMPLARS, i, 0);
		size_t j = i + philox_below(&r, (uint32_t)(n_records - i)), kept = order[i];
		order[i] = order[j];
		order[j] = kept;
	}
	qsort(order, n, sizeof *order, ascending);
	return order;
}

static void open(struct choosing *c, const struct artifact *views)
{
	const struct params *p = c->run->params;
	uint64_t seed = (uint64_t)params_int(p, "seed");
	records_open(&c->records, views, c->signals, params_float(p, "share"), seed);
	const struct views *v = &c->records.policy.views;
	check_params(p, v);

	size_t n = (size_t)params_int(p, "exemplars");
	n = n < c->records.n ? n : c->records.n;
	c->chosen = choose(n, c->records.n, seed);
	c->model = exemplars_new((int)n, (int)params_int(p, "shares"), (int)params_int(p, "gated_shares"),
				 v->samples, v->rate_hz, seed);

	size_t n_shares = (size_t)c->model->shares.n;
	c->scale = die_malloc(n * LEADS * sizeof *c->scale);
	c->outputs = die_malloc(n * n_shares * SHARES_SAMPLES * sizeof *c->outputs);
	c->known = die_malloc(n * n_shares * sizeof *c->known);
	c->features = die_malloc(n * (size_t)c->model->map.dim * sizeof *c->features);
	for (size_t i = 0; i < n; i++)
		signals_scale(c->signals, c->records.record[c->chosen[i]], c->scale + i * LEADS);
}

static void release(struct choosing *c)
{
	exemplars_free(c->model);
	records_release(&c->records);
	free(c->chosen);
	free(c->scale);
	free(c->outputs);
	free(c->known);
	free(c->features);
}

/* ---- learning ---- */

static void sample(void *context, int task)
{
	const struct choosing *c = context;
	size_t i = (size_t)(c->first + task);
	shares_sample(&c->model->shares, c->outputs + i * (size_t)c->model->shares.n * SHARES_SAMPLES,
		      c->records.signal[c->chosen[i]], c->scale + i * LEADS);
	shares_known(&c->model->shares, c->known + i * (size_t)c->model->shares.n,
		     c->records.signal[c->chosen[i]]);
}

/* Of the exemplars of which the share is known. */
static void set_threshold(void *context, int k)
{
	const struct choosing *c = context;
	size_t n = (size_t)c->model->map.n, n_shares = (size_t)c->model->shares.n,
	       n_bytes = SHARES_SAMPLES * sizeof(float), n_known = 0;
	float *of_kernel = die_malloc(n * n_bytes);
	for (size_t i = 0; i < n; i++)
		if (c->known[i * n_shares + (size_t)k])
			memcpy(of_kernel + n_known++ * SHARES_SAMPLES,
			       c->outputs + (i * n_shares + (size_t)k) * SHARES_SAMPLES, n_bytes);
	if (n_known)
		c->model->threshold[k] = shares_threshold(of_kernel, n_known * SHARES_SAMPLES,
							  c->model->shares.share[k].quantile);
	free(of_kernel);
}

static void describe(void *context, int task)
{
	const struct choosing *c = context;
	size_t i = (size_t)(c->first + task);
	exemplars_features(c->model, c->features + i * (size_t)c->model->map.dim,
			   c->records.signal[c->chosen[i]], c->scale + i * LEADS);
}

/* A share that is not known of an exemplar is the mean of those of which it is; 0 if it is of none. */
static void fill_unknown(const struct choosing *c)
{
	size_t n = (size_t)c->model->map.n, n_shares = (size_t)c->model->shares.n,
	       dim = (size_t)c->model->map.dim;
	for (size_t k = 0; k < n_shares; k++) {
		double sum = 0;
		size_t n_known = 0;
		for (size_t i = 0; i < n; i++)
			if (c->known[i * n_shares + k]) {
				sum += (double)c->features[i * dim + k];
				n_known++;
			}
		for (size_t i = 0; i < n; i++)
			if (!c->known[i * n_shares + k])
				c->features[i * dim + k] = n_known ? (float)(sum / (double)n_known) : 0;
	}
}

/* Over all exemplars; false if asked to stop. */
static bool run_all(struct choosing *c, void (*task)(void *context, int i), struct progress *progress)
{
	int n = c->model->map.n;
	for (c->first = 0; c->first < n; c->first += AT_ONCE) {
		int n_left = n - c->first, n_now = n_left < AT_ONCE ? n_left : AT_ONCE;
		if (*c->run->is_interrupted)
			return false;
		pool_run(task, c, n_now);
		progress_step(progress, (uint64_t)n_now);
	}
	return true;
}

static void show_share(void *context, double share)
{
	progress_at(context, (uint64_t)(100 * share));
}

static void compare(struct choosing *c)
{
	struct progress progress;
	progress_start(&progress, "pretrain: exemplars compared", "%", 100);
	nystrom_learn(&c->model->map, c->features, params_float(c->run->params, "bandwidth"), show_share,
		      &progress);
	progress_end(&progress);
}

static bool learn(struct choosing *c)
{
	struct progress progress;
	progress_start(&progress, "pretrain", "records", 2 * (uint64_t)c->model->map.n);
	bool is_whole = run_all(c, sample, &progress);
	if (is_whole) {
		pool_run(set_threshold, c, c->model->shares.n);
		is_whole = run_all(c, describe, &progress);
	}
	progress_end(&progress);
	if (is_whole) {
		fill_unknown(c);
		compare(c);
	}
	return is_whole && !*c->run->is_interrupted;
}

/* ---- the model ---- */

static void write_model(const struct choosing *c)
{
	static const char *const of_signals[] = {"classes", "statements", "dataset", SIGNALS_PREPARED};
	struct artifact_writer *w = c->run->output = artifact_create("model", 1);
	/* The encoder sees whole records, whatever the strategy cuts for others. */
	struct augment none = {.views = views_whole(&c->records.policy.views), .gain = 1};

	network_carry(w, c->signals, of_signals, sizeof of_signals / sizeof *of_signals);
	artifact_attribute(w, "views", views_json(&none.views));
	artifact_attribute(w, "augment", augment_json(&none));
	artifact_attribute(w, "seed", json_integer((json_int_t)c->model->seed));
	artifact_attribute(w, "records", json_integer((json_int_t)c->records.n));
	exemplars_write(c->model, w);
}

void exemplars_learn(struct stage_run *r, const struct artifact *views, const struct artifact *signals)
{
	struct choosing c = {.run = r, .signals = signals};
	if (team_rank(r->team) != 0)
		return;
	open(&c, views);
	warn("%zu records, %d exemplars, %d + %d kernels, %d threads", c.records.n, c.model->map.n,
	     c.model->n_everywhere, c.model->n_gated, pool_threads());
	if (learn(&c))
		write_model(&c);
	release(&c);
}
