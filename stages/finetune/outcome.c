#include "stages/finetune/outcome.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "model/config.h"
#include "stages/finetune/floor.h"
#include "stages/shared/caveats.h"
#include "stages/shared/network.h"
#include "stages/shared/signals.h"
#include "statistics/offset.h"

static void add_row(struct tuning *s, int a, const char *key, const char *name, const char *table)
{
	struct judge_part *p = &s->judge.part[PROBE_VALIDATION];
	struct offset o =
		offset_choose(s->weight[a],
			      &(struct metrics_input){.n = p->n,
						      .n_classes = s->judge.n_classes,
						      .is_multi = s->judge.is_multi,
						      .probability = s->probability[a][PROBE_VALIDATION],
						      .truth = p->truth},
			      s->prior, params_bool(s->run->params, "class_offset"));
	struct judge_row *row = &s->row[s->n_rows++];
	*row = (struct judge_row){key,		name,	       .weight = s->weight[a], .c = (double)NAN,
				  .tau = o.tau, .table = table};
	memcpy(row->probability, s->probability[a], sizeof s->probability[a]);
}

void outcome_judge(struct tuning *s)
{
	const struct params *p = s->run->params;
	struct probe_data data = judge_data(&s->judge);

	s->prior = die_malloc((size_t)data.n_classes * sizeof *s->prior);
	offset_prior(s->prior, data.truth[PROBE_TRAIN], data.n[PROBE_TRAIN], data.n_classes);
	probe_majority(&s->majority, &data);
	add_row(s, TUNED, "finetuned", s->is_scratch ? "trained from scratch" : "fine-tuned", "probability");
	if (!s->is_scratch)
		add_row(s, PROBE, "probe", "linear probe", "probability_probe");
	floor_judge(s);
	if (s->weight[CONVOLUTIONS])
		add_row(s, CONVOLUTIONS, "convolutions", "random convolutions", "probability_convolutions");
	add_row(s, RANDOM, "random", "random-initialised", "probability_random");

	struct judge_row *majority = &s->row[s->n_rows++];
	*majority = (struct judge_row){"majority", "majority class", .weight = s->majority.weight,
				       .c = (double)NAN};
	memcpy(majority->probability, s->majority.probability, sizeof s->majority.probability);
	judge_run(&s->judge, s->row, s->n_rows, (uint64_t)params_int(p, "seed"),
		  (int)params_int(p, "bootstrap"));

	if (!data.n[PROBE_VALIDATION])
		judge_note(&s->judge,
			   json_string("Fold 9 has no record: the last epoch was taken, without an offset."));
	else if (s->learning.best.state.epoch == 0)
		judge_note(&s->judge,
			   json_string("No epoch was better on fold 9 than the probe that training started "
				       "from, so that was taken."));

	caveats_add(&s->judge, s->prior);
}

/* The classifier as the probe publishes its own. */
static void write_classifier(struct artifact_writer *w, const struct tuning *s)
{
	const struct classifier *c = s->net->head;
	size_t n = (size_t)s->judge.n_classes, d = (size_t)(s->net->net->dim + s->examples.n_extra);
	const float *weights = best_head(&s->learning.best);
	int table = artifact_table(w, "weight");
	artifact_put_floats(w, table, "bias", 4, weights + c->tensors.list[c->linear.bias].offset, n);
	artifact_put_floats(w, table, "mean", 4, s->mean, d);
	artifact_put_floats(w, table, "scale", 5, s->scale, d);
	artifact_put_floats(w, table, "weight", 6, weights + c->tensors.list[c->linear.weight].offset, n * d);
}

void outcome_write(struct tuning *s)
{
	static const char *const of_signals[] = {"dataset", "statements", SIGNALS_PREPARED},
				 *const of_policy[] = {"views", "augment"};
	const struct params *p = s->run->params;
	const struct encoder *net = s->net->net;
	struct artifact_writer *w = s->run->output = artifact_create("scores", 1);

	network_carry(w, s->signals, of_signals, sizeof of_signals / sizeof *of_signals);
	network_carry(w, s->policy, of_policy, sizeof of_policy / sizeof *of_policy);
	artifact_attribute(
		w, "strategy",
		json_deep_copy(json_object_get(artifact_get_attribute(s->policy, "views"), "strategy")));
	artifact_attribute(w, "features", json_string(s->examples.n_extra ? "embedding+scale" : "embedding"));
	artifact_attribute(w, "from", json_string(params_text(p, "from")));
	artifact_attribute(w, "label_fraction", json_real(params_float(p, "label_fraction")));
	artifact_attribute(w, "best_epoch", json_integer(s->learning.best.state.epoch));
	artifact_attribute(w, "skipped_steps", json_integer(s->learning.training.state.n_skipped));
	artifact_attribute(w, "config", config_json(&net->config));
	artifact_attribute(w, "tensors", config_shapes(net->tensors));
	judge_write(&s->judge, w);
	write_classifier(w, s);
	learning_write_history(&s->learning, w);
	network_write(w, net);
}
