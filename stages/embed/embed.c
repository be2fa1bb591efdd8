/* What a trained encoder makes of every record.
 *
 * Reads `model` (of pretrain) and `signals`. Writes `embeddings`: a vector per record from the trained
 * weights and, the floors they must beat, from those training began with and from random convolutions
 * (convolve.h); of some records of fold 10 also the
 * attention (inspect.h) and the pairs of views that training would have contrasted.
 *
 * The story: open both networks; walk the signals in batches; cut the fixed views of each record, send them
 * through both networks and put the mean over a record's views. In a team each process takes one batch of a
 * round. docs/training.md, Embeddings.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "common/progress.h"
#include "ecg/augment.h"
#include "ecg/fold.h"
#include "ecg/label.h"
#include "ecg/lead.h"
#include "ecg/views.h"
#include "kernels/ops.h"
#include "model/config.h"
#include "model/encoder.h"
#include "stages/embed/convolve.h"
#include "stages/embed/inspect.h"
#include "stages/shared/device.h"
#include "stages/shared/embedded.h"
#include "stages/shared/floor.h"
#include "stages/shared/network.h"
#include "stages/shared/objective.h"
#include "stages/shared/signals.h"
#include "store/stage.h"

#define BATCH 64 /* records that go through a network together */
#define PAIR  2	 /* views of a record that training contrasts */

/* The trained network, and one of the same shape with the weights it began with: what training must beat. */
enum { TRAINED, RANDOM, NETWORKS };

enum { EMBEDDING, OF_RANDOM, TIME, CHANNEL, SEGMENT, PAIRS, RANDOM_PAIRS, TABLES };
static const char *const table_names[TABLES] = {"embedding", "random", "time",	     "channel",
						"segment",   "pair",   "random_pair"};

struct embed {
	struct stage_run *run;
	struct artifact *model, *signals;
	struct views views;
	bool is_other;		/* not those of training */
	struct augment augment; /* what training drew pairs with */
	enum pairing_kind pairing;
	bool has_segments, has_masks;
	struct encoder *net[NETWORKS];
	int n_views; /* of a record */
	int n;	     /* records in hand */
	uint64_t record[BATCH];
	bool is_test[BATCH], is_inspected[BATCH];
	const void *signal[BATCH];   /* where they lie in the artifact */
	const uint8_t *there[BATCH]; /* likewise: the leads they have */
	float *x;		     /* [BATCH*PAIR][12][T] */
	uint8_t *keep;		     /* [BATCH*PAIR][12] of views, where leads are masked */
	float *device_x;	     /* the same in ops memory */
	uint8_t *device_keep;	     /* likewise */
	float *rows;		     /* [BATCH*PAIR][dim] of the network's output */
	float *mean;		     /* [dim] */
	int table[TABLES];
	struct convolve *convolve; /* NULL: none asked for */
	struct inspect *inspect;   /* NULL: nothing to look into */
	int n_inspect;		   /* records still to look into, in all ranks */
};

/* ---- the networks ---- */

static void open_networks(struct embed *m)
{
	struct error e = {0};
	struct encoder_config c;
	const json_t *seed = artifact_get_attribute(m->model, "seed");

	if (config_read(&c, artifact_get_attribute(m->model, "config"), &e) < 0)
		die("model %s: %s", artifact_id(m->model), error_text(&e));
	signals_policy(&m->augment, m->model);
	m->views = m->augment.views;
	if (encoder_samples(&c) != views_input_samples(&m->views) || !json_is_integer(seed))
		die("model %s: its attributes contradict each other", artifact_id(m->model));
	m->is_other = embedded_choose(&m->views, params_text(m->run->params, "views"), m->model);
	m->n_views = views_n_fixed(&m->views);
	for (int i = 0; i < NETWORKS; i++)
		m->net[i] = encoder_new(ops_chosen(), &c, BATCH * PAIR, false);
	m->augment.seed = (uint64_t)json_integer_value(seed);
	m->pairing = objective_of(m->model)->pairing;
	network_load(m->net[TRAINED], m->model);
	encoder_init(m->net[RANDOM], (uint64_t)json_integer_value(seed));
}

