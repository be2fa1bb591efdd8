/*
 * Attention rollout (Abnar and Zuidema 2020, section 3) through a dual-view transformer: how much of
 * the embedding goes back to each of its N time tokens and 12 lead tokens, if attention were all
 * that moves information.
 *
 * One state over all N + 12 tokens; each layer i is a matrix with rows that sum to 1,
 *	self-attention:  [ (A_t + I)/2  0 ; 0  (A_c + I)/2 ]      cross block:  [ I/2  A_tc/2 ; A_ct/2  I/2 ]
 * A: the mean over heads; one half stands for the residual stream. Layers of the two towers lie side by side,
 * so towers of different depth are no matter. The embedding reads the last layer's tokens as the network
 * does: the mean over a tower's tokens, weighted by the gate. Relevance = that row times the matrices, last
 * to first; it sums to 1.
 *
 *	float r[batch * (N + 12)];
 *	rollout_relevance(r, d, batch);          // after dualview_forward of a d made with is_training
 */
#ifndef MODEL_ROLLOUT_H
#define MODEL_ROLLOUT_H

#include "model/dualview.h"

/* relevance [batch][N+12] in host memory, time tokens first. Both towers; batch: that of the last forward. */
void rollout_relevance(float *relevance, struct dualview *d, int batch);

/* One layer of it for one record: w becomes w times the matrix above. map [H][n][n], w [n]:
 * one tower's tokens. */
void rollout_self(double *w, const float *map, int n_heads, int n);
/* time_to_lead [H][N][L], lead_to_time [H][L][N]; w [N+L]. */
void rollout_cross(double *w, const float *time_to_lead, const float *lead_to_time, int n_heads, int n_tokens,
		   int n_leads);

#endif
