#include "stages/predict/classifying.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "kernels/ops.h"
#include "stages/shared/device.h"
#include "stages/shared/signals.h"

/* ---- memory ---- */

/* All of it that lies in ops memory. */
static void allocate(struct classifying *c, struct encoding *e, const struct ops *ops)
{
	encoding_allocate(e, ops);
	c->head = classifier_new(ops, &(struct classifier_config){.dim = e->dim,
								  .n_extra = c->n_extra,
								  .n_classes = c->n_classes,
								  .is_multi = c->is_multi,
								  .max_rows = CLASSIFYING_RECORDS});
	c->device_h = ops->alloc(CLASSIFYING_RECORDS * (size_t)e->dim * sizeof *c->h);
}

static void release(struct classifying *c, struct encoding *e)
{
	const struct ops *ops = e->ops;
	ops->release(c->device_h);
	classifier_free(c->head);
	encoding_release(e);
}

static void make(const struct ops *ops, const void *settings)
{
	struct classifying c = *(const struct classifying *)settings;
	struct encoding e = *c.encoding;
	allocate(&c, &e, ops);
	release(&c, &e);
}

static void fit(struct classifying *c)
{
	int n_views = encoding_views(c->encoding);
	bool is_free = n_views && !encoding_has_statistics(c->encoding);
	struct memory_need need = {.make = make,
				   .settings = c,
				   .micro_batch = is_free ? &c->encoding->micro_batch : NULL,
				   .n_views = n_views};
	device_fit(ops_chosen(), &need, "prediction", "take a smaller model");
}

/* ---- opening ---- */

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
	c->has_scale = c->n_extra || c->encoding->has_scale;
	if (c->n_classes < 2)
		die("scores %s: %d classes; expected two or more", artifact_id(head), c->n_classes);
	read_decision(c, head);
}

static void load_head(struct classifying *c, const struct artifact *head)
{
	size_t n = (size_t)c->n_classes, d = (size_t)(c->encoding->dim + c->n_extra);
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
	signals_policy(&c->policy, encoder);
	c->encoding = encoding_open(encoder);
	open_head(c, head);
	fit(c);
	allocate(c, c->encoding, ops_chosen());
	load_head(c, head);
	encoding_load(c->encoding);
	c->h = die_malloc(CLASSIFYING_RECORDS * (size_t)c->encoding->dim * sizeof *c->h);
	return c;
}

void classifying_close(struct classifying *c)
{
	release(c, c->encoding);
	encoding_close(c->encoding);
	free(c->h);
	free(c->weight);
	free(c);
}

/* ---- running ---- */

void classifying_run(struct classifying *c, float *probability, const struct encoding_batch *b)
{
	const struct ops *ops = c->encoding->ops;
	encoding_run(c->encoding, c->h, b);
	ops->upload(c->device_h, c->h, (size_t)b->n * (size_t)c->encoding->dim * sizeof *c->h);
	classifier_predict(c->head, probability, c->device_h, c->n_extra ? b->scale : NULL, b->n);
}
