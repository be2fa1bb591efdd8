#include "stages/embed/networks.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "kernels/ops.h"
#include "model/config.h"
#include "stages/shared/device.h"
#include "stages/shared/network.h"
#include "stages/shared/objective.h"

/* All of it that lies in ops memory. */
static void allocate(struct embedding *m, const struct ops *ops)
{
	size_t rows = (size_t)m->n_rows, input = LEADS * (size_t)views_input_samples(&m->views);
	for (int i = 0; i < NETWORKS; i++)
		m->net[i] = encoder_new_frozen(ops, &m->config, (int)rows, m->micro_batch);
	m->device_x = ops->alloc(rows * input * sizeof(float));
	m->device_keep = ops->alloc(rows * LEADS);
	m->inspect = m->n_inspect ? inspect_new(ops, &m->config, m->n_views) : NULL;
}

static void release(struct embedding *m)
{
	const struct ops *ops = m->net[TRAINED]->ops;
	ops->release(m->device_x);
	ops->release(m->device_keep);
	for (int i = 0; i < NETWORKS; i++)
		encoder_free(m->net[i]);
	inspect_free(m->inspect);
}

static void make(const struct ops *ops, const void *settings)
{
	struct embedding m = *(const struct embedding *)settings;
	allocate(&m, ops);
	release(&m);
}

static void fit(struct embedding *m)
{
	struct memory_need need = {.make = make,
				   .settings = m,
				   .micro_batch = encoder_has_statistics(&m->config) ? NULL : &m->micro_batch,
				   .n_views = m->n_rows};
	device_fit(ops_chosen(), &need, "embedding", "train a smaller pretrain.model");
}

void networks_open(struct embedding *m)
{
	struct error e = {0};

	if (config_read(&m->config, artifact_get_attribute(m->model, "config"), &e) < 0)
		die("model %s: %s", artifact_id(m->model), error_text(&e));
	if (encoder_samples(&m->config) != views_input_samples(&m->augment.views))
		die("model %s: its attributes contradict each other", artifact_id(m->model));
	m->n_inspect = (int)params_int(m->run->params, "attention_records");
	fit(m);
	allocate(m, ops_chosen());
	m->dim = m->net[TRAINED]->dim;
	m->pairing = objective_of(m->model)->pairing;
	network_load(m->net[TRAINED], m->model);
	encoder_init(m->net[RANDOM], m->augment.seed);
	if (!objective_of(m->model)->loss)
		masked_set_head(m->net[RANDOM]);
}

bool networks_have_table(const struct embedding *m, int table)
{
	const struct encoder *net = m->net[TRAINED];
	return table == TIME	  ? net->z_time != NULL
	       : table == CHANNEL ? net->z_channel != NULL
	       : table == SEGMENT ? m->has_segments
				  : true;
}

void networks_begin(struct embedding *m)
{
	size_t rows = (size_t)m->n_rows, input = LEADS * (size_t)views_input_samples(&m->views);
	const struct encoder *net = m->net[TRAINED];
	struct artifact_writer *w = m->run->output;

	artifact_attribute(w, "config", config_json(&net->config));
	if (net->tower_dim)
		artifact_attribute(w, "tower_dim", json_integer(net->tower_dim));
	if (m->inspect)
		inspect_begin(m->inspect, w, net);
	m->x = die_malloc(rows * input * sizeof(float));
	m->keep = die_malloc(rows * LEADS);
	m->mean = die_malloc((size_t)m->dim * sizeof(float));
}

void networks_close(struct embedding *m)
{
	release(m);
	free(m->x);
	free(m->mean);
	free(m->keep);
}

/* ---- a batch ---- */

static void make_view(void *context, int task)
{
	struct embedding *m = context;
	int view = task % m->n_views;
	float *x = m->x + (size_t)task * LEADS * (size_t)views_input_samples(&m->views);
	views_fixed(&m->views, x, m->signal[task / m->n_views], view);
	memcpy(m->keep + (size_t)task * LEADS, m->there[task / m->n_views], LEADS);
}

/* Row of view v of record i, as it was downloaded, under record and view. */
static void put_view(struct embedding *m, int table, int i, int v, int n_views, int width)
{
	artifact_put_part(m->run->output, m->table[table], m->record[i], v,
			  m->rows + ((size_t)i * (size_t)n_views + (size_t)v) * (size_t)width, (size_t)width);
}

