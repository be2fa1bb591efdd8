#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "common/progress.h"
#include "ecg/label.h"
#include "ecg/lead.h"
#include "ecg/views.h"
#include "model/config.h"
#include "model/encoder.h"
#include "stages/parts/network.h"
#include "store/stage.h"

#define BATCH 64 /* records that go through a network together */

#define LAST_TRAINING_FOLD 8
#define TEST_FOLD	   10

/* The trained network, and one of the same shape with the weights it began with: what training must beat. */
enum { TRAINED, RANDOM, NETWORKS };

enum { EMBEDDING, OF_RANDOM, TIME, CHANNEL, TABLES };
static const char *const table_names[TABLES] = {"embedding", "random", "time", "channel"};

struct embed {
	struct stage_run *run;
	struct artifact *model, *signals;
	struct views views;
	struct encoder *net[NETWORKS];
	int n_views; /* of a record */
	int n;	     /* records in hand */
	uint64_t record[BATCH];
	float *signal;				   /* [BATCH][12][samples] */
	float *base;				   /* [BATCH*n_views][12][base_samples] */
	float *x;				   /* [BATCH*n_views][12][T] */
	float *device_x;			   /* the same in ops memory */
	float *rows;				   /* [BATCH*n_views][dim] of the network's output */
	float *mean;				   /* [dim] */
	int table[TABLES], attention, n_attention; /* n_attention: records whose maps are still to write */
	float *to_lead, *to_time;		   /* [BATCH*n_views][map_size] */
	size_t map_size;			   /* H*N*12 */
};

/* ---- the networks ---- */

static void open_networks(struct embed *m)
{
	struct error e = {0};
	struct encoder_config c;
	const json_t *seed = artifact_get_attribute(m->model, "seed");
	if (config_read(&c, artifact_get_attribute(m->model, "config"), &e) < 0 ||
	    views_read(&m->views, artifact_get_attribute(m->model, "views"), &e) < 0)
		die("model %s: %s", artifact_id(m->model), error_text(&e));
	if (encoder_samples(&c) != views_input_samples(&m->views) || !json_is_integer(seed))
		die("model %s: its attributes contradict each other", artifact_id(m->model));
	m->n_views = views_n_fixed(&m->views);
	for (int i = 0; i < NETWORKS; i++)
		m->net[i] = encoder_new(ops_cpu(), &c, BATCH * m->n_views, false);
	network_load(m->net[TRAINED], m->model);
	encoder_init(m->net[RANDOM], (uint64_t)json_integer_value(seed));
}

/* Embedding other signals than those trained on is fine if they were prepared in the same way. */
static void check_signals(const struct embed *m)
{
	double rate_hz = json_number_value(artifact_get_attribute(m->signals, "rate_hz"));
	int64_t samples = artifact_integer(m->signals, "samples");
	if (rate_hz != m->views.rate_hz || samples != m->views.samples)
		die("signals %s: %" PRId64
		    " samples at %g Hz, but the model was trained on records of %d at %g Hz",
		    artifact_id(m->signals), samples, rate_hz, m->views.samples, m->views.rate_hz);
	const json_t *trained = artifact_get_attribute(m->model, "normalize");
	if (!json_equal(trained, artifact_get_attribute(m->signals, "normalize")))
		die("signals %s: preprocess.normalize differs from that of the signals the model was trained "
		    "on",
		    artifact_id(m->signals));
}

/* ---- setting up ---- */

static void open_attention(struct embed *m)
{
	int n_heads, n_tokens;
	m->n_attention = (int)params_int(m->run->params, "attention_records");
	if (!encoder_has_attention(&m->net[TRAINED]->config, &n_heads, &n_tokens))
		m->n_attention = 0;
	if (m->n_attention == 0)
		return;
	m->attention = artifact_table(m->run->output, "attention");
	artifact_attribute(m->run->output, "attention_maps",
			   json_pack("[{s:s, s:[i,i,i]}, {s:s, s:[i,i,i]}]", "name", "time_to_lead", "shape",
				     n_heads, n_tokens, LEADS, "name", "lead_to_time", "shape", n_heads,
				     LEADS, n_tokens));
	m->map_size = (size_t)n_heads * (size_t)n_tokens * LEADS;
	m->to_lead = die_malloc(BATCH * (size_t)m->n_views * m->map_size * sizeof(float));
	m->to_time = die_malloc(BATCH * (size_t)m->n_views * m->map_size * sizeof(float));
}