/* ---- setting up ---- */

static bool has_table(const struct embed *m, int table)
{
	const struct encoder *net = m->net[TRAINED];
	return table == TIME	  ? net->z_time != NULL
	       : table == CHANNEL ? net->z_channel != NULL
	       : table == SEGMENT ? m->has_segments
				  : true;
}

static void open_output(struct embed *m)
{
	static const char *const carried[] = {"classes", "statements", "dataset", "normalize",
					      "excluded_by_fold"};
	struct artifact_writer *w = m->run->output = artifact_create_shared(m->run->team, "embeddings", 1);
	const struct encoder *net = m->net[TRAINED];

	network_carry(w, m->signals, carried, sizeof carried / sizeof *carried);
	artifact_attribute(w, "dim", json_integer(net->dim));
	if (net->tower_dim)
		artifact_attribute(w, "tower_dim", json_integer(net->tower_dim));
	artifact_attribute(w, "config", config_json(&net->config));
	artifact_attribute(
		w, "strategy",
		json_deep_copy(json_object_get(artifact_get_attribute(m->model, "views"), "strategy")));

	if (m->is_other)
		artifact_attribute(w, "embedded", views_json(&m->views));
	for (int i = 0; i < TABLES; i++)
		if (has_table(m, i))
			m->table[i] = artifact_table(w, table_names[i]);
	m->convolve =
		convolve_open(w, (int)params_int(m->run->params, "convolutions"),
			      (uint64_t)params_int(m->run->params, "convolution_seed"), m->views.samples);
	m->n_inspect = (int)params_int(m->run->params, "attention_records");
	m->inspect = m->n_inspect ? inspect_open(w, net, m->n_views) : NULL;
}

static void allocate(struct embed *m)
{
	size_t rows = BATCH * PAIR, dim = (size_t)m->net[TRAINED]->dim;
	size_t input = LEADS * (size_t)views_input_samples(&m->views);
	m->x = die_malloc(rows * input * sizeof(float));
	m->device_x = m->net[TRAINED]->ops->alloc(rows * input * sizeof(float));
	m->keep = die_malloc(rows * LEADS);
	m->device_keep = m->net[TRAINED]->ops->alloc(rows * LEADS);
	m->rows = die_malloc(rows * dim * sizeof(float));
	m->mean = die_malloc(dim * sizeof(float));
}

static void tear_down(struct embed *m)
{
	m->net[TRAINED]->ops->release(m->device_x);
	m->net[TRAINED]->ops->release(m->device_keep);
	for (int i = 0; i < NETWORKS; i++)
		encoder_free(m->net[i]);
	free(m->x);
	free(m->rows);
	free(m->mean);
	free(m->keep);
	inspect_close(m->inspect);
	convolve_close(m->convolve);
	free(m);
}

/* ---- a batch ---- */

static void make_view(void *context, int task)
{
	struct embed *m = context;
	int view = task % m->n_views;
	float *x = m->x + (size_t)task * LEADS * (size_t)views_input_samples(&m->views);
	views_fixed(&m->views, x, m->signal[task / m->n_views], view);
	memcpy(m->keep + (size_t)task * LEADS, m->there[task / m->n_views], LEADS);
}

/* Row of view v of record i, as it was downloaded, under record and view. */
static void put_view(struct embed *m, int table, int i, int v, int n_views, int width)
{
	artifact_put_part(m->run->output, m->table[table], m->record[i], v,
			  m->rows + ((size_t)i * (size_t)n_views + (size_t)v) * (size_t)width, (size_t)width);
}

/* Rows y [n*n_views][width] of the device, averaged over the views of a record, into a table. */
static void put_means(struct embed *m, int table, const float *y, int width)
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

