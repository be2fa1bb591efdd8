/*
 * The residual network (docs/model.md) as a graph, with BatchNorm's running statistics.
 */
#ifndef ONNX_RESNET_H
#define ONNX_RESNET_H

#include "model/resnet18.h"
#include "onnx/layer.h"

/* h [B,dim] from x [B,12,T] and keep [B,12], 1 where the lead is there, else 0: it is zeros then. */
const char *resnet_graph(const struct layer_source *s, const struct resnet18 *r, const char *x,
			 const char *keep);

#endif
