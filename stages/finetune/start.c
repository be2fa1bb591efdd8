#include "stages/finetune/start.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/scratch.h"
#include "model/config.h"
#include "stages/shared/device.h"
#include "stages/shared/network.h"
#include "statistics/probe.h"

enum { RECORDS = 64 }; /* that are looked at together */

static struct encoder_config config_of(const struct tuning *s)
{
	struct encoder_config c;
	struct error e = {0};
	if (config_read(&c, artifact_get_attribute(s->model, "config"), &e) < 0)
		die("model %s: %s", artifact_id(s->model), error_text(&e));
	if (encoder_samples(&c) != views_input_samples(&s->examples.policy.views))
		die("model %s: its attributes contradict each other", artifact_id(s->model));
	return c;
}

void start_network(struct tuning *s, int batch)
{
	const struct params *p = s->run->params;
	struct finetune_settings f = {.n_classes = s->judge.n_classes,
				      .n_extra = s->examples.n_extra,
				      .is_multi = s->judge.is_multi,
				      .max_rows = 2 * batch,
				      .max_records = RECORDS,
				      .n_views = views_n_fixed(&s->examples.policy.views),
				      .lr = (float)params_float(p, "lr"),
				      .encoder_lr = (float)params_float(p, "encoder_lr"),
				      .decay = (float)params_float(p, "layer_decay"),
				      .optimizer = {.weight_decay = (float)params_float(p, "weight_decay"),
						    .max_norm = (float)params_float(p, "clip")},
				      .team = s->run->team};

	f.net = s->is_scratch ? network_config(p, &s->examples.policy.views) : config_of(s);
	if (s->is_scratch) { /* nothing learned before is to be kept */
		f.encoder_lr = f.lr;
		f.decay = 1;
	}

	struct memory_need need = finetune_need(&f);
	device_fit(ops_chosen(), &need, "fine-tuning", "make finetune.batch or pretrain.model smaller");
	s->net = finetune_new(ops_chosen(), &f);
}

static void draw_weights(struct tuning *s, uint64_t seed)
{
	encoder_init(s->net->net, seed);
	finetune_sync(s->net);
	examples_set_statistics(&s->examples, s->net);
}

static void load_weights(struct tuning *s)
{
	network_load(s->net->net, s->model);
	finetune_sync(s->net);
}

static void read_weight(const struct tuning *s, float *to, const char *key, size_t n)
{
	struct artifact_value v = artifact_get(s->probe, "weight", key, strlen(key));
	if (!v.bytes || v.n_bytes != n * sizeof *to)
		die("scores %s: %s has %zu bytes, expected %zu", artifact_id(s->probe), key, v.n_bytes,
		    n * sizeof *to);
	memcpy(to, v.bytes, v.n_bytes);
}

static void round_to(float *to, const double *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (float)from[i];
}

static struct probe fit(const struct tuning *s, const struct rows rows[PROBE_PARTS])
{
	struct probe p;
	struct probe_data data = judge_data(&s->judge);
	probe_fit(&p, &data, rows,
		  &(struct probe_options){1e-5, 100, 15, params_bool(s->run->params, "class_offset"), NULL});
	return p;
}

/* A probe of this encoder on these labels alone: the published one has seen more labels,
 * or another encoder. */
static struct probe fit_probe(struct tuning *s)
{
	struct rows rows[PROBE_PARTS];
	float *h[PROBE_PARTS];
	size_t d = (size_t)(s->net->net->dim + s->examples.n_extra);
	for (int k = 0; k < PROBE_PARTS; k++) {
		h[k] = scratch_new((s->examples.n[k] * d + 1) * sizeof(float));
		examples_features(&s->examples, s->net, k, h[k]);
		rows[k] = rows_in_memory(h[k], s->examples.n[k], (int)d);
	}
	struct probe p = fit(s, rows);
	for (int k = 0; k < PROBE_PARTS; k++)
		scratch_free(h[k], (s->examples.n[k] * d + 1) * sizeof(float));
	return p;
}

static void keep(struct tuning *s, int arm, const struct probe *p)
{
	size_t n_classes = (size_t)s->judge.n_classes;
	s->weight[arm] = die_malloc(n_classes * sizeof(double));
	for (int k = PROBE_VALIDATION; k < PROBE_PARTS; k++) {
		size_t n_bytes = s->examples.n[k] * n_classes * sizeof(float);
		s->probability[arm][k] = die_malloc(n_bytes + 1);
		memcpy(s->probability[arm][k], p->probability[k], n_bytes);
	}
}

void start_judge(struct tuning *s, int arm, const struct rows features[PROBE_PARTS])
{
	struct probe p = fit(s, features);
	keep(s, arm, &p);
	probe_release(&p);
}

/* What the untrained encoder is worth on the same labels. */
static void judge_random(struct tuning *s)
{
	draw_weights(s, (uint64_t)artifact_integer(s->model, "seed"));
	struct probe p = fit_probe(s);
	keep(s, RANDOM, &p);
	probe_release(&p);
}

void start_weights(struct tuning *s)
{
	if (s->is_scratch) {
		draw_weights(s, s->examples.policy.seed);
		return;
	}
	judge_random(s);
	load_weights(s);
}

void start_head(struct tuning *s)
{
	size_t d = (size_t)(s->net->net->dim + s->examples.n_extra), n = (size_t)s->judge.n_classes;
	float *weight = die_malloc(n * d * sizeof *weight), *bias = die_malloc(n * sizeof *bias);

	s->mean = die_malloc(d * sizeof *s->mean);
	s->scale = die_malloc(d * sizeof *s->scale);
	if (s->is_scratch || params_float(s->run->params, "label_fraction") < 1) {
		struct probe p = fit_probe(s);
		round_to(s->mean, p.scaler.mean, d);
		round_to(s->scale, p.scaler.scale, d);
		round_to(weight, p.coefficient, n * d);
		round_to(bias, p.bias, n);
		probe_release(&p);
	} else {
		read_weight(s, s->mean, "mean", d);
		read_weight(s, s->scale, "scale", d);
		read_weight(s, weight, "weight", n * d);
		read_weight(s, bias, "bias", n);
	}

	classifier_set(s->net->head, s->mean, s->scale, weight, bias);
	free(weight);
	free(bias);
}

void start_predict(struct tuning *s, int arm)
{
	size_t n_classes = (size_t)s->judge.n_classes;
	s->weight[arm] = die_malloc(n_classes * sizeof(double));
	for (int k = PROBE_VALIDATION; k < PROBE_PARTS; k++) {
		s->probability[arm][k] = die_malloc((s->examples.n[k] * n_classes + 1) * sizeof(float));
		examples_predict(&s->examples, s->net, k, s->probability[arm][k]);
	}
}