static uint32_t fold_of(const struct embed *m, uint64_t record)
{
	struct artifact_value v = artifact_get_record(m->signals, "label", record);
	struct label l;
	if (v.n_bytes != LABEL_BYTES)
		die("signals %s: record %" PRIu64 " has no label", artifact_id(m->signals), record);
	label_decode(&l, v.bytes);
	return l.fold;
}

/* Some records of the test fold; m->x holds their views. */
static void look_inside(struct embed *m)
{
	size_t n = (size_t)m->n_views * LEADS * (size_t)views_input_samples(&m->views);
	for (int i = 0; i < m->n; i++)
		if (m->is_inspected[i])
			inspect_record(m->inspect, m->record[i], m->x + (size_t)i * n, m->there[i]);
}

static void upload_views(struct embed *m, int rows)
{
	m->net[TRAINED]->ops->upload(m->device_x, m->x,
				     (size_t)rows * LEADS * (size_t)views_input_samples(&m->views) *
					     sizeof(float));
}

/* Views of the records in hand, into ops memory; returns how many. */
static int make_views(struct embed *m)
{
	int rows = m->n * m->n_views;
	pool_run(make_view, m, rows);
	upload_views(m, rows);
	m->net[TRAINED]->ops->upload(m->device_keep, m->keep, (size_t)rows * LEADS);
	return rows;
}

/* The leads of the views in hand; NULL: all. */
static const uint8_t *masks(const struct embed *m)
{
	return m->has_masks ? m->device_keep : NULL;
}

static void draw_view(void *context, int task)
{
	struct embed *m = context;
	int view = task % PAIR;
	float *x = m->x + (size_t)task * LEADS * (size_t)views_input_samples(&m->views);
	uint64_t record = m->record[task / PAIR];
	struct pairing pairing = pairing_draw(m->pairing, m->augment.seed, record);
	augment_draw_shown(&m->augment, x, m->keep + (size_t)task * LEADS, m->signal[task / PAIR],
			   m->there[task / PAIR], record, 0, view, &pairing.view[view]);
}

/* Pairs of the test fold as the first epoch would have drawn them; where leads are views, each record shows
 * leads of its own, so that all pairs of leads count. What is in hand shrinks to those records. */
static void put_pairs(struct embed *m)
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

static void run_batch(struct embed *m)
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
	convolve_put(m->convolve, m->record, m->signal, m->n);
	look_inside(m);
	put_pairs(m);
	m->n = 0;
}

/* ---- the stage ---- */

static void carry_table(struct embed *m, const char *name)
{
	int table = artifact_table(m->run->output, name);
	if (team_rank(m->run->team) != 0)
		return;
	for (struct artifact_cursor *c = artifact_walk(m->signals, name); artifact_next(c);)
		artifact_put(m->run->output, table, c->key, c->key_bytes, c->value, c->value_bytes);
}

/* By which name the user knows the embedded records: those with a label, which the excluded have not. */
static void carry_origins(struct embed *m)
{
	int table = artifact_table(m->run->output, "origin");
	if (team_rank(m->run->team) != 0 || !artifact_has_table(m->signals, "origin"))
		return;
	for (struct artifact_cursor *c = artifact_walk(m->signals, "origin"); artifact_next(c);)
		if (artifact_get(m->signals, "label", c->key, c->key_bytes).bytes)
			artifact_put(m->run->output, table, c->key, c->key_bytes, c->value, c->value_bytes);
}

static void add_record(struct embed *m, const struct artifact_cursor *c)
{
	size_t n_bytes = LEADS * (size_t)m->views.samples * sizeof(float);
	if (c->value_bytes != n_bytes)
		die("signals %s: record %" PRIu64 " has %zu bytes, expected %zu", artifact_id(m->signals),
		    artifact_record(c->key), c->value_bytes, n_bytes);
	m->signal[m->n] = c->value;
	m->there[m->n] = signals_there(m->signals, artifact_record(c->key));
	m->record[m->n++] = artifact_record(c->key);
}