static void open_output(struct embed *m)
{
	static const char *const carried[] = {"classes", "statements", "dataset", "normalize"};
	struct artifact_writer *w = m->run->output = artifact_create("embeddings", 1);
	const struct encoder *net = m->net[TRAINED];
	network_carry(w, m->signals, carried, sizeof carried / sizeof *carried);
	artifact_attribute(w, "dim", json_integer(net->dim));
	if (net->tower_dim)
		artifact_attribute(w, "tower_dim", json_integer(net->tower_dim));
	artifact_attribute(w, "config", config_json(&net->config));
	artifact_attribute(
		w, "strategy",
		json_deep_copy(json_object_get(artifact_get_attribute(m->model, "views"), "strategy")));
	for (int i = 0; i < TABLES; i++)
		if ((i != TIME || net->z_time) && (i != CHANNEL || net->z_channel))
			m->table[i] = artifact_table(w, table_names[i]);
	open_attention(m);
}

static void allocate(struct embed *m)
{
	size_t rows = BATCH * (size_t)m->n_views, dim = (size_t)m->net[TRAINED]->dim;
	size_t input = LEADS * (size_t)views_input_samples(&m->views);
	m->signal = die_malloc(BATCH * LEADS * (size_t)m->views.samples * sizeof(float));
	m->base = die_malloc(rows * LEADS * (size_t)views_base_samples(&m->views) * sizeof(float));
	m->x = die_malloc(rows * input * sizeof(float));
	m->device_x = m->net[TRAINED]->ops->alloc(rows * input * sizeof(float));
	m->rows = die_malloc(rows * dim * sizeof(float));
	m->mean = die_malloc(dim * sizeof(float));
}

static void tear_down(struct embed *m)
{
	m->net[TRAINED]->ops->release(m->device_x);
	for (int i = 0; i < NETWORKS; i++)
		encoder_free(m->net[i]);
	free(m->signal);
	free(m->base);
	free(m->x);
	free(m->rows);
	free(m->mean);
	free(m->to_lead);
	free(m->to_time);
	free(m);
}

/* ---- a batch ---- */

static void make_view(void *context, int task)
{
	struct embed *m = context;
	int view = task % m->n_views;
	const float *signal = m->signal + (size_t)(task / m->n_views) * LEADS * (size_t)m->views.samples;
	float *base = m->base + (size_t)task * LEADS * (size_t)views_base_samples(&m->views);
	float *x = m->x + (size_t)task * LEADS * (size_t)views_input_samples(&m->views);
	views_base(&m->views, base, signal, views_base_of(&m->views, view));
	views_fixed(&m->views, x, base, view);
}

/* Rows y [n*n_views][width] of the device, averaged over the views of a record, into a table. */
static void put_means(struct embed *m, int table, const float *y, int width)
{
	m->net[TRAINED]->ops->download(m->rows, y,
				       (size_t)m->n * (size_t)m->n_views * (size_t)width * sizeof *y);
	for (int i = 0; i < m->n; i++) {
		const float *rows = m->rows + (size_t)i * (size_t)m->n_views * (size_t)width;
		for (int k = 0; k < width; k++) {
			float sum = rows[k];
			for (int v = 1; v < m->n_views; v++)
				sum += rows[v * width + k];
			m->mean[k] = sum / (float)m->n_views;
		}
		artifact_put_floats(m->run->output, m->table[table], artifact_key(m->record[i]).bytes, 8,
				    m->mean, (size_t)width);
	}
}

static uint32_t fold_of(const struct embed *m, uint64_t record)
{
	struct artifact_value v = artifact_get_record(m->signals, "label", record);
	struct label l;
	if (v.n_bytes != LABEL_BYTES)
		die("signals %s: record %" PRIu64 " has no label", artifact_id(m->signals), record);
	label_decode(&l, v.bytes);
	return l.fold;
}

static void put_maps(struct embed *m, int i)
{
	float *maps = die_malloc(2 * m->map_size * sizeof *maps);
	for (int v = 0; v < m->n_views; v++) {
		uint8_t key[9];
		size_t row = (size_t)(i * m->n_views + v) * m->map_size;
		memcpy(key, artifact_key(m->record[i]).bytes, 8);
		key[8] = (uint8_t)v;
		memcpy(maps, m->to_lead + row, m->map_size * sizeof *maps);
		memcpy(maps + m->map_size, m->to_time + row, m->map_size * sizeof *maps);
		artifact_put_floats(m->run->output, m->attention, key, sizeof key, maps, 2 * m->map_size);
	}
	free(maps);
}

