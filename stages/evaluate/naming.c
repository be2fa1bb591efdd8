#include "stages/evaluate/naming.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "stages/shared/arm.h"

static const char *name_at(const json_t *names, size_t i)
{
	return json_string_value(json_array_get(names, i));
}

static bool is_seed_of(const char *name, const char *other)
{
	return arm_base(name) == arm_base(other) && !memcmp(name, other, arm_base(name));
}

static size_t count_seeds(const json_t *names, size_t n, const char *of)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += is_seed_of(name_at(names, i), of);
	return count;
}

static void append(char **text, const char *between, const char *more, size_t n)
{
	char *longer = die_printf("%s%s%.*s", *text, between, (int)n, more);
	free(*text);
	*text = longer;
}

char *naming_of(const json_t *names, const json_t *all)
{
	size_t n = json_array_size(names);
	char *text = die_strdup("");
	for (size_t i = 0; i < n; i++) {
		const char *name = name_at(names, i);
		if (count_seeds(names, i, name))
			continue; /* said with the first of them */
		append(&text, *text ? ", " : "", name, arm_base(name));
		if (count_seeds(names, n, name) == count_seeds(all, json_array_size(all), name))
			continue;
		const char *between = "";
		for (size_t k = i; k < n; k++)
			if (is_seed_of(name_at(names, k), name)) {
				const char *seed = name_at(names, k) + arm_base(name);
				append(&text, between, seed, strlen(seed));
				between = " ";
			}
	}
	return text;
}
