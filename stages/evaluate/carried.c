#include "stages/evaluate/carried.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "stages/evaluate/naming.h"

/* The names of all arms whose scores have this sentence; new reference. */
static json_t *arms_saying(const struct arms *s, const json_t *text)
{
	json_t *names = json_array();
	for (int i = 0; i < s->n_arms; i++) {
		const json_t *notes = artifact_get_attribute(s->arm[i].scores, "notes"), *other;
		size_t k;
		json_array_foreach (notes, k, other) {
			if (!json_equal(text, other))
				continue;
			json_array_append_new(names, json_string(s->arm[i].name));
			break;
		}
	}

	return names;
}

void carried_add(struct arms *s)
{
	json_t *said = json_array(), *all = arms_names(s);
	for (int i = 0; i < s->n_arms; i++) {
		json_t *text;
		size_t k;
		json_array_foreach (artifact_get_attribute(s->arm[i].scores, "notes"), k, text) {
			if (!json_is_string(text) || strstr(json_string_value(text), "bootstrap resamples") ||
			    !json_append_once(said, text))
				continue;
			json_t *saying = arms_saying(s, text);
			char *names = naming_of(saying, all);
			if (json_array_size(saying) == json_array_size(all))
				arms_note(s, json_incref(text));
			else
				arms_note(s,
					  json_sprintf("Arm%s %s: %s", json_array_size(saying) > 1 ? "s" : "",
						       names, json_string_value(text)));
			free(names);
			json_decref(saying);
		}
	}

	json_decref(said);
	json_decref(all);
}
