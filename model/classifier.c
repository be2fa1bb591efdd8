#include "model/classifier.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "numbers/dmath.h"

static size_t width(const struct classifier *c)
{
	return (size_t)c->config.dim + (size_t)c->config.n_extra;
}

struct classifier *classifier_new(const struct ops *ops, const struct classifier_config *config)
{
	struct classifier *c = die_calloc(1, sizeof *c);
	c->config = *config;
	size_t d = width(c), rows = (size_t)config->max_rows, n = (size_t)config->n_classes;
	tensors_init(&c->tensors, ops);
	c->linear = linear_declare(&c->tensors, "classifier", (int)d, config->n_classes, 0);
	tensors_alloc(&c->tensors, true);
	gradients_init(&c->gradients, &c->tensors, c->tensors.count);
	c->mean = die_calloc(d, sizeof *c->mean);
	c->inverse = die_calloc(d, sizeof *c->inverse);
	c->u = ops->alloc(rows * d * sizeof *c->u);
	c->du = ops->alloc(rows * d * sizeof *c->du);
	c->z = ops->alloc(rows * n * sizeof *c->z);
	c->dz = ops->alloc(rows * n * sizeof *c->dz);
	c->dh = ops->alloc(rows * (size_t)config->dim * sizeof *c->dh);
	c->host = die_malloc(rows * (d > n ? d : n) * sizeof *c->host);
	c->logits = die_malloc(n * sizeof *c->logits);
	c->loss = die_malloc((rows / BLOCKS_VIEWS + 1) * sizeof *c->loss);

	return c;
}

void classifier_free(struct classifier *c)
{
	if (!c)
		return;
	const struct ops *ops = c->tensors.ops;
	ops->release(c->u);
	ops->release(c->du);
	ops->release(c->z);
	ops->release(c->dz);
	ops->release(c->dh);
	gradients_release(&c->gradients);
	tensors_release(&c->tensors);
	free(c->mean);
	free(c->inverse);
	free(c->host);
	free(c->logits);
	free(c->loss);
	free(c);
}

void classifier_set(struct classifier *c, const float *mean, const float *scale, const float *weight,
		    const float *bias)
{
	const struct tensors *t = &c->tensors;
	size_t d = width(c), n = (size_t)c->config.n_classes;
	memcpy(c->mean, mean, d * sizeof *mean);
	for (size_t k = 0; k < d; k++)
		c->inverse[k] = scale[k] > 0 ? 1 / scale[k] : 0;
	t->ops->upload(tensors_weight(t, c->linear.weight), weight, n * d * sizeof *weight);
	t->ops->upload(tensors_weight(t, c->linear.bias), bias, n * sizeof *bias);
}

/* z = W u + b; h stands in the last rows of host first, so that rows can be spread from the front. */
static void forward(struct classifier *c, const float *h, const float *extra, int rows)
{
	const struct ops *ops = c->tensors.ops;
	size_t d = width(c), dim = (size_t)c->config.dim, n_extra = d - dim, n = (size_t)rows;
	float *packed = c->host + n * n_extra;

	ops->download(packed, h, n * dim * sizeof *h);
	for (size_t i = 0; i < n; i++) {
		float *u = c->host + i * d;
		memmove(u, packed + i * dim, dim * sizeof *u);
		if (n_extra)
			memcpy(u + dim, extra + i * n_extra, n_extra * sizeof *u);
		for (size_t k = 0; k < d; k++)
			u[k] = (u[k] - c->mean[k]) * c->inverse[k];
	}

	ops->upload(c->u, c->host, n * d * sizeof *c->u);
	linear_forward(&c->tensors, &c->linear, c->z, c->u, rows, NULL);
	ops->download(c->host, c->z, n * (size_t)c->config.n_classes * sizeof *c->z);
}

/* p [n] = softmax(z); returns log sum exp z. p may be z. */
static double softmax(double *p, const double *z, int n)
{
	double top = z[0], sum = 0;
	for (int k = 1; k < n; k++)
		top = z[k] > top ? z[k] : top;
	for (int k = 0; k < n; k++)
		sum += p[k] = dmath_exp(z[k] - top);
	for (int k = 0; k < n; k++)
		p[k] /= sum;
	return top + dmath_log(sum);
}

