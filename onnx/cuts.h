/*
 * The fixed views of records (ecg/views.h) as a graph, and the mean over them.
 *
 *	const char *x = cuts_views(g, &views, signal);          // [V*N,12,T], view after view
 *	const char *k = cuts_keep(g, &views, keep, signal);     // [V*N,12]
 *	... h [V*N,dim] ...
 *	h = cuts_mean(g, &views, h, dim);                       // [N,dim]
 */
#ifndef ONNX_CUTS_H
#define ONNX_CUTS_H

#include "ecg/views.h"
#include "onnx/graph.h"

/* signal [N,12,samples] of records. */
const char *cuts_views(struct graph *g, const struct views *v, const char *signal);
/* keep [N,12], or [1,12] for all N alike. */
const char *cuts_keep(struct graph *g, const struct views *v, const char *keep, const char *signal);
const char *cuts_mean(struct graph *g, const struct views *v, const char *h, int dim);

#endif
