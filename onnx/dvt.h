/*
 * The dual-view transformer (docs/model.md) as a graph.
 */
#ifndef ONNX_DVT_H
#define ONNX_DVT_H

#include "model/dualview.h"
#include "onnx/layer.h"

/* h [B,dim] from x [B,12,T] and keep [B,12], 1 where the lead is there, else 0; what x has of a lead that is
 * not there is not read. */
const char *dvt_graph(const struct layer_source *s, const struct dualview *d, const char *x,
		      const char *keep);

#endif
