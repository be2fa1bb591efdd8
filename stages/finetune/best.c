#include "stages/finetune/best.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"

enum { NETS = 2 }; /* encoder and classifier */

static const struct tensors *tensors_of(const struct best *b, int i)
{
	return i == 0 ? b->net->net->tensors : &b->net->head->tensors;
}

static size_t bytes_of(const struct best *b, int i)
{
	return tensors_of(b, i)->count * sizeof(float);
}

static bool has_averages(const struct best *b)
{
	return b->share < 1;
}

void best_init(struct best *b, struct finetune *net, float share)
{
	*b = (struct best){.net = net, .share = share};
	for (int i = 0; i < NETS; i++)
		b->best[i] = die_malloc(bytes_of(b, i));
	best_keep(b, 0, 0);
	if (!has_averages(b))
		return;

	size_t net_bytes = bytes_of(b, 0), head_bytes = bytes_of(b, 1);
	b->spare = die_malloc(net_bytes > head_bytes ? net_bytes : head_bytes);
	for (int i = 0; i < NETS; i++) {
		b->mean[i] = die_malloc(bytes_of(b, i));
		memcpy(b->mean[i], b->best[i], bytes_of(b, i));
	}
}

void best_release(struct best *b)
{
	for (int i = 0; i < NETS; i++) {
		free(b->best[i]);
		free(b->mean[i]);
	}
	free(b->spare);
}

void best_follow(struct best *b)
{
	for (int i = 0; i < NETS && has_averages(b); i++) {
		const struct tensors *t = tensors_of(b, i);
		t->ops->download(b->spare, t->weights, t->count * sizeof *b->spare);
		for (size_t k = 0; k < t->count; k++)
			b->mean[i][k] = b->mean[i][k] + b->share * (b->spare[k] - b->mean[i][k]);
	}
}

void best_exchange(struct best *b)
{
	for (int i = 0; i < NETS && has_averages(b); i++) {
		const struct tensors *t = tensors_of(b, i);
		t->ops->download(b->spare, t->weights, bytes_of(b, i));
		t->ops->upload(t->weights, b->mean[i], bytes_of(b, i));
		memcpy(b->mean[i], b->spare, bytes_of(b, i));
	}
}

void best_keep(struct best *b, int64_t epoch, double auroc)
{
	b->state.epoch = epoch;
	b->state.auroc = auroc;
	for (int i = 0; i < NETS; i++)
		b->net->ops->download(b->best[i], tensors_of(b, i)->weights, bytes_of(b, i));
}

void best_restore(struct best *b)
{
	for (int i = 0; i < NETS; i++)
		b->net->ops->upload(tensors_of(b, i)->weights, b->best[i], bytes_of(b, i));
	finetune_sync(b->net);
}

const float *best_head(const struct best *b)
{
	return b->best[1];
}

int best_parts(struct best *b, struct checkpoint_part *parts)
{
	int n = 0;
	parts[n++] = (struct checkpoint_part){&b->state, sizeof b->state};
	for (int i = 0; i < NETS; i++)
		parts[n++] = (struct checkpoint_part){b->best[i], bytes_of(b, i)};
	for (int i = 0; i < NETS && has_averages(b); i++)
		parts[n++] = (struct checkpoint_part){b->mean[i], bytes_of(b, i)};
	return n;
}
