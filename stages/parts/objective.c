#include "stages/parts/objective.h"

#include <stddef.h>
#include <string.h>

static const struct objective objectives[] = {
	{"ntxent", PAIRING_POLICY, false, false, "ln(2N-1)"},
	{"cmsc", PAIRING_POLICY, true, true, "ln N"},
	{"cmlc", PAIRING_LEADS, true, true, "ln N"},
	{"cmsmlc", PAIRING_SEGMENTS_LEADS, true, true, "ln N"},
};

const struct objective *objective_named(const char *name)
{
	for (size_t i = 0; i < sizeof objectives / sizeof *objectives; i++)
		if (strcmp(objectives[i].name, name) == 0)
			return &objectives[i];
	return NULL;
}
