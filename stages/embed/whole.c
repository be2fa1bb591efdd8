#include "stages/embed/whole.h"

#include <stdlib.h>

#include "common/die.h"
#include "kernels/ops.h"
#include "stages/shared/device.h"
#include "stages/shared/signals.h"

bool whole_is(const struct artifact *model)
{
	return exemplars_are_in(model) || members_are_in(model);
}

/* ---- opening ---- */

static void make(const struct ops *ops, const void *settings)
{
	const struct embedding *m = settings;
	for (int i = 0; i < NETWORKS; i++) {
		if (!m->whole[i])
			continue;
		struct encoding e = *m->whole[i];
		e.micro_batch = m->micro_batch;
		encoding_allocate(&e, ops);
		encoding_release(&e);
	}
}

static void fit(struct embedding *m)
{
	int n_views = encoding_views(m->whole[TRAINED]);
	bool is_free = n_views && !encoding_has_statistics(m->whole[TRAINED]);
	struct memory_need need = {.make = make,
				   .settings = m,
				   .micro_batch = is_free ? &m->micro_batch : NULL,
				   .n_views = n_views};
	device_fit(ops_chosen(), &need, "embedding", "join fewer models");
}

void whole_open(struct embedding *m)
{
	if (m->has_segments)
		die("embed.segments: model %.12s sees whole records, no segments; leave it at false",
		    artifact_id(m->model));
	m->whole[TRAINED] = encoding_open(m->model);
	if (m->whole[TRAINED]->is_drawn)
		m->whole[RANDOM] = encoding_open(m->model);

	fit(m);
	for (int i = 0; i < NETWORKS; i++)
		if (m->whole[i]) {
			m->whole[i]->micro_batch = m->micro_batch;
			encoding_allocate(m->whole[i], ops_chosen());
		}
	encoding_load(m->whole[TRAINED]);
	m->dim = m->whole[TRAINED]->dim;
}

bool whole_has_table(const struct embedding *m, int table)
{
	return table == EMBEDDING || (table == OF_RANDOM && m->whole[RANDOM]);
}

void whole_close(struct embedding *m)
{
	for (int i = 0; i < NETWORKS; i++)
		encoding_close(m->whole[i]);
}

/* ---- a batch ---- */

static struct encoding_batch in_hand(const struct embedding *m, float *scale)
{
	for (int i = 0; i < m->n && m->whole[TRAINED]->has_scale; i++)
		signals_scale(m->signals, m->record[i], scale + (size_t)i * LEADS);
	return (struct encoding_batch){m->n, m->signal, m->there, scale};
}

void whole_draw(struct embedding *m)
{
	float scale[BATCH * LEADS];
	struct encoding_batch b = in_hand(m, scale);
	if (m->whole[RANDOM])
		encoding_draw(m->whole[RANDOM], &b);
}

void whole_run(struct embedding *m)
{
	float scale[BATCH * LEADS];
	struct encoding_batch b = in_hand(m, scale);
	for (int k = 0; k < NETWORKS; k++) {
		if (!m->whole[k])
			continue;
		encoding_run(m->whole[k], m->rows, &b);
		for (int i = 0; i < m->n; i++)
			artifact_put_floats(m->run->output, m->table[k], artifact_key(m->record[i]).bytes, 8,
					    m->rows + (size_t)i * (size_t)m->dim, (size_t)m->dim);
	}
}
