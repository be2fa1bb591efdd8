#include "model/cross.h"

void cross_plan_scratch(const struct cross *c, struct arena *a, int max_batch)
{
	size_t end = transformer_plan_scratch(c->time, a, max_batch);
	arena_back(a, end);
	transformer_plan_scratch(c->channel, a, max_batch);
}

void cross_forward(const struct tensors *t, const struct cross *c, int batch)
{
	transformer_project(t, c->time, batch);
	transformer_project(t, c->channel, batch);
	transformer_attend(t, c->time, c->channel, batch);
	transformer_attend(t, c->channel, c->time, batch);
	transformer_finish(t, c->time, batch);
	transformer_finish(t, c->channel, batch);
}

void cross_backward(const struct tensors *t, const struct cross *c, float *dtime, float *dchannel, int batch)
{
	transformer_finish_backward(t, c->time, dtime, batch);
	transformer_finish_backward(t, c->channel, dchannel, batch);
	transformer_attend_backward(t, c->time, c->channel, batch);
	transformer_attend_backward(t, c->channel, c->time, batch);
	transformer_project_backward(t, c->time, dtime, batch);
	transformer_project_backward(t, c->channel, dchannel, batch);
}
