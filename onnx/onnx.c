#include "onnx/onnx.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "ecg/lead.h"
#include "ecg/views.h"
#include "kernels/ops.h"
#include "model/config.h"
#include "onnx/cuts.h"
#include "onnx/dvt.h"
#include "onnx/graph.h"
#include "onnx/readout.h"
#include "onnx/resnet.h"
#include "store/lineage.h"

struct exported {
	const struct artifact *network, *scores; /* scores NULL: no classifier */
	struct artifact *opened;		 /* network, if it is not what was asked for */
	struct encoder *net;
	struct views views;
	struct readout readout;
};

bool onnx_is_name(const char *path)
{
	size_t n = strlen(path);
	return n > 5 && !strcmp(path + n - 5, ".onnx");
}

/* ---- which network ---- */

/* A probe's scores were made from embeddings, those from a model. */
static int open_model_of(struct exported *x, const struct artifact *scores, struct error *e)
{
	struct lineage *l = lineage_open();
	char embeddings[DIGEST_HEX], model[DIGEST_HEX];
	bool is_known = lineage_input(embeddings, l, artifact_id(scores), "embed") &&
			lineage_input(model, l, embeddings, "pretrain");
	lineage_close(l);
	if (!is_known)
		return error_set(
			e, NULL, 0,
			"scores %s: no action entry of %s says which model is behind this probe; run its "
			"embed and probe again, or export the model itself",
			artifact_id(scores), artifact_store_path());
	x->network = x->opened = artifact_open(model, "model");
	return 0;
}

static int find_network(struct exported *x, const struct artifact *a, struct error *e)
{
	const char *kind = artifact_kind(a);
	bool is_scores = !strcmp(kind, "scores");
	if (!is_scores && strcmp(kind, "model"))
		return error_set(e, NULL, 0, "kind %s has no network; model and scores are exported as .onnx",
				 kind);
	if (artifact_get_attribute(a, "embedded"))
		return error_set(e, NULL, 0,
				 "scores %s are of embeddings of other views than the network's own "
				 "(embed.views); probe again with embed.views=own",
				 artifact_id(a));
	x->scores = is_scores ? a : NULL;
	if (is_scores && !artifact_has_table(a, "tensor"))
		return open_model_of(x, a, e);
	x->network = a;
	return 0;
}

static int open_network(struct exported *x, struct error *e)
{
	struct encoder_config c;
	struct error why = {0};
	if (config_read(&c, artifact_get_attribute(x->network, "config"), &why) < 0 ||
	    views_read(&x->views, artifact_get_attribute(x->network, "views"), &why) < 0)
		return error_set(e, NULL, 0, "%s %s: %s", artifact_kind(x->network), artifact_id(x->network),
				 error_text(&why));
	if (encoder_samples(&c) != views_input_samples(&x->views))
		return error_set(e, NULL, 0, "%s %s: its attributes contradict each other",
				 artifact_kind(x->network), artifact_id(x->network));
	x->net = encoder_new(ops_cpu(), &c, 1, false);
	return x->scores ? readout_open(&x->readout, x->scores, x->net->dim, e) : 0;
}

/* ---- the graph ---- */

static void add_nodes(struct graph *g, const struct exported *x)
{
	static const float ones[LEADS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	struct layer_source s = {g, x->net->tensors, x->network};
	const char *signal = graph_input(g, "signal", GRAPH_DIMS(GRAPH_N, LEADS, x->views.samples));
	const char *scale =
		x->scores && x->readout.n_scale ? graph_input(g, "scale", GRAPH_DIMS(GRAPH_N, LEADS)) : NULL;
	const char *keep = graph_optional(g, "keep", GRAPH_DIMS(GRAPH_N, LEADS), ones, GRAPH_DIMS(1, LEADS));

	const char *views = cuts_views(g, &x->views, signal);
	keep = cuts_keep(g, &x->views, keep, signal);
	const char *h = x->net->dvt ? dvt_graph(&s, x->net->dvt, views, keep)
				    : resnet_graph(&s, x->net->resnet18, views, keep);
	h = cuts_mean(g, &x->views, h, x->net->dim);
	graph_output(g, "embedding", h, GRAPH_DIMS(GRAPH_N, x->net->dim));

	if (x->scores)
		graph_output(g, "probability", readout_graph(g, &x->readout, h, scale),
			     GRAPH_DIMS(GRAPH_N, x->readout.n_classes));
}

/* A text as it is, anything else as JSON. */
static void add_pair(struct graph *g, const char *key, const json_t *value)
{
	char *text = !value		     ? NULL
		     : json_is_string(value) ? die_strdup(json_string_value(value))
					     : json_canonical(value, NULL);
	if (text)
		graph_metadata(g, key, text);
	free(text);
}

static void add_new_pair(struct graph *g, const char *key, json_t *value)
{
	add_pair(g, key, value);
	json_decref(value);
}

static json_t *leads(void)
{
	json_t *names = json_array();
	for (int l = 0; l < LEADS; l++)
		json_array_append_new(names, json_string(lead_names[l]));
	return names;
}

static void add_metadata(struct graph *g, const struct exported *x)
{
	static const char *const of_network[] = {"config", "normalize", "views"}, *const of_scores[] = {
											  "classes",
											  "decision_weight",
											  "features",
											  "labels", "task"};
	graph_metadata(g, "einthoven", artifact_id(x->scores ? x->scores : x->network));
	graph_metadata(g, "model", artifact_id(x->network));
	add_new_pair(g, "leads", leads());
	add_new_pair(g, "rate_hz", json_real(x->views.rate_hz));
	add_new_pair(g, "samples", json_integer(x->views.samples));
	for (size_t i = 0; i < sizeof of_network / sizeof *of_network; i++)
		add_pair(g, of_network[i], artifact_get_attribute(x->network, of_network[i]));
	for (size_t i = 0; x->scores && i < sizeof of_scores / sizeof *of_scores; i++)
		add_pair(g, of_scores[i], artifact_get_attribute(x->scores, of_scores[i]));
}

int onnx_export(const struct artifact *a, const char *path, struct error *e)
{
	struct exported x = {0};
	struct error why = {0};
	int status = -1;

	if (find_network(&x, a, &why) == 0 && open_network(&x, &why) == 0) {
		struct graph *g = graph_new();
		add_nodes(g, &x);
		add_metadata(g, &x);
		status = graph_write(g, path, e);
		graph_free(g);
	} else
		error_set(e, path, 0, "%s", error_text(&why));

	encoder_free(x.net);
	artifact_close(x.opened);
	return status;
}
