#include "model/config.h"

#include <string.h>

#include "common/die.h"

static const char *const towers_names[] = {
	[TOWERS_TIME] = "time", [TOWERS_CHANNEL] = "channel", [TOWERS_BOTH] = "both"};

enum towers config_towers(const char *name)
{
	for (int i = TOWERS_TIME; i <= TOWERS_BOTH; i++)
		if (strcmp(name, towers_names[i]) == 0)
			return (enum towers)i;
	return (enum towers)0;
}

static json_t *dvt_json(const struct dualview_config *c)
{
	return json_pack("{s:s, s:i, s:f, s:i, s:i, s:i, s:i, s:i, s:s, s:i, s:i}", "encoder", "dvt",
			 "samples", c->samples, "rate_hz", (double)c->rate_hz, "d_model", c->d_model,
			 "n_heads", c->n_heads, "n_time_layers", c->n_time_layers, "n_channel_layers",
			 c->n_channel_layers, "n_cross", c->n_cross, "towers", towers_names[c->towers],
			 "projector_hidden", c->projector_hidden, "projector_out", c->projector_out);
}

static json_t *resnet18_json(const struct resnet18_config *c)
{
	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:b, s:i, s:i}", "encoder", "resnet18", "samples",
			 c->samples, "width", c->width, "stem_taps", c->stem_taps, "taps", c->taps,
			 "has_pool", c->has_pool, "projector_hidden", c->projector_hidden, "projector_out",
			 c->projector_out);
}

json_t *config_json(const struct encoder_config *c)
{
	json_t *json = c->kind == ENCODER_DVT ? dvt_json(&c->dvt) : resnet18_json(&c->resnet18);
	if (!json)
		BUG("a network's config is not JSON");
	return json;
}

static int read_dvt(struct dualview_config *c, const json_t *json, struct error *e)
{
	const char *towers = NULL;
	double rate_hz = 0;
	json_error_t at;
	if (json_unpack_ex((json_t *)json, &at, 0, "{s:i, s:F, s:i, s:i, s:i, s:i, s:i, s:s, s:i, s:i}",
			   "samples", &c->samples, "rate_hz", &rate_hz, "d_model", &c->d_model, "n_heads",
			   &c->n_heads, "n_time_layers", &c->n_time_layers, "n_channel_layers",
			   &c->n_channel_layers, "n_cross", &c->n_cross, "towers", &towers,
			   "projector_hidden", &c->projector_hidden, "projector_out", &c->projector_out) < 0)
		return error_set(e, NULL, 0, "attribute \"config\": %s", at.text);
	c->rate_hz = (float)rate_hz;
	if (!(c->towers = config_towers(towers)))
		return error_set(e, NULL, 0,
				 "attribute \"config\": towers '%s', expected time, channel or both", towers);
	return 0;
}

static int read_resnet18(struct resnet18_config *c, const json_t *json, struct error *e)
{
	int has_pool = 0;
	json_error_t at;
	if (json_unpack_ex((json_t *)json, &at, 0, "{s:i, s:i, s:i, s:i, s:b, s:i, s:i}", "samples",
			   &c->samples, "width", &c->width, "stem_taps", &c->stem_taps, "taps", &c->taps,
			   "has_pool", &has_pool, "projector_hidden", &c->projector_hidden, "projector_out",
			   &c->projector_out) < 0)
		return error_set(e, NULL, 0, "attribute \"config\": %s", at.text);
	c->has_pool = has_pool;
	return 0;
}

int config_read(struct encoder_config *c, const json_t *json, struct error *e)
{
	const char *encoder = json_string_value(json_object_get(json, "encoder"));
	memset(c, 0, sizeof *c);
	int status;
	if (encoder && strcmp(encoder, "dvt") == 0) {
		c->kind = ENCODER_DVT;
		status = read_dvt(&c->dvt, json, e);
	} else if (encoder && strcmp(encoder, "resnet18") == 0) {
		c->kind = ENCODER_RESNET18;
		status = read_resnet18(&c->resnet18, json, e);
	} else if (encoder && (!strcmp(encoder, "exemplars") || !strcmp(encoder, "ensemble"))) {
		return error_set(e, NULL, 0,
				 "its encoder, %s, is no network: embed and predict apply it, but it "
				 "has no weights to train on and no graph to export",
				 encoder);
	} else {
		return error_set(e, NULL, 0,
				 "attribute \"config\": unknown encoder '%s', expected dvt or resnet18",
				 encoder ? encoder : "");
	}

	return status < 0 ? -1 : encoder_config_check(c, e);
}

json_t *config_shapes(const struct tensors *t)
{
	json_t *json = json_object();
	for (int i = 0; i < t->n; i++) {
		json_t *shape = json_array();
		for (int k = 0; k < 4 && t->list[i].shape[k]; k++)
			json_array_append_new(shape, json_integer(t->list[i].shape[k]));
		if (json_object_set_new(json, t->list[i].name, shape) < 0)
			BUG("a tensor's name is not UTF-8");
	}
	return json;
}
