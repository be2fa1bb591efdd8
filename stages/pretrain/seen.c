#include "stages/pretrain/seen.h"

#include "common/die.h"
#include "model/hiding.h"

void seen_init(struct seen *s, int n, int n_own)
{
	*s = (struct seen){.n = n, .is_seen = die_malloc((size_t)n * (size_t)n_own)};
}

static int draw_number(int n, const struct hide *h, uint64_t seed, int64_t step)
{
	struct philox r = philox_open(seed, PURPOSE_SEEN, (uint64_t)step, 0);
	int n_seen = (int)(n * (h->least + (h->most - h->least) * philox_uniform(&r)) + 0.5);
	return n_seen < 1 ? 1 : n_seen > n - 1 ? n - 1 : n_seen;
}

void seen_draw(struct seen *s, const struct batch_drawing *d, const struct hide *h, uint64_t seed,
	       int64_t step)
{
	s->n_seen = draw_number(s->n, h, seed, step);
	for (int i = 0; i < d->n_own; i++) {
		int row = d->first + i;
		uint64_t record = d->source->record[d->order[row % d->n].row];
		uint32_t view = (uint32_t)(row / d->n);
		struct philox r = philox_open(seed, PURPOSE_HIDING, record, 2 * d->epoch + view);
		hiding_draw(s->is_seen + (size_t)i * (size_t)s->n, s->n, s->n_seen, h->block, &r);
	}
}
