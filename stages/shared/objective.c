#include "stages/shared/objective.h"

#include <stddef.h>
#include <string.h>

#include "common/die.h"

#define OBJECTIVE(name, pairing, loss, has_segments, terms, target)                                          \
	{#name, pairing, loss, has_segments, terms, target},
static const struct objective objectives[] = {OBJECTIVES(OBJECTIVE)};

const struct objective *objective_named(const char *name)
{
	for (size_t i = 0; i < sizeof objectives / sizeof *objectives; i++)
		if (strcmp(objectives[i].name, name) == 0)
			return &objectives[i];
	return NULL;
}

const struct objective *objective_of(const struct artifact *model)
{
	struct member whole = member_whole(model);
	return objective_of_member(&whole);
}

const struct objective *objective_of_member(const struct member *m)
{
	const char *name = json_string_value(member_attribute(m, "objective"));
	const struct objective *o = objective_named(name ? name : "ntxent");
	if (!o)
		die("model %s: unknown objective '%s'", artifact_id(m->in), name);
	return o;
}
