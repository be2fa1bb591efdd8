/*
 * AdamW with a learning rate of its own for every tensor, so that what is near the input, and general, moves
 * less than what is near the labels (layer-wise decay; Howard and Ruder 2018, Clark et al. 2020).
 *
 *	float rate[net->tensors->n];
 *	layerwise_rates(rate, net, 0.75f);      // decay^(depth from the top), 1 for the last group
 *	float norm = layerwise_norm(parts, 2);  // of several optimizers together
 *	layerwise_step(&o, rate, lr, norm);
 */
#ifndef MODEL_LAYERWISE_H
#define MODEL_LAYERWISE_H

#include "model/encoder.h"
#include "model/optimizer.h"

/* rate [tensors->n]: decay^(encoder_depths() - 1 - encoder_depth(tensor)). */
void layerwise_rates(float *rate, const struct encoder *net, float decay);

/* Euclidean norm of the gradients of n optimizers' tensors together. */
float layerwise_norm(const struct optimizer *const *o, int n);

/* One step of o: tensor i at lr * rate[i] (rate NULL: all ones), gradients scaled by min(1, max_norm/norm),
 * where norm is finite. */
void layerwise_step(struct optimizer *o, const float *rate, float lr, float norm);

#endif
