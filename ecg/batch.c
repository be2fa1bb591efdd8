#include "ecg/batch.h"

#include <stdlib.h>

#include "common/pool.h"
#include "numbers/philox.h"

/* Ascending keys; equal ones, if ever, by record. Rows ascend with records. */
static int compare(const void *a, const void *b)
{
	const struct batch_place *p = a, *q = b;
	if (p->key != q->key)
		return p->key < q->key ? -1 : 1;
	return p->row < q->row ? -1 : p->row > q->row;
}

void batch_shuffle(struct batch_place *order, const struct batch_source *s, uint32_t epoch)
{
	for (size_t i = 0; i < s->n; i++) {
		struct philox r = philox_open(s->policy->seed, PURPOSE_SHUFFLE, s->record[i], epoch);
		uint64_t high = philox_u32(&r);
		order[i] = (struct batch_place){.key = high << 32 | philox_u32(&r), .row = i};
	}
	qsort(order, s->n, sizeof *order, compare);
}

static void draw_one(void *context, int task)
{
	const struct batch_drawing *d = context;
	const struct batch_source *s = d->source;
	const struct views *v = &s->policy->views;
	int place = d->first + task, view = place / d->n;
	struct shown own = {view, -1};
	size_t row = d->order[place % d->n].row, size = LEADS * (size_t)views_input_samples(v);
	augment_draw_shown(s->policy, d->x + (size_t)task * size, d->keep + (size_t)task * LEADS,
			   s->signal[row], s->there ? s->there[row] : NULL, s->record[row], d->epoch, view,
			   view < 2 ? &d->pairing.view[view] : &own);
}

static void take_patients(const struct batch_drawing *d, uint64_t *patient)
{
	for (int i = 0; i < d->n; i++)
		patient[i] = d->source->patient[d->order[i].row];
}

void batch_draw(float *x, uint8_t *keep, uint64_t *patient, const struct batch_source *s,
		const struct batch_place *order, int n, uint32_t epoch, const struct pairing *pairing)
{
	struct batch_drawing d = {.x = x,
				  .keep = keep,
				  .source = s,
				  .order = order,
				  .n = n,
				  .n_views = views_n(&s->policy->views),
				  .epoch = epoch,
				  .pairing = pairing ? *pairing : pairing_draw(PAIRING_POLICY, 0, 0)};
	take_patients(&d, patient);
	pool_run(draw_one, &d, d.n_views * n);
}

void batch_draw_begin(struct batch_drawing *d, uint64_t *patient)
{
	take_patients(d, patient);
	pool_offer(draw_one, d, d->n_own ? d->n_own : d->n_views * d->n);
}

void batch_draw_end(void)
{
	pool_finish();
}
