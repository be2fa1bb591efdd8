#include "statistics/attention_summary.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "numbers/dmath.h"

void attention_summary_init(struct attention_summary *g, int n_heads, int n_tokens, int n_leads,
			    int n_classes)
{
	*g = (struct attention_summary){
		.n_heads = n_heads, .n_tokens = n_tokens, .n_leads = n_leads, .n_classes = n_classes};
	g->n_of_class = die_calloc((size_t)n_classes + 1, sizeof *g->n_of_class);
	g->lead = die_calloc((size_t)(n_classes + 1) * (size_t)n_leads, sizeof *g->lead);
	g->time = die_calloc((size_t)n_tokens, sizeof *g->time);
}

/* Mean over n_rows rows of weights [n_rows][n] is added to sum; returns the mean entropy over ln n. */
static double add_rows(double *sum, const float *rows, int n_rows, int n)
{
	double entropy = 0, most = dmath_log((double)n);
	for (int r = 0; r < n_rows; r++)
		for (int k = 0; k < n; k++) {
			double p = (double)rows[r * n + k];
			sum[k] += p / n_rows;
			entropy -= p > 0 ? p * dmath_log(p) : 0;
		}
	return most > 0 ? entropy / (n_rows * most) : 1;
}

void attention_summary_add(struct attention_summary *g, const float *time_to_lead, const float *lead_to_time,
			   int class_index)
{
	double *one = die_calloc((size_t)g->n_leads, sizeof *one);
	g->lead_entropy += add_rows(one, time_to_lead, g->n_heads * g->n_tokens, g->n_leads);
	g->time_entropy += add_rows(g->time, lead_to_time, g->n_heads * g->n_leads, g->n_tokens);
	for (int l = 0; l < g->n_leads; l++) {
		g->lead[l] += one[l];
		if (class_index >= 0)
			g->lead[(class_index + 1) * g->n_leads + l] += one[l];
	}
	g->n++;
	if (class_index >= 0)
		g->n_of_class[class_index]++;
	free(one);
}

static json_t *means(const double *sum, int n, size_t count)
{
	json_t *out = json_array();
	for (int k = 0; k < n; k++)
		json_array_append_new(out, json_real(sum[k] / (double)count));
	return out;
}

json_t *attention_summary_json(const struct attention_summary *g, const json_t *classes)
{
	if (!g->n)
		return json_null();
	json_t *out = json_object(), *each = json_object();

	for (int c = 0; c < g->n_classes; c++)
		if (g->n_of_class[c])
			json_object_set_new(each, json_string_value(json_array_get(classes, (size_t)c)),
					    json_pack("{s:I, s:o}", "n", (json_int_t)g->n_of_class[c], "lead",
						      means(g->lead + (c + 1) * g->n_leads, g->n_leads,
							    g->n_of_class[c])));

	json_object_set_new(out, "n", json_integer((json_int_t)g->n));
	json_object_set_new(out, "lead", means(g->lead, g->n_leads, g->n));
	json_object_set_new(out, "time", means(g->time, g->n_tokens, g->n));
	json_object_set_new(out, "lead_entropy", json_real(g->lead_entropy / (double)g->n));
	json_object_set_new(out, "time_entropy", json_real(g->time_entropy / (double)g->n));
	json_object_set_new(out, "class", each);

	return out;
}

void attention_summary_release(struct attention_summary *g)
{
	free(g->n_of_class);
	free(g->lead);
	free(g->time);
}

void attention_summary_map(float *map, const float *time_to_lead, const float *lead_to_time, int n_heads,
			   int n_tokens, int n_leads)
{
	double *share = die_calloc((size_t)n_leads, sizeof *share);
	add_rows(share, time_to_lead, n_heads * n_tokens, n_leads);
	for (int l = 0; l < n_leads; l++)
		for (int t = 0; t < n_tokens; t++) {
			double sum = 0;
			for (int h = 0; h < n_heads; h++)
				sum += (double)lead_to_time[(h * n_leads + l) * n_tokens + t];
			map[l * n_tokens + t] = (float)(sum / n_heads * n_tokens * share[l] * n_leads);
		}
	free(share);
}
