#include "stages/embed/inspect.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/lead.h"

struct inspect {
	struct artifact_writer *out;
	struct encoder *net; /* keeps its activations, which rollout reads */
	int n_views, attention, rollout, masked;
	size_t n_view, n_map, n_tokens; /* floats of a view and of one map; time tokens and leads */
	float *to_lead, *to_time, *relevance, *maps;
	float *x, *h, *mean; /* x, h: ops memory and host */
	uint8_t *keep;	     /* ops memory [13*n_views][12] */
};

/* Rows of the record as it is, then with each lead masked. */
static void put_keep(struct inspect *i, const uint8_t there[LEADS])
{
	size_t n_views = (size_t)i->n_views, n = (1 + LEADS) * n_views;
	uint8_t *keep = die_malloc(n * LEADS);
	for (size_t row = 0; row < n; row++) {
		uint8_t *at = keep + row * LEADS;
		memcpy(at, there, LEADS);
		if (row >= n_views)
			at[row / n_views - 1] = 0;
		if (!memchr(at, 1, LEADS))
			memcpy(at, there, LEADS);
	}
	i->net->ops->upload(i->keep, keep, n * LEADS);
	free(keep);
}

struct inspect *inspect_new(const struct ops *ops, const struct encoder_config *config, int n_views)
{
	int n_heads, n_tokens;
	if (!encoder_has_attention(config, &n_heads, &n_tokens))
		return NULL;
	struct inspect *i = die_calloc(1, sizeof *i);
	struct encoder_config c = *config;
	size_t rows = LEADS * (size_t)n_views;
	encoder_set(&c, "projector_out", 0);
	i->n_views = n_views;
	i->net = encoder_new(ops, &c, (int)rows, true);
	i->n_view = LEADS * (size_t)encoder_samples(&c);
	i->n_map = (size_t)n_heads * (size_t)n_tokens * LEADS;
	i->n_tokens = (size_t)n_tokens + LEADS;
	i->to_lead = die_malloc((size_t)n_views * i->n_map * sizeof(float));
	i->to_time = die_malloc((size_t)n_views * i->n_map * sizeof(float));
	i->relevance = die_malloc((size_t)n_views * i->n_tokens * sizeof(float));
	i->maps = die_malloc(2 * i->n_map * sizeof(float));
	i->x = ops->alloc(rows * i->n_view * sizeof(float));
	i->h = die_malloc(rows * (size_t)i->net->dim * sizeof(float));
	i->mean = die_malloc((size_t)i->net->dim * sizeof(float));
	i->keep = ops->alloc((1 + LEADS) * (size_t)n_views * LEADS);

	return i;
}

void inspect_begin(struct inspect *i, struct artifact_writer *w, const struct encoder *trained)
{
	int n_heads, n_tokens;
	encoder_has_attention(&trained->config, &n_heads, &n_tokens);
	encoder_copy(i->net, trained);
	i->out = w;
	i->attention = artifact_table(w, "attention");
	i->rollout = artifact_table(w, "rollout");
	i->masked = artifact_table(w, "masked");
	artifact_attribute(w, "attention_maps",
			   json_pack("[{s:s, s:[i,i,i]}, {s:s, s:[i,i,i]}]", "name", "time_to_lead", "shape",
				     n_heads, n_tokens, LEADS, "name", "lead_to_time", "shape", n_heads,
				     LEADS, n_tokens));
}

static void put_maps(struct inspect *i, uint64_t record)
{
	for (int v = 0; v < i->n_views; v++) {
		memcpy(i->maps, i->to_lead + (size_t)v * i->n_map, i->n_map * sizeof(float));
		memcpy(i->maps + i->n_map, i->to_time + (size_t)v * i->n_map, i->n_map * sizeof(float));
		artifact_put_part(i->out, i->attention, record, v, i->maps, 2 * i->n_map);
		artifact_put_part(i->out, i->rollout, record, v, i->relevance + (size_t)v * i->n_tokens,
				  i->n_tokens);
	}
}

/* Rows of h: lead after lead, each in all views. */
static void put_masked(struct inspect *i, uint64_t record)
{
	size_t dim = (size_t)i->net->dim, n_views = (size_t)i->n_views;
	for (size_t l = 0; l < LEADS; l++) {
		for (size_t k = 0; k < dim; k++) {
			float sum = i->h[l * n_views * dim + k];
			for (size_t v = 1; v < n_views; v++)
				sum += i->h[(l * n_views + v) * dim + k];
			i->mean[k] = sum / (float)n_views;
		}
		artifact_put_part(i->out, i->masked, record, (int)l, i->mean, dim);
	}
}

void inspect_record(struct inspect *i, uint64_t record, const float *x, const uint8_t there[LEADS])
{
	const struct ops *ops = i->net->ops;
	size_t n = (size_t)i->n_views * i->n_view;
	for (size_t l = 0; l < LEADS; l++)
		ops->upload(i->x + l * n, x, n * sizeof *x);
	put_keep(i, there);
	encoder_forward(i->net, i->x, i->keep, i->n_views);
	encoder_attention(i->net, i->to_lead, i->to_time);
	encoder_rollout(i->net, i->relevance, i->n_views);
	put_maps(i, record);
	encoder_forward(i->net, i->x, i->keep + (size_t)i->n_views * LEADS, LEADS * i->n_views);
	ops->download(i->h, i->net->h, LEADS * (size_t)i->n_views * (size_t)i->net->dim * sizeof *i->h);
	put_masked(i, record);
}

void inspect_free(struct inspect *i)
{
	if (!i)
		return;
	i->net->ops->release(i->x);
	i->net->ops->release(i->keep);
	encoder_free(i->net);
	free(i->to_lead);
	free(i->to_time);
	free(i->relevance);
	free(i->maps);
	free(i->h);
	free(i->mean);
	free(i);
}
