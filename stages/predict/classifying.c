#include "stages/predict/classifying.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "kernels/ops.h"
#include "model/config.h"
#include "stages/shared/device.h"
#include "stages/shared/network.h"
#include "stages/shared/signals.h"

/* ---- memory ---- */

static size_t rows_of(const struct classifying *c)
{
	return CLASSIFYING_RECORDS * (size_t)c->n_views;
}

static size_t input_of(const struct classifying *c)
{
	return LEADS * (size_t)views_input_samples(&c->policy.views);
}

/* All of it that lies in ops memory. */
static void allocate(struct classifying *c, const struct ops *ops)
{
	size_t rows = rows_of(c);
	if (!c->exemplars) {
		c->net = encoder_new_frozen(ops, &c->config, (int)rows, c->micro_batch);
		c->dim = c->net->dim;
		c->device_keep = ops->alloc(rows * LEADS);
		c->device_x = ops->alloc(rows * input_of(c) * sizeof *c->x);
	}
	c->head = classifier_new(ops, &(struct classifier_config){.dim = c->dim,
								  .n_extra = c->n_extra,
								  .n_classes = c->n_classes,
								  .is_multi = c->is_multi,
								  .max_rows = CLASSIFYING_RECORDS});
	c->device_h = ops->alloc(CLASSIFYING_RECORDS * (size_t)c->dim * sizeof *c->h);
}

static void release(struct classifying *c, const struct ops *ops)
{
	ops->release(c->device_x);
	ops->release(c->device_h);
	ops->release(c->device_keep);
	classifier_free(c->head);
	encoder_free(c->net);
}

static void make(const struct ops *ops, const void *settings)
{
	struct classifying c = *(const struct classifying *)settings;
	allocate(&c, ops);
	release(&c, ops);
}

static void fit(struct classifying *c)
{
	bool is_free = !c->exemplars && !encoder_has_statistics(&c->config);
	struct memory_need need = {.make = make,
				   .settings = c,
				   .micro_batch = is_free ? &c->micro_batch : NULL,
				   .n_views = (int)rows_of(c)};
	device_fit(c->ops, &need, "prediction", "take a smaller model");
}

/* ---- opening ---- */

static void open_network(struct classifying *c, const struct artifact *a)
{
	struct error e = {0};
	if (config_read(&c->config, artifact_get_attribute(a, "config"), &e) < 0)
		die("%s %s: %s", artifact_kind(a), artifact_id(a), error_text(&e));
	if (encoder_samples(&c->config) != views_input_samples(&c->policy.views))
		die("%s %s: its attributes contradict each other", artifact_kind(a), artifact_id(a));
}

static void open_exemplars(struct classifying *c, const struct artifact *a)
{
	c->exemplars = exemplars_open(a);
	c->dim = c->exemplars->map.n;
	if (c->exemplars->shares.samples != c->policy.views.samples ||
	    c->exemplars->shares.rate_hz != c->policy.views.rate_hz)
		die("%s %s: its attributes contradict each other", artifact_kind(a), artifact_id(a));
}

static void open_encoder(struct classifying *c, const struct artifact *a)
{
	c->ops = ops_chosen();
	signals_policy(&c->policy, a);
	c->n_views = views_n_fixed(&c->policy.views);
	if (exemplars_are_in(a))
		open_exemplars(c, a);
	else
		open_network(c, a);
}

/* n floats of table `weight`; yours to free. */
static float *read_floats(const struct artifact *head, const char *key, size_t n)
{
	struct artifact_value v = artifact_get(head, "weight", key, strlen(key));
	if (!v.bytes || v.n_bytes != n * sizeof(float))
		die("scores %s: %s of the classifier has %zu bytes, and the network asks for %zu; they do "
		    "not "
		    "belong together",
		    artifact_id(head), key, v.n_bytes, n * sizeof(float));
	float *x = die_malloc(n * sizeof *x + 1);
	memcpy(x, v.bytes, v.n_bytes);
	return x;
}

