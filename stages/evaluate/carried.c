#include "stages/evaluate/carried.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"

/* The names of all arms from the first on whose scores have this sentence; returns how many. */
static int arms_saying(const struct arms *s, const json_t *text, char **names)
{
	int n = 0;
	*names = NULL;
	for (int i = 0; i < s->n_arms; i++) {
		const json_t *notes = artifact_get_attribute(s->arm[i].scores, "notes"), *other;
		size_t k;
		json_array_foreach (notes, k, other) {
			if (!json_equal(text, other))
				continue;
			char *longer = die_printf("%s%s%s", n ? *names : "", n ? ", " : "", s->arm[i].name);
			free(*names);
			*names = longer;
			n++;
			break;
		}
	}

	return n;
}

static bool is_said(const json_t *said, const json_t *text)
{
	size_t i;
	const json_t *other;
	json_array_foreach (said, i, other)
		if (json_equal(text, other))
			return true;
	return false;
}

void carried_add(struct arms *s)
{
	json_t *said = json_array();
	for (int i = 0; i < s->n_arms; i++) {
		json_t *text;
		size_t k;
		json_array_foreach (artifact_get_attribute(s->arm[i].scores, "notes"), k, text) {
			char *names;
			if (!json_is_string(text) || is_said(said, text) ||
			    strstr(json_string_value(text), "bootstrap resamples"))
				continue;
			json_array_append(said, text);
			int n = arms_saying(s, text, &names);
			if (n == s->n_arms)
				arms_note(s, json_incref(text));
			else
				arms_note(s, json_sprintf("Arm%s %s: %s", n > 1 ? "s" : "", names,
							  json_string_value(text)));
			free(names);
		}
	}

	json_decref(said);
}