/* Maps of the first records of the test fold; the trained network has just read this batch. */
static void put_attention(struct embed *m)
{
	bool has_maps = false;
	for (int i = 0; i < m->n && m->n_attention > 0; i++) {
		if (fold_of(m, m->record[i]) != TEST_FOLD)
			continue;
		if (!has_maps)
			encoder_attention(m->net[TRAINED], m->to_lead, m->to_time);
		has_maps = true;
		put_maps(m, i);
		m->n_attention--;
	}
}

/* Views of the records in hand, into ops memory; returns how many. */
static int make_views(struct embed *m)
{
	int rows = m->n * m->n_views;
	pool_run(make_view, m, rows);
	m->net[TRAINED]->ops->upload(m->device_x, m->x,
				     (size_t)rows * LEADS * (size_t)views_input_samples(&m->views) *
					     sizeof(float));
	return rows;
}

static void run_batch(struct embed *m)
{
	struct encoder *trained = m->net[TRAINED], *random = m->net[RANDOM];
	int rows = make_views(m);
	encoder_forward(trained, m->device_x, NULL, rows);
	put_means(m, EMBEDDING, trained->h, trained->dim);
	if (trained->z_time)
		put_means(m, TIME, trained->z_time, trained->tower_dim);
	if (trained->z_channel)
		put_means(m, CHANNEL, trained->z_channel, trained->tower_dim);
	put_attention(m);
	encoder_forward(random, m->device_x, NULL, rows);
	put_means(m, OF_RANDOM, random->h, random->dim);
	m->n = 0;
}

/* ---- the stage ---- */

static void carry_table(struct embed *m, const char *name)
{
	int table = artifact_table(m->run->output, name);
	for (struct artifact_cursor *c = artifact_walk(m->signals, name); artifact_next(c);)
		artifact_put(m->run->output, table, c->key, c->key_bytes, c->value, c->value_bytes);
}

static void add_record(struct embed *m, const struct artifact_cursor *c)
{
	size_t n_bytes = LEADS * (size_t)m->views.samples * sizeof(float);
	if (c->value_bytes != n_bytes)
		die("signals %s: record %" PRIu64 " has %zu bytes, expected %zu", artifact_id(m->signals),
		    artifact_record(c->key), c->value_bytes, n_bytes);
	memcpy(m->signal + (size_t)m->n * LEADS * (size_t)m->views.samples, c->value, n_bytes);
	m->record[m->n++] = artifact_record(c->key);
}

/* The random network gets its running statistics, if it has any, from the first records of the training folds: without
 * them it would be a poorer floor than the weights that training began with. */
static void settle_random(struct embed *m)
{
	if (!encoder_has_statistics(&m->net[RANDOM]->config))
		return;
	struct artifact_cursor *c = artifact_walk(m->signals, "signal");
	while (m->n < BATCH && artifact_next(c))
		if (fold_of(m, artifact_record(c->key)) <= LAST_TRAINING_FOLD)
			add_record(m, c);
	if (m->n == BATCH)
		artifact_stop(c);
	if (m->n > 0) {
		int rows = make_views(m);
		encoder_settle(m->net[RANDOM], m->device_x, NULL, rows);
	}
	m->n = 0;
}

static void run(struct stage_run *r)
{
	struct embed *m = die_calloc(1, sizeof *m);
	struct progress p;
	m->run = r;
	m->model = r->input[0];
	m->signals = r->input[1];
	open_networks(m);
	check_signals(m);
	open_output(m);
	allocate(m);
	carry_table(m, "label");
	carry_table(m, "scale");
	settle_random(m);
	progress_start(&p, "embed", "records", artifact_count(m->signals, "signal"));
	for (struct artifact_cursor *c = artifact_walk(m->signals, "signal"); artifact_next(c);) {
		add_record(m, c);
		if (m->n == BATCH)
			run_batch(m);
		progress_step(&p, 1);
	}
	if (m->n > 0)
		run_batch(m);
	progress_end(&p);
	tear_down(m);
}

static const struct param params[] = {{"attention_records", PARAM_INT, .min = 0, .max = 1000000,
				       .otherwise = "16",
				       .help = "records of the test fold whose attention maps are kept"},
				      {0}};

static const struct stage stage = {
	.name = "embed",
	.purpose = "Encode every record with the trained and with the initial weights",
	.inputs = INPUTS("pretrain", "preprocess"),
	.kind = "embeddings",
	.params = params,
	.run = run};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
