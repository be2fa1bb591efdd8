/* What a trained encoder makes of every record.
 *
 * Reads `model` (of pretrain) and `signals`. Writes `embeddings`: a vector per record from the trained
 * weights and, the floors they must beat, from those training began with and from random convolutions
 * (convolve.h); of some records of fold 10 also the attention (inspect.h) and the pairs of views that
 * training would have contrasted. Exemplars are no network and began with nothing, an ensemble is several
 * models: they give vectors alone.
 *
 * The story: open both networks, or what is embedded as a whole (whole.h); walk the signals in batches; cut
 * the fixed views of each record, send them through both networks and put the mean over a record's views
 * (networks.h). In a team each process takes one batch of a round. docs/training.md, Embeddings.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/progress.h"
#include "ecg/fold.h"
#include "ecg/label.h"
#include "ecg/lead.h"
#include "kernels/ops.h"
#include "stages/embed/embedding.h"
#include "stages/embed/networks.h"
#include "stages/embed/whole.h"
#include "stages/shared/device.h"
#include "stages/shared/embedded.h"
#include "stages/shared/floor.h"
#include "stages/shared/network.h"
#include "stages/shared/signals.h"

static const char *const table_names[TABLES] = {"embedding", "random", "time",	     "channel",
						"segment",   "pair",   "random_pair"};

/* ---- setting up ---- */

static void open_model(struct embedding *m)
{
	const json_t *seed = artifact_get_attribute(m->model, "seed");
	signals_policy(&m->augment, m->model);
	if (!json_is_integer(seed))
		die("model %s: its attributes contradict each other", artifact_id(m->model));
	m->augment.seed = (uint64_t)json_integer_value(seed);
	m->views = m->augment.views;
	m->is_other = embedded_choose(&m->views, params_text(m->run->params, "views"), m->model);
	m->n_views = views_n_fixed(&m->views);
	m->n_rows = BATCH * (m->n_views > PAIR ? m->n_views : PAIR);
	if (whole_is(m->model))
		whole_open(m);
	else
		networks_open(m);
}

static bool has_table(const struct embedding *m, int table)
{
	return m->whole[TRAINED] ? whole_has_table(m, table) : networks_have_table(m, table);
}

static void open_output(struct embedding *m)
{
	static const char *const carried[] = {"classes", "statements", "dataset", "normalize",
					      "excluded_by_fold"};
	struct artifact_writer *w = m->run->output = artifact_create_shared(m->run->team, "embeddings", 1);

	network_carry(w, m->signals, carried, sizeof carried / sizeof *carried);
	artifact_attribute(w, "dim", json_integer(m->dim));
	artifact_attribute(
		w, "strategy",
		json_deep_copy(json_object_get(artifact_get_attribute(m->model, "views"), "strategy")));

	if (m->is_other)
		artifact_attribute(w, "embedded", views_json(&m->views));
	for (int i = 0; i < TABLES; i++)
		if (has_table(m, i))
			m->table[i] = artifact_table(w, table_names[i]);
	m->convolve = convolve_open(w, (int)params_int(m->run->params, "convolutions"),
				    (uint64_t)params_int(m->run->params, "convolution_seed"),
				    m->views.samples, m->dim);
	m->rows = die_malloc((size_t)m->n_rows * (size_t)m->dim * sizeof(float));
	if (m->whole[TRAINED])
		artifact_attribute(w, "config", json_deep_copy(artifact_get_attribute(m->model, "config")));
	else
		networks_begin(m);
}

static void tear_down(struct embedding *m)
{
	if (m->whole[TRAINED])
		whole_close(m);
	else
		networks_close(m);
	free(m->rows);
	convolve_close(m->convolve);
	free(m);
}

/* ---- a batch ---- */

static uint32_t fold_of(const struct embedding *m, uint64_t record)
{
	struct artifact_value v = artifact_get_record(m->signals, "label", record);
	struct label l;
	if (v.n_bytes != LABEL_BYTES)
		die("signals %s: record %" PRIu64 " has no label", artifact_id(m->signals), record);
	label_decode(&l, v.bytes);
	return l.fold;
}

static void run_batch(struct embedding *m)
{
	convolve_put(m->convolve, m->record, m->signal, m->n);
	if (m->whole[TRAINED])
		whole_run(m);
	else
		networks_run(m);
	m->n = 0;
}

/* ---- the stage ---- */

static void carry_table(struct embedding *m, const char *name)
{
	int table = artifact_table(m->run->output, name);
	if (team_rank(m->run->team) != 0)
		return;
	for (struct artifact_cursor *c = artifact_walk(m->signals, name); artifact_next(c);)
		artifact_put(m->run->output, table, c->key, c->key_bytes, c->value, c->value_bytes);
}

/* By which name the user knows the embedded records: those with a label, which the excluded have not. */
static void carry_origins(struct embedding *m)
{
	int table = artifact_table(m->run->output, "origin");
	if (team_rank(m->run->team) != 0 || !artifact_has_table(m->signals, "origin"))
		return;
	for (struct artifact_cursor *c = artifact_walk(m->signals, "origin"); artifact_next(c);)
		if (artifact_get(m->signals, "label", c->key, c->key_bytes).bytes)
			artifact_put(m->run->output, table, c->key, c->key_bytes, c->value, c->value_bytes);
}

static void add_record(struct embedding *m, const struct artifact_cursor *c)
{
	size_t n_bytes = LEADS * (size_t)m->views.samples * sizeof(float);
	if (c->value_bytes != n_bytes)
		die("signals %s: record %" PRIu64 " has %zu bytes, expected %zu", artifact_id(m->signals),
		    artifact_record(c->key), c->value_bytes, n_bytes);
	m->signal[m->n] = c->value;
	m->there[m->n] = signals_there(m->signals, artifact_record(c->key));
	m->record[m->n++] = artifact_record(c->key);
}

/* Random networks get their running statistics, if they have any, from the first records of the training
 * folds: without them they would be a poorer floor than the weights that training began with. */
static void set_random_statistics(struct embedding *m)
{
	bool is_whole = m->whole[TRAINED] != NULL;
	if (is_whole ? !m->whole[RANDOM] : !encoder_has_statistics(&m->net[RANDOM]->config))
		return;
	struct artifact_cursor *c = artifact_walk(m->signals, "signal");
	while (m->n < BATCH && artifact_next(c))
		if (fold_trains(fold_of(m, artifact_record(c->key))))
			add_record(m, c);
	if (m->n == BATCH)
		artifact_stop(c);
	if (is_whole)
		whole_draw(m);
	else if (m->n > 0)
		networks_set_statistics(m);
	m->n = 0;
}

/* Whether record i of the walk is in this rank's batch of its round. */
static bool is_own(const struct embedding *m, int64_t i)
{
	return i / BATCH % team_size(m->run->team) == team_rank(m->run->team);
}

/* Take a record in hand, if it is one's own; the first of the test fold are looked into,
 * whosever they are. */
static void take_record(struct embedding *m, const struct artifact_cursor *c, bool is_own)
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

static void end_round(struct embedding *m)
{
	if (m->n > 0)
		run_batch(m);
	artifact_gather(m->run->output);
}

static void run_batches(struct embedding *m)
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
	struct embedding *m = die_calloc(1, sizeof *m);
	m->run = r;
	m->model = r->input[0];
	m->signals = r->input[1];
	m->has_masks = signals_have_masks(m->signals);
	m->has_segments = params_bool(r->params, "segments");
	open_model(m);
	signals_check_alike(m->signals, m->model);
	open_output(m);
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
