#include "stages/shared/remark.h"

#include <stdlib.h>

#include "common/die.h"

json_t *remark_classes(const json_t *classes, const bool *meant, const char *one, const char *many)
{
	int n = 0;
	char *names = die_strdup("");
	size_t i;
	const json_t *name;
	json_array_foreach (classes, i, name) {
		if (!meant[i])
			continue;
		char *longer = die_printf("%s%s%s", names, n++ ? ", " : "", json_string_value(name));
		free(names);
		names = longer;
	}
	json_t *out = !n ? NULL : n == 1 ? json_sprintf(one, names) : json_sprintf(many, n, names);
	free(names);
	return out;
}
