#include "model/dualview_config.h"

#include <string.h>

#include "model/tokenizer.h"

int dualview_preset(struct dualview_config *c, const char *name)
{
	static const struct {
		const char *name;
		int d, heads, time, channel, cross, hidden, out;
	} presets[] = {{"tiny", 64, 4, 2, 2, 1, 256, 128},
		       {"small", 192, 6, 4, 4, 1, 1024, 128},
		       {"base", 256, 8, 6, 4, 1, 2048, 128}};

	for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
		if (!strcmp(name, presets[i].name)) {
			c->d_model = presets[i].d;
			c->n_heads = presets[i].heads;
			c->n_time_layers = presets[i].time;
			c->n_channel_layers = presets[i].channel;
			c->n_cross = presets[i].cross;
			c->projector_hidden = presets[i].hidden;
			c->projector_out = presets[i].out;
			return 0;
		}

	return -1;
}

int dualview_config_check(const struct dualview_config *c, struct error *e)
{
	if (c->samples < 2 * TOKENIZER_STRIDE || c->samples % TOKENIZER_STRIDE || c->samples > 100000)
		return error_set(e, NULL, 0, "samples %d: expected a multiple of %d, from %d on", c->samples,
				 TOKENIZER_STRIDE, 2 * TOKENIZER_STRIDE);
	if (!(c->rate_hz > 0 && c->rate_hz <= 10000))
		return error_set(e, NULL, 0, "rate %g Hz: expected above 0, at most 10000",
				 (double)c->rate_hz);
	if (c->d_model < 32 || c->d_model % 32 || c->d_model > 4096)
		return error_set(e, NULL, 0, "model width %d: expected a multiple of 32", c->d_model);
	if (c->n_heads < 1 || c->d_model % c->n_heads)
		return error_set(e, NULL, 0, "%d heads do not divide the model's width %d", c->n_heads,
				 c->d_model);
	if (c->n_time_layers < 0 || c->n_channel_layers < 0 || c->n_cross < 0 || c->n_time_layers > 99 ||
	    c->n_channel_layers > 99 || c->n_cross > 99)
		return error_set(e, NULL, 0, "number of layers: expected 0 to 99");
	if (c->towers < TOWERS_TIME || c->towers > TOWERS_BOTH)
		return error_set(e, NULL, 0, "no tower is on");
	if (c->projector_out < 0 || (c->projector_out && c->projector_hidden < 1))
		return error_set(e, NULL, 0, "projector sizes: expected at least 1");

	return 0;
}
