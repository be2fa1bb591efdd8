/* Decide what the two views of a record are.
 *
 * Reads `signals`, of which it takes rate, length and id. Writes `views`, a header alone: that id, how views are cut from
 * a signal (ecg/views.h), and what pretrain draws anew in each epoch (ecg/augment.h).
 *
 * The story: the parameters become the two policies; both are checked against the signals and written. docs/views.md.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/augment.h"
#include "ecg/views.h"
#include "store/stage.h"

static void views_from_params(struct views *v, const struct params *p, const struct artifact *signals)
{
	const char *strategy = params_text(p, "strategy");
	v->strategy = strcmp(strategy, "halves") == 0	     ? VIEWS_HALVES
		      : strcmp(strategy, "interleaved") == 0 ? VIEWS_INTERLEAVED
							     : VIEWS_SEQUENTIAL;
	v->rate_hz = json_number_value(artifact_get_attribute(signals, "rate_hz"));
	v->samples = (int)artifact_integer(signals, "samples");
	/* A segment is a whole number of tokens of ten samples, never longer than asked for. */
	v->segment = (int)(params_float(p, "segment_s") * v->rate_hz / 10 + 1e-9) * 10;
	v->is_antialiased = params_bool(p, "antialias");
	v->is_standardized = params_bool(p, "standardize");
}

static void augment_from_params(struct augment *a, const struct params *p)
{
	const char *const *names;
	size_t n = params_list(p, "pool", &names);
	for (size_t i = 0; i < n; i++) {
		int k = 0;
		while (k < AUGMENT_KINDS && strcmp(names[i], augment_names[k]) != 0)
			k++;
		if (k == AUGMENT_KINDS)
			die("views.pool: unknown augmentation '%s'; expected noise, powerline, wander, emg, "
			    "gain, "
			    "shift, cutout or crop",
			    names[i]);
		a->pool |= 1u << k;
	}

	a->pool_draws = (int)params_int(p, "pool_draws");
	a->lead_mask_p = params_float(p, "lead_mask_p");
	a->gain = params_float(p, "gain");
	a->noise_min = params_float(p, "noise_min");
	a->noise_max = params_float(p, "noise_max");
	a->noise_p = params_float(p, "noise_p");
	a->shift_s = params_float(p, "shift_s");
	a->pool_noise = params_float(p, "pool_noise");
	a->pool_powerline = params_float(p, "pool_powerline");
	a->pool_wander = params_float(p, "pool_wander");
	a->pool_emg = params_float(p, "pool_emg");
	a->pool_gain = params_float(p, "pool_gain");
	a->pool_shift_s = params_float(p, "pool_shift_s");
	a->pool_cutout_s = params_float(p, "pool_cutout_s");
	a->pool_crop = params_float(p, "pool_crop");
	if (a->noise_min > a->noise_max)
		die("views.noise_min %g is above views.noise_max %g", a->noise_min, a->noise_max);
}

static void run(struct stage_run *r)
{
	struct error e = {0};
	struct views v = {0};
	struct augment a = {0};

	views_from_params(&v, r->params, r->input[0]);
	augment_from_params(&a, r->params);
	if (views_check(&v, &e) < 0)
		die("%s", error_text(&e));
	r->output = artifact_create("views", 2);
	artifact_attribute(r->output, "signals", json_string(artifact_id(r->input[0])));
	artifact_attribute(r->output, "views", views_json(&v));
	artifact_attribute(r->output, "augment", augment_json(&a));
	artifact_attribute(r->output, "samples", json_integer(views_input_samples(&v)));
	artifact_attribute(r->output, "rate_hz", json_real(views_input_rate(&v)));
}

static const struct param params[] = {
	{"strategy", PARAM_CHOICE, .choices = "halves interleaved sequential", .otherwise = "halves",
	 .help = "what the two views of a record are"},
	{"segment_s", PARAM_FLOAT, .unit = "s", .min = 0.1, .max = 100, .otherwise = "5",
	 .help = "halves: length of a segment"},
	{"antialias", PARAM_BOOL, .otherwise = "true", .help = "interleaved: low-pass before splitting"},
	{"standardize", PARAM_BOOL, .otherwise = "false",
	 .help = "each view to mean 0 and deviation 1 per lead after cutting"},
	{"lead_mask_p", PARAM_FLOAT, .min = 0, .max = 1, .otherwise = "0.5",
	 .help = "probability of masking a lead of a view; one is always kept"},
	{"gain", PARAM_FLOAT, .min = 1, .max = 100, .otherwise = "2",
	 .help = "gain of a lead of a view, log-uniform in [1/gain, gain]"},
	{"noise_min", PARAM_FLOAT, .min = 0, .max = 100, .otherwise = "0",
	 .help = "least white noise, in standard deviations of the lead"},
	{"noise_max", PARAM_FLOAT, .min = 0, .max = 100, .otherwise = "0.2",
	 .help = "most white noise; uniform between the two per view and lead"},
	{"noise_p", PARAM_FLOAT, .min = 0, .max = 1, .otherwise = "1",
	 .help = "probability that a lead of a view gets noise"},
	{"shift_s", PARAM_FLOAT, .unit = "s", .min = 0, .max = 3600, .otherwise = "0.5",
	 .help = "interleaved: largest shift of a view, either way"},
	{"pool", PARAM_LIST, .otherwise = "[noise, powerline, wander, emg, gain, shift, cutout, crop]",
	 .help = "sequential: augmentations to draw from"},
	{"pool_draws", PARAM_INT, .min = 0, .max = AUGMENT_KINDS, .otherwise = "3",
	 .help = "sequential: how many different ones are applied to a view, in the order drawn"},
	{"pool_noise", PARAM_FLOAT, .min = 0, .max = 100, .otherwise = "0.15",
	 .help = "noise: standard deviation, in the lead's"},
	{"pool_powerline", PARAM_FLOAT, .min = 0, .max = 100, .otherwise = "0.5",
	 .help = "powerline: largest amplitude, in the lead's standard deviations"},
	{"pool_wander", PARAM_FLOAT, .min = 0, .max = 100, .otherwise = "0.5",
	 .help = "wander: largest amplitude, in the lead's standard deviations"},
	{"pool_emg", PARAM_FLOAT, .min = 0, .max = 100, .otherwise = "0.5",
	 .help = "emg: largest standard deviation, in the lead's"},
	{"pool_gain", PARAM_FLOAT, .min = 1, .max = 100, .otherwise = "1.5",
	 .help = "gain: log-uniform in [1/pool_gain, pool_gain] per lead"},
	{"pool_shift_s", PARAM_FLOAT, .unit = "s", .min = 0, .max = 3600, .otherwise = "1",
	 .help = "shift: largest shift, either way"},
	{"pool_cutout_s", PARAM_FLOAT, .unit = "s", .min = 0, .max = 3600, .otherwise = "2",
	 .help = "cutout: longest time set to zero"},
	{"pool_crop", PARAM_FLOAT, .min = 0.01, .max = 1, .otherwise = "0.6",
	 .help = "crop: smallest share of the view that is kept"},
	{0}};

static const struct stage stage = {.name = "views",
				   .purpose = "Decide what the two views of a record are",
				   .inputs = INPUTS("preprocess"),
				   .kind = "views",
				   .params = params,
				   .run = run};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