/* Rows y [n*n_views][width] of the device, averaged over the views of a record, into a table. */
static void put_means(struct embedding *m, int table, const float *y, int width)
{
	m->net[TRAINED]->ops->download(m->rows, y,
				       (size_t)m->n * (size_t)m->n_views * (size_t)width * sizeof *y);
	for (int i = 0; i < m->n; i++) {
		const float *rows = m->rows + (size_t)i * (size_t)m->n_views * (size_t)width;
		encoder_mean_views(m->mean, rows, m->n_views, width);
		artifact_put_floats(m->run->output, m->table[table], artifact_key(m->record[i]).bytes, 8,
				    m->mean, (size_t)width);
		for (int v = 0; v < m->n_views && table == EMBEDDING && m->has_segments; v++)
			put_view(m, SEGMENT, i, v, m->n_views, width);
	}
}

/* Some records of the test fold; m->x holds their views. */
static void look_inside(struct embedding *m)
{
	size_t n = (size_t)m->n_views * LEADS * (size_t)views_input_samples(&m->views);
	for (int i = 0; i < m->n; i++)
		if (m->is_inspected[i])
			inspect_record(m->inspect, m->record[i], m->x + (size_t)i * n, m->there[i]);
}

static void upload_views(struct embedding *m, int rows)
{
	m->net[TRAINED]->ops->upload(m->device_x, m->x,
				     (size_t)rows * LEADS * (size_t)views_input_samples(&m->views) *
					     sizeof(float));
}

/* Views of the records in hand, into ops memory; returns how many. */
static int make_views(struct embedding *m)
{
	int rows = m->n * m->n_views;
	pool_run(make_view, m, rows);
	upload_views(m, rows);
	m->net[TRAINED]->ops->upload(m->device_keep, m->keep, (size_t)rows * LEADS);
	return rows;
}

/* The leads of the views in hand; NULL: all. */
static const uint8_t *masks(const struct embedding *m)
{
	return m->has_masks ? m->device_keep : NULL;
}

static void draw_view(void *context, int task)
{
	struct embedding *m = context;
	int view = task % PAIR;
	float *x = m->x + (size_t)task * LEADS * (size_t)views_input_samples(&m->views);
	uint64_t record = m->record[task / PAIR];
	struct pairing pairing = pairing_draw(m->pairing, m->augment.seed, record);
	augment_draw_shown(&m->augment, x, m->keep + (size_t)task * LEADS, m->signal[task / PAIR],
			   m->there[task / PAIR], record, 0, view, &pairing.view[view]);
}

/* Pairs of the test fold as the first epoch would have drawn them; where leads are views, each record shows
 * leads of its own, so that all pairs of leads count. What is in hand shrinks to those records. */
static void put_pairs(struct embedding *m)
{
	const struct ops *ops = m->net[TRAINED]->ops;
	int n = 0, width = m->net[TRAINED]->dim;

	for (int i = 0; i < m->n; i++) {
		if (!m->is_test[i])
			continue;
		m->signal[n] = m->signal[i];
		m->there[n] = m->there[i];
		m->record[n++] = m->record[i];
	}

	if (!n)
		return;
	pool_run(draw_view, m, n * PAIR);
	upload_views(m, n * PAIR);
	ops->upload(m->device_keep, m->keep, (size_t)n * PAIR * LEADS);

	for (int k = 0; k < NETWORKS; k++) {
		encoder_forward(m->net[k], m->device_x, m->device_keep, n * PAIR);
		ops->download(m->rows, m->net[k]->h, (size_t)n * PAIR * (size_t)width * sizeof(float));
		for (int row = 0; row < n * PAIR; row++)
			put_view(m, PAIRS + k, row / PAIR, row % PAIR, PAIR, width);
	}
}

void networks_set_statistics(struct embedding *m)
{
	int rows = make_views(m);
	encoder_set_statistics(m->net[RANDOM], m->device_x, masks(m), rows);
}

void networks_run(struct embedding *m)
{
	struct encoder *trained = m->net[TRAINED], *random = m->net[RANDOM];
	int rows = make_views(m);

	encoder_forward(trained, m->device_x, masks(m), rows);
	put_means(m, EMBEDDING, trained->h, trained->dim);
	if (trained->z_time)
		put_means(m, TIME, trained->z_time, trained->tower_dim);
	if (trained->z_channel)
		put_means(m, CHANNEL, trained->z_channel, trained->tower_dim);
	encoder_forward(random, m->device_x, masks(m), rows);
	put_means(m, OF_RANDOM, random->h, random->dim);
	look_inside(m);
	put_pairs(m);
}
