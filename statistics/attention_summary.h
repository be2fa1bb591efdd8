/*
 * What the last cross block looks at, averaged over many records: how much of the time tokens' attention each
 * lead gets, how much of the leads' attention each moment gets, and how selective both are.
 *
 *	struct attention_summary g;
 *	attention_summary_init(&g, 4, 50, 12, n_classes);
 *	attention_summary_add(&g, time_to_lead, lead_to_time, class); // each record; class -1: none
 *	json_t *averages = attention_summary_json(&g, classes);
 */
#ifndef STATISTICS_ATTENTION_SUMMARY_H
#define STATISTICS_ATTENTION_SUMMARY_H

#include <jansson.h>
#include <stddef.h>

struct attention_summary {
	int n_heads, n_tokens, n_leads, n_classes;
	size_t n, *n_of_class;
	double *lead;			   /* [1 + n_classes][n_leads] sums: all records, then by class */
	double *time;			   /* [n_tokens] */
	double lead_entropy, time_entropy; /* sums of entropies over ln(number of keys): 1 is uniform */
};

void attention_summary_init(struct attention_summary *g, int n_heads, int n_tokens, int n_leads,
			    int n_classes);
/* time_to_lead [H][N][L], lead_to_time [H][L][N]; rows sum to 1. */
void attention_summary_add(struct attention_summary *g, const float *time_to_lead, const float *lead_to_time,
			   int class_index);
/* {"n","lead":[L],"time":[N],"lead_entropy","time_entropy","class":{NAME:{"n","lead":[L]}}};
 * null without records. */
json_t *attention_summary_json(const struct attention_summary *g, const json_t *classes);
void attention_summary_release(struct attention_summary *g);

/* map [L][N] for a picture: the attention lead_to_time pays to each moment, averaged over heads and scaled by
 * the share of time_to_lead that the lead gets; mean 1 if nothing is preferred. */
void attention_summary_map(float *map, const float *time_to_lead, const float *lead_to_time, int n_heads,
			   int n_tokens, int n_leads);

#endif