/* The random network gets its running statistics, if it has any, from the first records of the training
 * folds: without them it would be a poorer floor than the weights that training began with. */
static void set_random_statistics(struct embed *m)
{
	if (!encoder_has_statistics(&m->net[RANDOM]->config))
		return;
	struct artifact_cursor *c = artifact_walk(m->signals, "signal");
	while (m->n < BATCH && artifact_next(c))
		if (fold_trains(fold_of(m, artifact_record(c->key))))
			add_record(m, c);
	if (m->n == BATCH)
		artifact_stop(c);
	if (m->n > 0) {
		int rows = make_views(m);
		encoder_set_statistics(m->net[RANDOM], m->device_x, masks(m), rows);
	}
	m->n = 0;
}

/* Whether record i of the walk is in this rank's batch of its round. */
static bool is_own(const struct embed *m, int64_t i)
{
	return i / BATCH % team_size(m->run->team) == team_rank(m->run->team);
}

/* Take a record in hand, if it is one's own; the first of the test fold are looked into,
 * whosever they are. */
static void take_record(struct embed *m, const struct artifact_cursor *c, bool is_own)
{
	bool is_test = (is_own || m->n_inspect > 0) && fold_of(m, artifact_record(c->key)) == FOLD_TEST;
	bool is_inspected = is_test && m->inspect && m->n_inspect > 0;
	m->n_inspect -= is_inspected;
	if (!is_own)
		return;
	m->is_test[m->n] = is_test;
	m->is_inspected[m->n] = is_inspected;
	add_record(m, c);
}

static void end_round(struct embed *m)
{
	if (m->n > 0)
		run_batch(m);
	artifact_gather(m->run->output);
}

static void run_batches(struct embed *m)
{
	struct progress p;
	int64_t round = (int64_t)BATCH * team_size(m->run->team);
	struct artifact_cursor *c = artifact_walk(m->signals, "signal");
	progress_start(&p, "embed", "records", artifact_count(m->signals, "signal"));
	for (int64_t i = 0; is_own(m, i) ? artifact_next(c) : artifact_skip(c); i++) {
		take_record(m, c, is_own(m, i));
		if ((i + 1) % round == 0)
			end_round(m);
		progress_step(&p, 1);
	}
	end_round(m);
	progress_end(&p);
}

static void run(struct stage_run *r)
{
	struct embed *m = die_calloc(1, sizeof *m);
	m->run = r;
	m->model = r->input[0];
	m->signals = r->input[1];
	m->has_masks = signals_have_masks(m->signals);
	m->has_segments = params_bool(r->params, "segments");
	open_networks(m);
	signals_check_alike(m->signals, m->model);
	open_output(m);
	allocate(m);
	carry_table(m, "label");
	carry_table(m, "scale");
	carry_origins(m);
	set_random_statistics(m);
	run_batches(m);
	tear_down(m);
}

static const struct param params[] = {
	{"attention_records", PARAM_INT, .min = 0, .max = 1000000, .otherwise = "64",
	 .help = "records of the test fold whose attention is kept, with the embedding under each masked "
		 "lead"},
	{"views", PARAM_CHOICE, .choices = "own halves interleaved sequential", .otherwise = "own",
	 .help = "what a record is cut into: what each network was trained on, or the same for all arms "
		 "whose "
		 "network takes as many samples"},
	{"segments", PARAM_BOOL, .otherwise = "false",
	 .help = "keep the embedding of every view, for the poster's scoring per segment (legacy)"},
	FLOOR_PARAMS(NULL),
	DEVICE_PARAMS("pretrain"),
	{0}};

static const struct stage stage = {
	.name = "embed",
	.purpose = "Encode every record with the trained and with the initial weights",
	.inputs = INPUTS("pretrain", "preprocess"),
	.kind = "embeddings",
	.params = params,
	.run = run,
	.choose = device_choose,
	.numerics = ops_chosen_numerics,
	.has_team = true};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