static void read_decision(struct classifying *c, const struct artifact *head)
{
	const json_t *weights = artifact_get_attribute(head, "decision_weight"), *weight;
	size_t i;
	if (json_array_size(weights) != (size_t)c->n_classes)
		die("scores %s: its decision weights are not one per class", artifact_id(head));
	c->weight = die_malloc((size_t)c->n_classes * sizeof *c->weight);
	json_array_foreach (weights, i, weight)
		c->weight[i] = json_number_value(weight);
}

static void open_head(struct classifying *c, const struct artifact *head)
{
	c->n_classes = (int)json_array_size(artifact_get_attribute(head, "classes"));
	c->is_multi = !strcmp(artifact_text(head, "labels"), "multi");
	c->n_extra = !strcmp(artifact_text(head, "features"), "embedding+scale") ? LEADS : 0;
	c->has_scale = c->n_extra || c->exemplars;
	if (c->n_classes < 2)
		die("scores %s: %d classes; expected two or more", artifact_id(head), c->n_classes);
	read_decision(c, head);
}

static void load_head(struct classifying *c, const struct artifact *head)
{
	size_t n = (size_t)c->n_classes, d = (size_t)(c->dim + c->n_extra);
	float *mean = read_floats(head, "mean", d), *scale = read_floats(head, "scale", d),
	      *weight = read_floats(head, "weight", n * d), *bias = read_floats(head, "bias", n);
	classifier_set(c->head, mean, scale, weight, bias);
	free(mean);
	free(scale);
	free(weight);
	free(bias);
}

struct classifying *classifying_open(const struct artifact *encoder, const struct artifact *head)
{
	struct classifying *c = die_calloc(1, sizeof *c);
	open_encoder(c, encoder);
	open_head(c, head);
	fit(c);
	allocate(c, c->ops);
	load_head(c, head);
	if (c->net) {
		network_load(c->net, encoder);
		c->x = die_malloc(rows_of(c) * input_of(c) * sizeof *c->x);
		c->rows = die_malloc(rows_of(c) * (size_t)c->dim * sizeof *c->rows);
		c->keep = die_malloc(rows_of(c) * LEADS);
	}
	c->h = die_malloc(CLASSIFYING_RECORDS * (size_t)c->dim * sizeof *c->h);
	return c;
}

void classifying_close(struct classifying *c)
{
	release(c, c->ops);
	exemplars_free(c->exemplars);
	free(c->x);
	free(c->keep);
	free(c->rows);
	free(c->h);
	free(c->weight);
	free(c);
}

/* ---- running ---- */

static void make_view(void *context, int task)
{
	struct classifying *c = context;
	int record = task / c->n_views;
	views_fixed(&c->policy.views, c->x + (size_t)task * input_of(c), c->batch->signal[record],
		    task % c->n_views);
	memcpy(c->keep + (size_t)task * LEADS, c->batch->there[record], LEADS);
}

/* c->h [n,dim]: mean embeddings of the records in hand. */
static void forward(struct classifying *c, int n)
{
	const struct ops *ops = c->ops;
	size_t rows = (size_t)n * (size_t)c->n_views, dim = (size_t)c->dim;
	pool_run(make_view, c, (int)rows);
	ops->upload(c->device_x, c->x, rows * input_of(c) * sizeof *c->x);
	ops->upload(c->device_keep, c->keep, rows * LEADS);
	encoder_forward(c->net, c->device_x, c->device_keep, (int)rows);
	ops->download(c->rows, c->net->h, rows * dim * sizeof *c->rows);
	for (size_t i = 0; i < (size_t)n; i++)
		encoder_mean_views(c->h + i * dim, c->rows + i * (size_t)c->n_views * dim, c->n_views,
				   (int)dim);
}

static void compare(void *context, int i)
{
	const struct classifying *c = context;
	exemplars_embed(c->exemplars, c->h + (size_t)i * (size_t)c->dim, c->batch->signal[i],
			c->batch->scale + (size_t)i * LEADS);
}

void classifying_run(struct classifying *c, float *probability, const struct classifying_batch *b)
{
	c->batch = b;
	if (c->exemplars)
		pool_run(compare, c, b->n);
	else
		forward(c, b->n);
	c->ops->upload(c->device_h, c->h, (size_t)b->n * (size_t)c->dim * sizeof *c->h);
	classifier_predict(c->head, probability, c->device_h, c->n_extra ? b->scale : NULL, b->n);
}
