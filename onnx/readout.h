/*
 * The linear classifier of scores (table `weight`, docs/probe.md) as a graph:
 *	u = ([h, scale] - mean) / deviation  (0 where that is 0),  z = W u + b,  softmax or logistic function
 *
 *	struct readout r;
 *	if (readout_open(&r, scores, dim, &e) < 0) ...
 *	const char *p = readout_graph(g, &r, h, scale);
 */
#ifndef ONNX_READOUT_H
#define ONNX_READOUT_H

#include <stdbool.h>

#include "common/error.h"
#include "onnx/graph.h"
#include "store/artifact.h"

struct readout {
	const struct artifact *scores;
	int n_classes, dim, n_scale; /* n_scale: 12 log-std behind the embedding, or 0 */
	bool is_multi;		     /* any number of classes per record */
};

/* 0, or -1 with e filled: the classifier reads embeddings of another width than dim, or is not whole. */
int readout_open(struct readout *r, const struct artifact *scores, int dim, struct error *e);

/* probability [N,n_classes] from h [N,dim] and scale [N,12] (n_scale 0: not read). */
const char *readout_graph(struct graph *g, const struct readout *r, const char *h, const char *scale);

#endif
