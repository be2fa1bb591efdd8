/*
 * Bidirectional cross-attention: the time tokens attend to the leads' and the leads' to the time
 * tokens', both from the block's input, then each its own FFN. Each side is a transformer layer whose
 * queries are its own and whose keys and values are the other side's; one norm and one qkv map per side
 * serve both directions.
 *	n_t = norm(t), n_c = norm(c);  t' = t + out_t(attention(q_t(n_t), k_c(n_c), v_c(n_c))), c' likewise;
 *	FFN as usual.
 */
#ifndef MODEL_CROSS_H
#define MODEL_CROSS_H

#include "model/transformer.h"

/* Both sides' plans are made with transformer_plan(..., keeps_qkv true). Their scratches exist at once, but
 * for the time side's `before`: when that has been read the channel side's begins, in its place. */
struct cross {
	struct transformer_layer *time, *channel;
};

void cross_plan_scratch(const struct cross *c, struct arena *a, int max_batch);
void cross_forward(const struct tensors *t, const struct cross *c, int batch);
/* dtime, dchannel: gradients of the outputs on entry, of the inputs on return. */
void cross_backward(const struct tensors *t, const struct cross *c, float *dtime, float *dchannel, int batch);

#endif
