#include "stages/shared/rotation.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/fold.h"

static size_t count(const struct judge *j, int fold)
{
	const struct judge_part *all = &j->part[PROBE_TEST];
	size_t n = 0;
	for (size_t i = 0; i < all->n; i++)
		n += all->label[i].fold == (uint32_t)fold;
	return n;
}

int rotation_folds(const struct judge *j)
{
	int n = 0;
	for (int f = 1; f <= FOLDS; f++)
		n += count(j, f) > 0;
	return n;
}

/* 0: none is left for it. */
static int validation_of(const struct judge *j, int fold)
{
	int n_others = rotation_folds(j) - (count(j, fold) > 0);
	if (n_others < 2)
		return 0;
	int f = fold;
	do
		f = f > 1 ? f - 1 : FOLDS;
	while (!count(j, f));
	return f;
}

static void part_init(struct judge_part *p, size_t n, size_t n_classes)
{
	*p = (struct judge_part){.room = n,
				 .record = die_malloc((n + 1) * sizeof *p->record),
				 .label = die_malloc((n + 1) * sizeof *p->label),
				 .truth = die_malloc(n * n_classes + 1)};
}

void rotation_open(struct rotation *r, const struct judge *j, int fold)
{
	const struct judge_part *all = &j->part[PROBE_TEST];
	size_t n_classes = (size_t)j->n_classes;
	uint32_t test = (uint32_t)fold, validation = (uint32_t)validation_of(j, fold);

	*r = (struct rotation){.fold = fold, .place = die_malloc((all->n + 1) * sizeof *r->place)};
	for (int k = 0; k < PROBE_PARTS; k++)
		part_init(&r->part[k], all->n, n_classes);

	for (size_t i = 0; i < all->n; i++) {
		uint32_t f = all->label[i].fold;
		int k = f == test ? PROBE_TEST : f == validation ? PROBE_VALIDATION : PROBE_TRAIN;
		struct judge_part *p = &r->part[k];
		if (k == PROBE_TEST)
			r->place[p->n] = i;
		p->record[p->n] = all->record[i];
		p->label[p->n] = all->label[i];
		memcpy(p->truth + p->n++ * n_classes, all->truth + i * n_classes, n_classes);
	}

	r->data = (struct probe_data){.n_classes = j->n_classes, .is_multi = j->is_multi};
	for (int k = 0; k < PROBE_PARTS; k++) {
		r->data.n[k] = r->part[k].n;
		r->data.truth[k] = r->part[k].truth;
	}
}

void rotation_release(struct rotation *r)
{
	for (int k = 0; k < PROBE_PARTS; k++) {
		free(r->part[k].record);
		free(r->part[k].label);
		free(r->part[k].truth);
	}
	free(r->place);
}
