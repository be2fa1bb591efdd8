/*
 * Which tokens of a view are hidden from an encoder that is to predict them, and rows that come and go: the
 * seen ones alone pass through the encoder, the predictor sees all places again (model/masked.h).
 *
 *	hiding_draw(is_seen, n, n_seen, block, &r);
 *	struct hiding h;
 *	hiding_init(&h, ops, 50, max_views, 64);
 *	hiding_set(&h, is_seen, n_views, n_seen);        // of each view as many
 *	struct hiding b = hiding_part(&h, 64 * i);       // of the views from there on
 *	hiding_gather(ops, seen, x, b.seen, n_views * b.n_seen, d);
 */
#ifndef MODEL_HIDING_H
#define MODEL_HIDING_H

#include "kernels/ops.h"
#include "numbers/philox.h"

struct hiding {
	int n, n_seen; /* tokens of a view, and those that are seen: 1..n-1 */
	/* ops memory, for views in parts that pass together; rows count from their part's first: */
	int32_t *seen,
		*hidden; /* [B,n_seen], [B,n-n_seen]: rows of [B,n] that are one or the other, ascending */
	int32_t *place;	 /* [B,n]: which row of these a token is */
	uint8_t *is_seen, *is_hidden; /* [B,n] */
	int part;		      /* views of one, but for the last */
	void *host;
};

/* is_seen [n]: n_seen ones, the other tokens hidden in runs of `block` or more (all in one, if they are
 * fewer). The number of runs is drawn evenly from those that fit; what is left goes to runs, and what is seen
 * to the gaps between them, token by token; a gap may be empty. Where it begins is drawn as well, and a run
 * that comes to the end goes on at the start: every token is seen equally often. */
void hiding_draw(uint8_t *is_seen, int n, int n_seen, int block, struct philox *r);

void hiding_init(struct hiding *h, const struct ops *ops, int n, int max_views, int part);
void hiding_release(struct hiding *h, const struct ops *ops);

/* is_seen [n_views][n], host memory, with n_seen ones each. */
void hiding_set(struct hiding *h, const struct ops *ops, const uint8_t *is_seen, int n_views, int n_seen);
/* The part that begins with view `first`. Borrows h. */
struct hiding hiding_part(const struct hiding *h, int first);

/* y [n_rows,d] = the rows of x [*,d] with these numbers. y may not be x. */
void hiding_gather(const struct ops *ops, float *y, const float *x, const int32_t *numbers, int n_rows,
		   int d);

#endif
