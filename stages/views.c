/* Decide what the views of a record are.
 *
 * Reads `signals`, of which it takes rate, length and id. Writes `views`, a header alone: that id, how views
 * are cut from a signal (ecg/views.h), and what pretrain draws anew in each epoch (ecg/augment.h).
 *
 * The story: the parameters become the two policies; both are checked against the signals and
 * written. docs/views.md.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/augment.h"
#include "ecg/views.h"
#include "numbers/contract.h"
#include "store/stage.h"

static void views_from_params(struct views *v, const struct params *p, const struct artifact *signals)
{
	const char *strategy = params_text(p, "strategy");
	v->strategy = strcmp(strategy, "halves") == 0	     ? VIEWS_HALVES
		      : strcmp(strategy, "interleaved") == 0 ? VIEWS_INTERLEAVED
		      : strcmp(strategy, "sequential") == 0  ? VIEWS_SEQUENTIAL
							     : VIEWS_CROPS;
	v->n = (int)params_int(p, "n");
	v->rate_hz = json_number_value(artifact_get_attribute(signals, "rate_hz"));
	v->samples = (int)artifact_integer(signals, "samples");
	/* A segment is a whole number of tokens of ten samples, never longer than asked for. */
	v->segment = (int)(params_float(p, "segment_s") * v->rate_hz / 10 + 1e-9) * 10;
	v->is_antialiased = params_bool(p, "antialias");
	v->is_standardized = params_bool(p, "standardize");
}

static void run(struct stage_run *r)
{
	struct error e = {0};
	struct views v = {0};
	struct augment a = {0};

	views_from_params(&v, r->params, r->input[0]);
	if (augment_choose(&a, r->params, &e) < 0 || views_check(&v, &e) < 0)
		die("%s", error_text(&e));
	r->output = artifact_create("views", 2);
	artifact_attribute(r->output, "signals", json_string(artifact_id(r->input[0])));
	artifact_attribute(r->output, "views", views_json(&v));
	artifact_attribute(r->output, "augment", augment_json(&a));
	artifact_attribute(r->output, "samples", json_integer(views_input_samples(&v)));
	artifact_attribute(r->output, "rate_hz", json_real(views_input_rate(&v)));
}

/* Of the cut; the policy's own follow. */
static const struct param of_cut[] = {
	{"strategy", PARAM_CHOICE, .choices = "halves interleaved sequential crops", .otherwise = "halves",
	 .help = "what the views of a record are"},
	{"n", PARAM_INT, .min = 2, .max = VIEWS_MOST, .otherwise = "2",
	 .help = "views of a record in a step, each found by the others; interleaved has two"},
	{"segment_s", PARAM_FLOAT, .unit = "s", .min = 0.1, .max = 100, .otherwise = "5",
	 .help = "halves, crops: length of a segment"},
	{"antialias", PARAM_BOOL, .otherwise = "true", .help = "interleaved: low-pass before splitting"},
	{"standardize", PARAM_BOOL, .otherwise = "false",
	 .help = "each view to mean 0 and deviation 1 per lead after cutting"},
	{0}};

/* One table of both. */
static const struct param *all_params(void)
{
	static struct param all[64];
	int n = 0;
	for (const struct param *p = of_cut; p->type != PARAM_END; p++)
		all[n++] = *p;
	for (const struct param *p = augment_params(); p->type != PARAM_END; p++) {
		if (n + 1 == sizeof all / sizeof *all)
			BUG("views has too many parameters");
		all[n++] = *p;
	}
	return all;
}

int main(int argc, char **argv)
{
	const struct stage stage = {.name = "views",
				    .purpose = "Decide what the views of a record are",
				    .inputs = INPUTS("preprocess"),
				    .kind = "views",
				    .params = all_params(),
				    .run = run,
				    .numerics = contract_host};
	return stage_main(&stage, argc, argv);
}
