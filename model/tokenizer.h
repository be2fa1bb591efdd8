/*
 * From a signal to tokens, one way per tower (docs/model.md, "Tokens").
 *	time:    [B,N,D], N = T/10: stem over all leads -> linear -> + sum of e_l over masked leads l
 *	         + sinusoidal position
 *	channel: [B,12,D]: stem per lead -> [mean, max] over time -> linear, or the mask token where masked,
 *	         + lead embedding
 * A masked lead thus shows as something learned, never as silence, and its samples are not read.
 */
#ifndef MODEL_TOKENIZER_H
#define MODEL_TOKENIZER_H

#include "model/linear.h"
#include "model/stem.h"

enum { TOKENIZER_LEADS = 12, TOKENIZER_STRIDE = 10 }; /* samples per time token */

struct tokenizer_time {
	int d, n;
	float rate_hz;
	struct stem stem;
	struct linear linear;
	int mask;	 /* [12,D] */
	float *position; /* [N,D] constant */
	float *one;	 /* [1] constant */
	float *absent;	 /* [B,12] 1 where masked */
	float *e, *de;	 /* scratch [B,D] */
	float *x;	 /* [B,N,D] */
};

/* p [n,d] in host memory: p[k,2i] = sin(w_i s), p[k,2i+1] = cos(w_i s): s = 10 k / rate seconds, the
 * centre of token k's window. */
void tokenizer_position(float *p, int n, int d, float rate_hz);

void tokenizer_time_declare(struct tokenizer_time *k, struct tensors *t, const char *name, int d, int samples,
			    float rate_hz);
/* position and one: the same for all that plan alike. */
void tokenizer_time_plan_constants(struct tokenizer_time *k, struct arena *a);
/* Returns x. */
float *tokenizer_time_plan(struct tokenizer_time *k, struct arena *a, int max_batch);
void tokenizer_time_plan_scratch(struct tokenizer_time *k, struct arena *a, const struct ops *ops,
				 int max_batch, bool is_training);
/* Once, after the arena has its memory. */
void tokenizer_time_constants(struct tokenizer_time *k, const struct ops *ops);
void tokenizer_time_forward(const struct tensors *t, const struct tokenizer_time *k, const float *x,
			    const uint8_t *keep, int batch);
void tokenizer_time_backward(const struct tensors *t, const struct tokenizer_time *k, const float *dx,
			     const float *x, const uint8_t *keep, int batch);

struct tokenizer_channel {
	int d;
	struct stem stem;
	struct linear linear;
	int mask, lead; /* [D], [12,D] */
	float *pooled;	/* [B*12,D] */
	int32_t *at;	/* [B*12,D/2] */
	float *dpooled; /* scratch */
	float *x;	/* [B,12,D] */
	/* Only kept leads pass through the stem: */
	uint8_t *keep;	 /* host memory, [max_batch*12] */
	bool is_listed;	 /* for the next forward pass, by tokenizer_channel_list */
	int32_t *places; /* ops memory: those with keep 1, ascending */
	int n_kept;
	/* Where operations are wide, groups of kept leads from each block's start (struct record_sums): */
	int32_t *sum_first, *sum_block; /* ops memory */
	int n_sums, n_blocks;
	/* What is sent there, from memory of alloc_host; the lists before may still be on their way. */
	struct tokenizer_lists {
		int32_t *kept, *first, *block;
	} lists[2];
	int turn; /* which of both is newer */
};

void tokenizer_channel_declare(struct tokenizer_channel *k, struct tensors *t, const char *name, int d,
			       int samples);
/* The lists of kept leads, for each copy of k its own. */
void tokenizer_channel_alloc(struct tokenizer_channel *k, const struct ops *ops, int max_batch);
void tokenizer_channel_release(struct tokenizer_channel *k, const struct ops *ops);
/* keep of the next forward pass's batch, in host memory, which then need not be fetched. */
void tokenizer_channel_list(const struct tensors *t, struct tokenizer_channel *k, const uint8_t *keep,
			    int batch);
float *tokenizer_channel_plan(struct tokenizer_channel *k, struct arena *a, int max_batch);
void tokenizer_channel_plan_scratch(struct tokenizer_channel *k, struct arena *a, const struct ops *ops,
				    int max_batch, bool is_training);
void tokenizer_channel_forward(const struct tensors *t, struct tokenizer_channel *k, const float *x,
			       const uint8_t *keep, int batch);
/* dx is changed. */
void tokenizer_channel_backward(const struct tensors *t, const struct tokenizer_channel *k, float *dx,
				const float *x, const uint8_t *keep, int batch);

#endif
