/*
 * Convolutional stem: up to three times conv -> GroupNorm -> GELU over time, turning raw signals into
 * features. The time tower sees a record as one signal of 12 channels, the channel tower as 12 signals of one
 * channel.
 *
 * Convolutions pad (k-1)/2 zeros on both sides (k odd), so t_out = ceil(t_in/stride) and output j looks at
 * inputs around j*stride: PyTorch's Conv1d(padding=k//2). GroupNorm has 4 groups (Wu and He 2018), eps 1e-5.
 *
 * Signals are worked through in groups, whose buffers are scratch; or, where operations are wide, in many
 * groups at once. Nothing outlives a group: the backward
 * pass begins with its forward pass once more. A block's gradients are the sums of its groups, added in
 * ascending order, so how many signals a group has is part of their definition.
 */
#ifndef MODEL_STEM_H
#define MODEL_STEM_H

#include <stdbool.h>

#include "model/arena.h"
#include "model/tensors.h"

enum { STEM_GROUPS = 4, STEM_CONVS = 3 };

struct stem_conv {
	int c_in, c_out, k, stride;
	int t_in, t_out, t_pad, pad;
	int weight, bias, norm_weight, norm_bias; /* numbers of its tensors; weight [c_out,k,c_in] */
	/* scratch [group,t_out,c_out], [group,t_pad,c_in], [group,t_out,c_out] and on the way back
	 * [group,t_pad,c_in], [2*group*STEM_GROUPS] */
	float *y, *padded, *before, *stats;
};

struct stem {
	int n_convs, group; /* group: signals at a time */
	struct stem_conv conv[STEM_CONVS];
	float *features; /* scratch [group,t_out,c_out] of the last convolution, or of any on the way */
	float *dw_scratch;
};

/* One convolution more, on top of those there (or on signals of c_in channels and t samples, if
 * it is the first). */
void stem_declare(struct stem *s, struct tensors *t, const char *name, int t_in, int c_in, int c_out, int k,
		  int stride);
const struct stem_conv *stem_last(const struct stem *s);

/* All of it scratch. */
void stem_plan(struct stem *s, struct arena *a, const struct ops *ops, int max_signals, bool is_training);

/* Features of n signals, a group at most unless operations are wide, of x [*,c,t] into s->features.
 * numbers[i] (ops memory) is the i-th one's place in x; numbers NULL: place first + i. A channel with keep 0
 * reads as zeros. keep: [*,c]. */
void stem_forward(const struct tensors *t, const struct stem *s, const float *x, const uint8_t *keep,
		  const int32_t *numbers, int first, int n);
/* Adds to the gradients, given that of the features in s->features, after stem_forward of
 * the same signals. sums: which signals are groups, and of which block; NULL: they are one. */
void stem_backward(const struct tensors *t, const struct stem *s, int n, const struct record_sums *sums);

#endif
