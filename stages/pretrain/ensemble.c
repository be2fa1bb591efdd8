#include "stages/pretrain/ensemble.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/team.h"
#include "stages/shared/member.h"
#include "stages/shared/network.h"
#include "stages/shared/signals.h"

static int count_words(const char *joined)
{
	int n = *joined != 0;
	for (const char *c = joined; *c; c++)
		n += *c == '+';
	return n;
}

static void check_params(const struct stage_run *r, int n)
{
	const struct params *p = r->params;
	const char *given = network_size_given(p), *members = params_text(p, "members");
	if (given)
		die("pretrain.%s: ensemble has no such size; leave it out", given);
	if (strcmp(params_text(p, "start"), "random"))
		die("pretrain.start: an ensemble is joined, not trained; leave it at random, and CONTINUE "
		    "out");
	if (count_words(members) < 2 || count_words(members) > MEMBERS_MOST)
		die("pretrain.members: '%s'; an ensemble takes 2 to %d arms, joined by +", members,
		    MEMBERS_MOST);
	if (n != count_words(members))
		die("pretrain.members: %d models were given for '%s'; run make", n, members);
}

static void check_member(const struct stage_run *r, const struct artifact *signals, int i)
{
	const struct artifact *model = r->input[i];
	if (!model)
		die("pretrain.members: %s was not made; its own message says why", r->input_name[i]);
	if (strcmp(artifact_kind(model), "model") != 0)
		die("pretrain.members: %s is an artifact of kind %s, not a model", r->input_name[i],
		    artifact_kind(model));
	if (members_are_in(model))
		die("pretrain.members: %s is an ensemble itself; name its members instead", r->input_name[i]);
	signals_check_alike(signals, model);
}

/* What embed must know of it, as its own header says. */
static json_t *about(const struct artifact *model)
{
	static const char *const kept[] = {"config", "views", "augment", "objective", "seed"};
	json_t *json = json_object();
	json_object_set_new(json, "model", json_string(artifact_id(model)));
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		const json_t *value = artifact_get_attribute(model, kept[i]);
		if (value)
			json_object_set_new(json, kept[i], json_deep_copy(value));
	}
	return json;
}

/* Its tensors behind those of the members before it, and their shapes. */
static void put_tensors(struct artifact_writer *w, int table, json_t *shapes, const struct artifact *model,
			int number)
{
	const json_t *own = artifact_get_attribute(model, "tensors");
	for (struct artifact_cursor *c = artifact_walk(model, "tensor"); artifact_next(c);) {
		char *name = die_printf("%.*s", (int)c->key_bytes, (const char *)c->key),
		     *key = member_key(number, name);
		const json_t *shape = json_object_get(own, name);
		artifact_put(w, table, key, strlen(key), c->value, c->value_bytes);
		if (shape)
			json_object_set_new(shapes, key, json_deep_copy(shape));
		free(key);
		free(name);
	}
}

/* Members see what each was trained on; the ensemble, whole records. */
static void put_views(struct artifact_writer *w, const struct artifact *model)
{
	struct augment policy;
	signals_policy(&policy, model);
	struct augment none = {.views = views_whole(&policy.views), .gain = 1};
	artifact_attribute(w, "views", views_json(&none.views));
	artifact_attribute(w, "augment", augment_json(&none));
}

static void write_model(struct stage_run *r, const struct artifact *signals, int first)
{
	static const char *const of_signals[] = {"classes", "statements", "dataset", SIGNALS_PREPARED};
	struct artifact_writer *w = r->output = artifact_create("model", 1);
	json_t *members = json_array(), *shapes = json_object();
	int table = artifact_table(w, "tensor");

	network_carry(w, signals, of_signals, sizeof of_signals / sizeof *of_signals);
	put_views(w, r->input[first]);
	for (int i = first; i < r->n_inputs; i++) {
		json_array_append_new(members, about(r->input[i]));
		put_tensors(w, table, shapes, r->input[i], i - first);
	}
	artifact_attribute(w, "config",
			   json_pack("{s:s, s:i}", "encoder", "ensemble", "members", r->n_inputs - first));
	artifact_attribute(w, "members", members);
	artifact_attribute(w, "tensors", shapes);
	artifact_attribute(w, "seed", json_integer(params_int(r->params, "seed")));
}

void ensemble_join(struct stage_run *r, const struct artifact *signals, int first)
{
	if (team_rank(r->team) != 0)
		return;
	check_params(r, r->n_inputs - first);
	for (int i = first; i < r->n_inputs; i++)
		check_member(r, signals, i);
	write_model(r, signals, first);
}
