#include "store/explain.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/printable.h"
#include "store/digest.h"

/* A value as it stands in JSON; digests cut, absent ones "none". Yours to free. */
static char *value_text(const json_t *value)
{
	struct digest d;
	const char *s = json_string_value(value);
	if (!value)
		return die_strdup("none");
	if (s && json_string_length(value) == DIGEST_HEX - 1 && digest_parse(&d, s) == 0)
		return die_printf("%.12s", s);
	return json_canonical(value, NULL);
}

static int compare(FILE *out, const char *prefix, const char *path, const json_t *before, const json_t *now);

/* Members of either object, in the order of now and then of before. */
static int compare_members(FILE *out, const char *prefix, const char *path, const json_t *before,
			   const json_t *now)
{
	const char *name;
	json_t *item;
	int n = 0;

	json_object_foreach ((json_t *)now, name, item) {
		char *member = die_printf("%s%s%s", path, path[0] ? "." : "", name);
		n += compare(out, prefix, member, json_object_get(before, name), item);
		free(member);
	}

	json_object_foreach ((json_t *)before, name, item) {
		char *member = die_printf("%s%s%s", path, path[0] ? "." : "", name);
		if (!json_object_get(now, name))
			n += compare(out, prefix, member, item, NULL);
		free(member);
	}

	return n;
}

static int compare(FILE *out, const char *prefix, const char *path, const json_t *before, const json_t *now)
{
	if (json_is_object(before) && json_is_object(now))
		return compare_members(out, prefix, path, before, now);
	char *from = value_text(before), *to = value_text(now);
	bool is_same = before && now && json_equal(before, now);
	char *line = printable(die_printf("%s%s %s -> %s", prefix, path, from, to));
	if (!is_same)
		fprintf(out, "%s\n", line);
	free(line);
	free(from);
	free(to);
	return !is_same;
}

int explain_difference(FILE *out, const char *prefix, const json_t *before, const json_t *now)
{
	return compare_members(out, prefix, "", before, now);
}
