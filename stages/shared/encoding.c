#include "stages/shared/encoding.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "ecg/lead.h"
#include "kernels/ops.h"
#include "model/config.h"
#include "model/masked.h"
#include "stages/shared/network.h"
#include "stages/shared/objective.h"

static size_t rows_of(const struct encoding_part *p)
{
	return ENCODING_RECORDS * (size_t)p->n_views;
}

static size_t input_of(const struct encoding_part *p)
{
	return LEADS * (size_t)views_input_samples(&p->views);
}

/* ---- opening ---- */

static _Noreturn void contradict(const struct member *m)
{
	die("%s %s: its attributes contradict each other", artifact_kind(m->in), artifact_id(m->in));
}

static void open_exemplars(struct encoding_part *p)
{
	p->exemplars = exemplars_open(&p->member);
	p->dim = p->exemplars->map.n;
	if (p->exemplars->shares.samples != p->views.samples ||
	    p->exemplars->shares.rate_hz != p->views.rate_hz)
		contradict(&p->member);
}

static void open_network(struct encoding_part *p)
{
	struct error e = {0};
	const struct artifact *a = p->member.in;
	if (config_read(&p->config, member_attribute(&p->member, "config"), &e) < 0)
		die("%s %s: %s", artifact_kind(a), artifact_id(a), error_text(&e));
	if (encoder_samples(&p->config) != views_input_samples(&p->views))
		contradict(&p->member);
}

static void open_part(struct encoding_part *p, const struct artifact *a, int i)
{
	struct augment policy;
	p->member = member_of(a, i);
	member_policy(&policy, &p->member);
	p->views = policy.views;
	p->n_views = views_n_fixed(&p->views);
	if (exemplars_are_of(&p->member))
		open_exemplars(p);
	else
		open_network(p);
}

struct encoding *encoding_open(const struct artifact *a)
{
	struct encoding *e = die_calloc(1, sizeof *e);
	e->n = members_in(a);
	e->is_drawn = true;
	for (int i = 0; i < e->n; i++) {
		struct encoding_part *p = &e->part[i];
		open_part(p, a, i);
		e->has_scale |= p->exemplars != NULL;
		e->is_drawn &= p->exemplars == NULL;
	}
	return e;
}

void encoding_close(struct encoding *e)
{
	if (!e)
		return;
	encoding_release(e);
	for (int i = 0; i < e->n; i++)
		exemplars_free(e->part[i].exemplars);
	free(e->x);
	free(e->keep);
	free(e->rows);
	free(e);
}

bool encoding_has_statistics(const struct encoding *e)
{
	for (int i = 0; i < e->n; i++)
		if (!e->part[i].exemplars && encoder_has_statistics(&e->part[i].config))
			return true;
	return false;
}

int encoding_views(const struct encoding *e)
{
	size_t most = 0;
	for (int i = 0; i < e->n; i++)
		if (!e->part[i].exemplars && rows_of(&e->part[i]) > most)
			most = rows_of(&e->part[i]);
	return (int)most;
}

/* ---- memory ---- */

static void allocate_network(struct encoding_part *p, const struct ops *ops, int micro_batch)
{
	p->net = encoder_new_frozen(ops, &p->config, (int)rows_of(p), micro_batch);
	p->dim = p->net->dim;
	p->device_keep = ops->alloc(rows_of(p) * LEADS);
	p->device_x = ops->alloc(rows_of(p) * input_of(p) * sizeof *p->device_x);
}

void encoding_allocate(struct encoding *e, const struct ops *ops)
{
	e->ops = ops;
	e->dim = 0;
	for (int i = 0; i < e->n; i++) {
		struct encoding_part *p = &e->part[i];
		if (!p->exemplars)
			allocate_network(p, ops, e->micro_batch);
		p->first = e->dim;
		e->dim += p->dim;
	}
}

