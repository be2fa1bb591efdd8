/* What a trained classifier says of every record, labelled or not.
 *
 * Reads `encoder`, the network, exemplars or ensemble (a model, or tuned scores), `head`, the scores that
 * hold the classifier (the same tuned scores, or a probe's), and `signals` of any dataset prepared as the
 * encoder knows them. Writes `predictions`: probabilities and decision per record, with its id, patient and
 * path; predict.csv is the same as a table.
 *
 * The story: open network and classifier (classifying.h); walk the signals in batches; cut the fixed views of
 * each record, embed and classify; carry who the records are and which were left out. docs/probe.md.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/die.h"
#include "common/progress.h"
#include "kernels/ops.h"
#include "stages/predict/classifying.h"
#include "stages/shared/device.h"
#include "stages/shared/embedded.h"
#include "stages/shared/network.h"
#include "stages/shared/signals.h"
#include "statistics/metrics.h"
#include "store/stage.h"

enum { ENCODER, HEAD, SIGNALS }; /* inputs */

struct predict {
	struct stage_run *run;
	const struct artifact *signals;
	struct classifying *classifying;
	int probability, decision; /* tables */
	int n;			   /* records in hand */
	uint64_t record[CLASSIFYING_RECORDS];
	const void *signal[CLASSIFYING_RECORDS];   /* in the map, as long as that is open */
	const uint8_t *there[CLASSIFYING_RECORDS]; /* likewise */
	float *scale;				   /* [CLASSIFYING_RECORDS][12], if it is read */
	float *p;				   /* [CLASSIFYING_RECORDS][n_classes] */
	uint8_t *decided;			   /* [n_classes] */
};

static void open_output(struct predict *t)
{
	static const char *const of_head[] = {"classes", "decision_weight", "features", "labels", "task"},
				 *const of_signals[] = {"dataset"};
	struct artifact_writer *w = t->run->output = artifact_create("predictions", 1);

	network_carry(w, t->run->input[HEAD], of_head, sizeof of_head / sizeof *of_head);
	network_carry(w, t->signals, of_signals, sizeof of_signals / sizeof *of_signals);
	artifact_attribute(w, "encoder", json_string(artifact_id(t->run->input[ENCODER])));
	artifact_attribute(w, "head", json_string(artifact_id(t->run->input[HEAD])));
	t->probability = artifact_table(w, "probability");
	t->decision = artifact_table(w, "decision");
}

/* Of one record: 1 for each class it is given by the rule of docs/probe.md. */
static void decide(struct predict *t, const float *p)
{
	const struct classifying *c = t->classifying;
	for (int k = 0; k < c->n_classes; k++)
		t->decided[k] = c->is_multi && metrics_has(p[k], c->weight[k]);
	if (!c->is_multi)
		t->decided[metrics_decide(p, c->weight, c->n_classes)] = 1;
}

static void run_batch(struct predict *t)
{
	size_t n_classes = (size_t)t->classifying->n_classes;
	classifying_run(t->classifying, t->p, &(struct encoding_batch){t->n, t->signal, t->there, t->scale});
	for (int i = 0; i < t->n; i++) {
		const float *p = t->p + (size_t)i * n_classes;
		struct artifact_key key = artifact_key(t->record[i]);
		decide(t, p);
		artifact_put_floats(t->run->output, t->probability, key.bytes, 8, p, n_classes);
		artifact_put(t->run->output, t->decision, key.bytes, 8, t->decided, n_classes);
	}
	t->n = 0;
}

static void add_record(struct predict *t, uint64_t record)
{
	t->signal[t->n] = signals_get(t->signals, record, &t->classifying->policy.views);
	t->there[t->n] = signals_there(t->signals, record);
	if (t->classifying->has_scale)
		signals_scale(t->signals, record, t->scale + (size_t)t->n * LEADS);
	t->record[t->n++] = record;
}

static void run_batches(struct predict *t)
{
	struct progress progress;
	struct artifact_cursor *c = artifact_walk(t->signals, "signal");
	progress_start(&progress, "predict", "records", artifact_count(t->signals, "signal"));
	while (!*t->run->is_interrupted && artifact_skip(c)) {
		add_record(t, artifact_record(c->key));
		if (t->n == CLASSIFYING_RECORDS)
			run_batch(t);
		progress_step(&progress, 1);
	}
	if (t->n > 0)
		run_batch(t);
	progress_end(&progress);
}

/* Who the records are, what is known of them, and why some were left out. */
static void carry(struct predict *t, const char *name)
{
	if (!artifact_has_table(t->signals, name))
		return;
	int table = artifact_table(t->run->output, name);
	for (struct artifact_cursor *c = artifact_walk(t->signals, name); artifact_next(c);)
		artifact_put(t->run->output, table, c->key, c->key_bytes, c->value, c->value_bytes);
}

static void run(struct stage_run *r)
{
	struct predict *t = die_calloc(1, sizeof *t);
	t->run = r;
	t->signals = r->input[SIGNALS];
	signals_check_alike(t->signals, r->input[ENCODER]);
	embedded_refuse(r->input[HEAD], "predict");
	t->classifying = classifying_open(r->input[ENCODER], r->input[HEAD]);
	t->scale = die_malloc((size_t)CLASSIFYING_RECORDS * LEADS * sizeof *t->scale);
	t->p = die_malloc((size_t)CLASSIFYING_RECORDS * (size_t)t->classifying->n_classes * sizeof *t->p);
	t->decided = die_malloc((size_t)t->classifying->n_classes);

	open_output(t);
	run_batches(t);
	carry(t, "label");
	carry(t, "origin");
	carry(t, "excluded");
	classifying_close(t->classifying);
	free(t->scale);
	free(t->p);
	free(t->decided);
	free(t);
}

/* How many records got which class. */
static void show(struct artifact *predictions)
{
	const json_t *classes = artifact_get_attribute(predictions, "classes"), *name;
	size_t n = json_array_size(classes), i;
	uint64_t *count = die_calloc(n + 1, sizeof *count), total = 0;

	for (struct artifact_cursor *c = artifact_walk(predictions, "decision"); artifact_next(c); total++)
		for (size_t k = 0; k < n && c->value_bytes == n; k++)
			count[k] += ((const uint8_t *)c->value)[k];

	printf("%" PRIu64 " records predicted, %" PRIu64 " left out (column note says why)\n", total,
	       artifact_has_table(predictions, "excluded") ? artifact_count(predictions, "excluded") : 0);
	json_array_foreach (classes, i, name)
		printf("%10" PRIu64 "  %s\n", count[i], json_string_value(name));
	puts("Not a medical device: for research only.");
	free(count);
}

static const struct param params[] = {DEVICE_PARAMS("pretrain"), {0}};

static const struct stage stage = {.name = "predict",
				   .purpose = "Give every record its probabilities and class",
				   .inputs = INPUTS("encoder", "head", "preprocess"),
				   .kind = "predictions",
				   .params = params,
				   .run = run,
				   .choose = device_choose,
				   .numerics = ops_chosen_numerics,
				   .show = show,
				   .export_suffix = ".csv"};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
