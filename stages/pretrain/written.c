#include "stages/pretrain/written.h"

#include "model/config.h"
#include "stages/shared/network.h"
#include "stages/shared/signals.h"

static void write_history(struct artifact_writer *w, const struct history *h)
{
	json_t *columns = json_array();
	int table = artifact_table(w, "history");
	for (int k = 0; k < HISTORY_COLUMNS; k++)
		json_array_append_new(columns, json_string(h->name[k]));
	artifact_attribute(w, "history_columns", columns);
	for (int64_t i = 0; i < h->n_steps; i++)
		artifact_put_floats(w, table, artifact_key((uint64_t)i).bytes, 8, history_row(h, i),
				    HISTORY_COLUMNS);
}

void written_model(struct stage_run *r, const struct artifact *views, const struct artifact *signals,
		   const struct written *t)
{
	static const char *const of_views[] = {"views", "augment"}, *const of_signals[] = {
									    "classes", "statements",
									    "dataset", SIGNALS_PREPARED};
	struct artifact_writer *w = r->output = artifact_create("model", 1);
	const struct encoder *net = t->contrast->net;
	const struct terms_weights *terms = &t->plan->contrast.terms;

	network_carry(w, views, of_views, sizeof of_views / sizeof *of_views);
	network_carry(w, signals, of_signals, sizeof of_signals / sizeof *of_signals);
	artifact_attribute(w, "config", config_json(&net->config));
	artifact_attribute(w, "tensors", config_shapes(net->tensors));
	artifact_attribute(w, "objective", json_string(t->plan->objective->name));
	if (terms_any(terms))
		artifact_attribute(w, "terms", plan_terms(terms));
	artifact_attribute(w, "chance", json_string(plan_chance(t->plan)));
	artifact_attribute(w, "seed", json_integer(params_int(r->params, "seed")));
	artifact_attribute(w, "batch", json_integer(t->plan->batch));
	artifact_attribute(w, "records", json_integer((json_int_t)t->n_records));
	artifact_attribute(w, "skipped_steps", json_integer(t->n_skipped));
	write_history(w, t->history);
	if (t->contrast->masked)
		masked_end(t->contrast->masked);
	network_write(w, net);
}
