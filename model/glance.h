/*
 * What the last cross block looks at, averaged over many records: how much of the time tokens' attention each lead gets,
 * how much of the leads' attention each moment gets, and how selective both are.
 *
 *	struct glance g;
 *	glance_init(&g, 4, 50, 12, n_classes);
 *	glance_add(&g, time_to_lead, lead_to_time, class);      // for each record's maps; class -1: none
 *	json_t *averages = glance_json(&g, classes, lead_names);
 */
#ifndef MODEL_GLANCE_H
#define MODEL_GLANCE_H

#include <jansson.h>
#include <stddef.h>

struct glance {
	int n_heads, n_tokens, n_leads, n_classes;
	size_t n, *n_of_class;
	double *lead;			   /* [1 + n_classes][n_leads] sums: all records, then by class */
	double *time;			   /* [n_tokens] */
	double lead_entropy, time_entropy; /* sums of entropies over ln(number of keys): 1 is uniform */
};

void glance_init(struct glance *g, int n_heads, int n_tokens, int n_leads, int n_classes);
/* time_to_lead [H][N][L], lead_to_time [H][L][N]; rows sum to 1. */
void glance_add(struct glance *g, const float *time_to_lead, const float *lead_to_time, int class_index);
/* {"n","lead":[L],"time":[N],"lead_entropy","time_entropy","class":{NAME:{"n","lead":[L]}}}; null without records. */
json_t *glance_json(const struct glance *g, const json_t *classes);
void glance_release(struct glance *g);

/* map [L][N] for a picture: the attention lead_to_time pays to each moment, averaged over heads and scaled by the share
 * of time_to_lead that the lead gets; mean 1 if nothing is preferred. */
void glance_map(float *map, const float *time_to_lead, const float *lead_to_time, int n_heads, int n_tokens,
		int n_leads);

#endif
