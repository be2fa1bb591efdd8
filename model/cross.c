#include "model/cross.h"

static int chunk_of(const struct cross *c)
{
	return transformer_chunk(c->time->n > c->channel->n ? c->time->n : c->channel->n);
}

void cross_plan_scratch(const struct cross *c, struct arena *a, int max_batch)
{
	int chunk = chunk_of(c) < max_batch ? chunk_of(c) : max_batch;
	transformer_plan_scratch(c->time, a, chunk);
	transformer_plan_scratch(c->channel, a, chunk);
}

void cross_forward(const struct tensors *t, const struct cross *c, int batch)
{
	int chunk = chunk_of(c);
	for (int i = 0; i < batch; i += chunk) {
		struct transformer_layer time = transformer_part(c->time, i),
					 channel = transformer_part(c->channel, i);
		int n = batch - i < chunk ? batch - i : chunk;
		transformer_project(t, &time, n);
		transformer_project(t, &channel, n);
		transformer_attend(t, &time, &channel, n);
		transformer_attend(t, &channel, &time, n);
		transformer_finish(t, &time, n);
		transformer_finish(t, &channel, n);
	}
}

void cross_backward(const struct tensors *t, const struct cross *c, float *dtime, float *dchannel, int batch)
{
	int chunk = chunk_of(c);
	for (int i = 0; i < batch; i += chunk) {
		struct transformer_layer time = transformer_part(c->time, i),
					 channel = transformer_part(c->channel, i);
		int n = batch - i < chunk ? batch - i : chunk;
		float *dt = dtime + (size_t)i * (size_t)time.n * (size_t)time.d,
		      *dc = dchannel + (size_t)i * (size_t)channel.n * (size_t)channel.d;
		transformer_finish_backward(t, &time, dt, n);
		transformer_finish_backward(t, &channel, dc, n);
		transformer_attend_backward(t, &time, &channel, n);
		transformer_attend_backward(t, &channel, &time, n);
		transformer_project_backward(t, &time, dt, n);
		transformer_project_backward(t, &channel, dc, n);
	}
}
