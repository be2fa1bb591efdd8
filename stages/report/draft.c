#include "stages/report/draft.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "stages/shared/arm.h"
#include "stages/shared/pathless.h"

enum { FEW_CLASSES = 12 };

static json_t *read_json(const struct artifact *a, const char *table, const char *key)
{
	struct error e = {0};
	struct artifact_value v = artifact_get(a, table, key, strlen(key));
	json_t *x = v.bytes ? json_read(v.bytes, v.n_bytes, key, &e) : NULL;
	if (v.bytes && !x)
		die("evaluation %s: %s", artifact_id(a), error_text(&e));
	return x;
}

static json_t *read_arm(const struct draft *s, const char *name)
{
	static const char *const kinds[] = {"views", "signals"};
	json_t *arm = read_json(s->evaluation, "arm", name);
	if (!arm)
		die("evaluation %s: arm %s is absent", artifact_id(s->evaluation), name);
	for (int k = 0; k < 2; k++)
		if (draft_input(s, arm, kinds[k]))
			json_object_set_new(json_object_get(arm, "ids"), kinds[k],
					    json_string(artifact_id(draft_input(s, arm, kinds[k]))));
	return arm;
}

/* Arms of one NAME stand together, so that the last shown one tells. */
static bool is_further_seed(const json_t *shown, const char *name)
{
	const json_t *arm;
	size_t i, n = arm_base(name);
	json_array_foreach (shown, i, arm) {
		const char *other = draft_name(arm);
		if (name[n] && arm_base(other) == n && !memcmp(name, other, n))
			return true;
	}
	return false;
}

/* The arm with its judgement over all seeds, if it has several, or if those do that it is compared with. */
static json_t *over_seeds(const struct draft *s, json_t *arm)
{
	const char *name = draft_name(arm);
	char *base = die_printf("%.*s", (int)arm_base(name), name);
	bool has_any = artifact_has_table(s->evaluation, "over_seeds");
	json_t *all = has_any ? read_json(s->evaluation, "over_seeds", base) : NULL;
	if (has_any && !all)
		all = read_json(s->evaluation, "over_seeds", name);
	free(base);
	if (!all)
		return json_incref(arm);

	json_t *out = json_deep_copy(arm);
	if (json_array_size(json_object_get(all, "arms")) > 1)
		json_object_set_new(out, "ids", json_pack("{s:s}", "scores", artifact_id(s->evaluation)));
	json_object_update_recursive(out, all);
	json_object_set(out, "against", json_object_get(all, "against"));
	if (json_array_size(json_object_get(all, "arms")) > 1)
		json_object_del(out, "legacy"); /* of one seed */
	json_decref(all);
	return out;
}

static void read_all(const struct draft *s, json_t *out, const char *table, const char *const *keys, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		json_t *value = read_json(s->evaluation, table, keys[k]);
		if (value)
			json_object_set_new(out, keys[k], value);
	}
}

/* A note says why an arm failed, and that may be a file. */
static json_t *notes_of(const struct artifact *evaluation)
{
	json_t *notes = json_array();
	const json_t *note;
	size_t i;
	json_array_foreach (artifact_get_attribute(evaluation, "notes"), i, note) {
		char *text = pathless_text(json_string_value(note));
		json_array_append_new(notes, json_string(text));
		free(text);
	}
	return notes;
}

void draft_open(struct draft *s, struct stage_run *run)
{
	static const char *const floors[] = {"scale", "majority", "convolutions", "convolutions_dim"},
				 *const ranked[] = {"macro_auroc", "macro_f1"};
	const json_t *name;
	json_t *cross = json_string("cross");
	size_t i;

	*s = (struct draft){.run = run, .evaluation = run->input[0]};
	s->classes = artifact_get_attribute(s->evaluation, "classes");
	s->groups = artifact_get_attribute(s->evaluation, "groups");
	s->is_cross = json_equal(artifact_get_attribute(s->evaluation, "evaluation"), cross);
	json_decref(cross);
	s->notes = notes_of(s->evaluation);
	s->seeds = artifact_get_attribute(s->evaluation, "seeds");
	s->arms = json_array();
	s->shown = json_array();
	s->judged = json_array();
	s->floors = json_object();
	s->ranking = json_object();

	json_array_foreach (artifact_get_attribute(s->evaluation, "arms"), i, name) {
		json_t *arm = read_arm(s, json_string_value(name));
		json_array_append_new(s->arms, arm);
		if (!is_further_seed(s->shown, draft_name(arm))) {
			json_array_append(s->shown, arm);
			json_array_append_new(s->judged, over_seeds(s, arm));
		}
	}

	read_all(s, s->floors, "floor", floors, sizeof floors / sizeof *floors);
	read_all(s, s->ranking, "ranking", ranked, sizeof ranked / sizeof *ranked);
}

void draft_close(struct draft *s)
{
	text_release(&s->page);
	json_decref(s->arms);
	json_decref(s->shown);
	json_decref(s->judged);
	json_decref(s->notes);
	json_decref(s->floors);
	json_decref(s->ranking);
}

const json_t *draft_columns(const struct draft *s)
{
	return json_array_size(s->classes) <= FEW_CLASSES ? s->classes : NULL;
}

const struct artifact *draft_input(const struct draft *s, const json_t *arm, const char *kind)
{
	const char *name = draft_name(arm);
	size_t n = strlen(name);
	for (int i = 0; i < s->run->n_inputs; i++) {
		const char *own = s->run->input_name[i];
		if (!strncmp(own, name, n) && own[n] == '/' && !strcmp(own + n + 1, kind))
			return s->run->input[i];
	}
	return NULL;
}

const char *draft_name(const json_t *arm)
{
	return json_string_value(json_object_get(arm, "name"));
}

const char *draft_id(const json_t *arm, const char *kind)
{
	return json_string_value(json_object_get(json_object_get(arm, "ids"), kind));
}

bool draft_is_tuned(const json_t *arm)
{
	return json_object_get(arm, "from");
}

size_t draft_group(const struct draft *s, size_t from)
{
	size_t end = from, n = json_array_size(s->shown);
	const json_t *group = json_object_get(json_array_get(s->shown, from), "group");
	while (end < n && json_equal(json_object_get(json_array_get(s->shown, end), "group"), group))
		end++;
	return end;
}

json_t *draft_slice(const struct draft *s, size_t from, size_t end)
{
	json_t *out = json_array();
	for (size_t i = from; i < end; i++)
		json_array_append(out, json_array_get(s->shown, i));
	return out;
}

json_t *draft_names(const json_t *arms)
{
	json_t *names = json_array();
	const json_t *arm;
	size_t i;
	json_array_foreach (arms, i, arm)
		json_array_append_new(names, json_string(draft_name(arm)));
	return names;
}