void encoding_release(struct encoding *e)
{
	for (int i = 0; i < e->n && e->ops; i++) {
		struct encoding_part *p = &e->part[i];
		if (p->exemplars)
			continue;
		e->ops->release(p->device_x);
		e->ops->release(p->device_keep);
		encoder_free(p->net);
	}
	e->ops = NULL;
}

/* On the host: as much as the largest part takes. */
static void make_room(struct encoding *e)
{
	size_t x = 0, rows = 0, keep = 0;
	for (int i = 0; i < e->n; i++) {
		const struct encoding_part *p = &e->part[i];
		size_t n = p->exemplars ? 0 : rows_of(p);
		x = n * input_of(p) > x ? n * input_of(p) : x;
		rows = n * (size_t)p->dim > rows ? n * (size_t)p->dim : rows;
		keep = n * LEADS > keep ? n * LEADS : keep;
	}
	e->x = die_malloc(x * sizeof *e->x + 1);
	e->rows = die_malloc(rows * sizeof *e->rows + 1);
	e->keep = die_malloc(keep + 1);
}

void encoding_load(struct encoding *e)
{
	make_room(e);
	for (int i = 0; i < e->n; i++)
		if (e->part[i].net)
			network_load_member(e->part[i].net, &e->part[i].member);
}

/* ---- running ---- */

static void make_view(void *context, int task)
{
	const struct encoding *e = context;
	const struct encoding_part *p = e->at;
	int record = task / p->n_views;
	views_fixed(&p->views, e->x + (size_t)task * input_of(p), e->batch->signal[record],
		    task % p->n_views);
	memcpy(e->keep + (size_t)task * LEADS, e->batch->there[record], LEADS);
}

/* Views of the records in hand, into ops memory; how many. */
static int make_views(struct encoding *e)
{
	const struct encoding_part *p = e->at;
	int rows = e->batch->n * p->n_views;
	pool_run(make_view, e, rows);
	e->ops->upload(p->device_x, e->x, (size_t)rows * input_of(p) * sizeof *e->x);
	e->ops->upload(p->device_keep, e->keep, (size_t)rows * LEADS);
	return rows;
}

static float *row_of(const struct encoding *e, int record)
{
	return e->h + (size_t)record * (size_t)e->dim + e->at->first;
}

static void forward(struct encoding *e)
{
	const struct encoding_part *p = e->at;
	int rows = make_views(e);
	encoder_forward(p->net, p->device_x, p->device_keep, rows);
	e->ops->download(e->rows, p->net->h, (size_t)rows * (size_t)p->dim * sizeof *e->rows);
	for (int i = 0; i < e->batch->n; i++)
		encoder_mean_views(row_of(e, i), e->rows + (size_t)i * (size_t)p->n_views * (size_t)p->dim,
				   p->n_views, p->dim);
}

static void compare(void *context, int i)
{
	const struct encoding *e = context;
	exemplars_embed(e->at->exemplars, row_of(e, i), e->batch->signal[i],
			e->batch->scale + (size_t)i * LEADS);
}

void encoding_run(struct encoding *e, float *h, const struct encoding_batch *b)
{
	e->h = h;
	e->batch = b;
	for (int i = 0; i < e->n; i++) {
		e->at = &e->part[i];
		if (e->at->exemplars)
			pool_run(compare, e, b->n);
		else
			forward(e);
	}
}

/* ---- as it was before training ---- */

static uint64_t seed_of(const struct member *m)
{
	const json_t *seed = member_attribute(m, "seed");
	if (!json_is_integer(seed))
		contradict(m);
	return (uint64_t)json_integer_value(seed);
}

void encoding_draw(struct encoding *e, const struct encoding_batch *b)
{
	make_room(e);
	e->batch = b;
	for (int i = 0; i < e->n; i++) {
		const struct encoding_part *p = e->at = &e->part[i];
		encoder_init(p->net, seed_of(&p->member));
		if (!objective_of_member(&p->member)->loss)
			masked_set_head(p->net);
		if (encoder_has_statistics(&p->config) && b->n > 0)
			encoder_set_statistics(p->net, p->device_x, p->device_keep, make_views(e));
	}
}
