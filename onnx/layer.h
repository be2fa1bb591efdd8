/*
 * What encoders are made of, as nodes of a graph: the layers of model/, with the weights an artifact holds.
 *
 *	struct layer_source s = {g, e->tensors, model};
 *	const char *y = layer_linear(&s, &head->linear, x);
 *
 * Tensors are found by name; one that is absent or of another size is the end: the artifact is not what its
 * attribute `config` says. B below is records times views.
 */
#ifndef ONNX_LAYER_H
#define ONNX_LAYER_H

#include "model/linear.h"
#include "model/norm.h"
#include "model/tensors.h"
#include "onnx/graph.h"
#include "store/artifact.h"

struct layer_source {
	struct graph *g;
	const struct tensors *tensors; /* their names and shapes */
	const struct artifact *holder; /* table `tensor` */
};

/* Tensor number i as it is; or with its last two axes exchanged, which makes W [out,in] of x W^T one of x W,
 * and a kernel [out,tap,in] the [out,in,tap] of operator Conv. */
const char *layer_tensor(const struct layer_source *s, int i);
const char *layer_exchanged(const struct layer_source *s, int i);
/* Tensor i, of [n], as [n,1]: one number per channel of [B,n,T]. */
const char *layer_column(const struct layer_source *s, int i);
/* What tensor i holds, [count] float32, not aligned. */
const void *layer_values(const struct layer_source *s, int i);

/* x [...,in] -> [...,out] */
const char *layer_linear(const struct layer_source *s, const struct linear *l, const char *x);
/* LayerNorm over the last axis. */
const char *layer_norm(const struct layer_source *s, const struct norm *n, const char *x);
/* x Phi(x), exact. */
const char *layer_gelu(struct graph *g, const char *x);
/* [mean, max] over an axis that goes: [B,N,D], axis 1 -> [B,2D]. */
const char *layer_mean_max(struct graph *g, const char *x, int axis);
/* x [B,c_in,T] -> [B,c_out,ceil(T/stride)], (k-1)/2 zeros on both sides; bias -1: none. */
const char *layer_conv(const struct layer_source *s, int weight, int bias, int k, int stride, const char *x);

/* x from `start` on (it must be there) to before `end`, each `step`-th, along an axis. */
const char *layer_slice(struct graph *g, const char *x, int axis, int64_t start, int64_t end, int64_t step);

#endif