static double logistic(double z)
{
	double e = dmath_exp(z > 0 ? -z : z);
	return z > 0 ? 1 / (1 + e) : e / (1 + e);
}

/* log(1 + e^z) */
static double softplus(double z)
{
	return (z > 0 ? z : 0) + dmath_log1p(dmath_exp(z > 0 ? -z : z));
}

/* Loss of a row's logits, whose gradients replace them. */
static double loss_of(struct classifier *c, float *z, const uint8_t *truth)
{
	int n = c->config.n_classes;
	double loss = 0, *p = c->logits;
	for (int k = 0; k < n; k++) {
		p[k] = (double)z[k];
		loss += c->config.is_multi ? softplus(p[k]) - truth[k] * p[k] : -truth[k] * p[k];
	}
	if (!c->config.is_multi)
		loss += softmax(p, p, n);
	for (int k = 0; k < n; k++)
		z[k] = (float)((c->config.is_multi ? logistic(p[k]) : p[k]) - truth[k]);
	return loss;
}

static void backward(struct classifier *c, const struct blocks *b)
{
	const struct ops *ops = c->tensors.ops;
	size_t d = width(c), dim = (size_t)c->config.dim, n_classes = (size_t)c->config.n_classes,
	       rows = (size_t)blocks_own_views(b);

	gradients_begin(&c->gradients, b, 0, c->tensors.count);
	for (int i = b->first; i < b->end; i++) {
		size_t at = (size_t)(blocks_start(b, i) - blocks_start(b, b->first));
		gradients_leaf(&c->gradients);
		linear_backward(&c->tensors, &c->linear, c->du + at * d, c->dz + at * n_classes,
				c->u + at * d, blocks_views(b, i), NULL);
		gradients_push(&c->gradients);
	}
	gradients_total(&c->gradients);

	ops->download(c->host, c->du, rows * d * sizeof *c->du);
	for (size_t i = 0; i < rows; i++)
		for (size_t k = 0; k < dim; k++)
			c->host[i * dim + k] = c->host[i * d + k] * c->inverse[k];
	ops->upload(c->dh, c->host, rows * dim * sizeof *c->dh);
}

/* Sums of the losses of this process's blocks, whose rows' logits, in host, become gradients. */
static void block_losses(struct classifier *c, const struct blocks *b, const uint8_t *truth)
{
	size_t n_classes = (size_t)c->config.n_classes, row = 0;
	for (int i = b->first; i < b->end; i++) {
		c->loss[i] = 0;
		for (int k = blocks_views(b, i); k > 0; k--, row++)
			c->loss[i] += loss_of(c, c->host + row * n_classes, truth + row * n_classes);
	}
}

double classifier_loss(struct classifier *c, const struct blocks *b, const float *h, const float *extra,
		       const uint8_t *truth)
{
	size_t n_classes = (size_t)c->config.n_classes, rows = (size_t)blocks_own_views(b);
	double terms = (double)b->n_views * (c->config.is_multi ? (double)n_classes : 1);
	forward(c, h, extra, (int)rows);
	block_losses(c, b, truth);
	for (size_t k = 0; k < rows * n_classes; k++)
		c->host[k] = (float)((double)c->host[k] / terms);
	c->tensors.ops->upload(c->dz, c->host, rows * n_classes * sizeof *c->dz);
	backward(c, b);
	return blocks_sum_host(b, c->loss) / terms;
}

void classifier_predict(struct classifier *c, float *probability, const float *h, const float *extra,
			int rows)
{
	int n_classes = c->config.n_classes;
	double *p = c->logits;
	forward(c, h, extra, rows);
	for (int i = 0; i < rows; i++) {
		for (int k = 0; k < n_classes; k++)
			p[k] = (double)c->host[i * n_classes + k];
		if (!c->config.is_multi)
			softmax(p, p, n_classes);
		for (int k = 0; k < n_classes; k++)
			probability[i * n_classes + k] = (float)(c->config.is_multi ? logistic(p[k]) : p[k]);
	}
}
