#include "stages/evaluate/verdict.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"

enum { VALUE_BYTES = 80, FEW_NAMES = 6 };

static const char *metric_name(const json_t *ranking)
{
	const char *key = json_text(ranking, "metric");
	return !strcmp(key, "macro_auroc") ? "macro AUROC" : !strcmp(key, "macro_f1") ? "macro F1" : key;
}

/* "+0.012 [-0.003, +0.027]" */
static const char *value_text(char out[VALUE_BYTES], const json_t *v, int is_signed)
{
	int n = snprintf(out, VALUE_BYTES, is_signed ? "%+.3f" : "%.3f", json_number(v, "value"));
	if (json_is_number(json_object_get(v, "low")))
		snprintf(out + n, VALUE_BYTES - (size_t)n, is_signed ? " [%+.3f, %+.3f]" : " [%.3f, %.3f]",
			 json_number(v, "low"), json_number(v, "high"));
	return out;
}

/* What a difference allows to say. of: what it was corrected for. */
static const char *meaning(char out[VALUE_BYTES], const json_t *v, double level, const char *of, size_t n)
{
	const json_t *p = json_object_get(v, "p");
	if (!json_is_number(json_object_get(v, "low")))
		return "without an interval";
	if (json_number(v, "low") <= 0 && json_number(v, "high") >= 0)
		return "which includes 0: may be chance";
	if (n < 2)
		return "which excludes 0";
	snprintf(out, VALUE_BYTES,
		 json_is_number(p) && json_number_value(p) < level
			 ? "which excludes 0, also corrected for all %zu %s"
			 : "which excludes 0, but not when corrected for all %zu %s",
		 n, of);
	return out;
}

/* A sentence on the arms that cannot be told from the first, with names if they are few. Yours to free. */
static char *indistinct(const json_t *ranking)
{
	const json_t *list = json_object_get(ranking, "arms"), *arm;
	char *names = die_strdup(""), *out;
	size_t i, n = 0, n_others = json_array_size(list) - 1;

	json_array_foreach (list, i, arm) {
		const json_t *p = json_object_get(json_object_get(arm, "behind"), "p");
		if (!i || !json_is_number(p) || json_number_value(p) < json_number(ranking, "level"))
			continue;
		char *longer = die_printf("%s%s%s", names, n++ ? ", " : "", json_text(arm, "name"));
		free(names);
		names = longer;
	}

	if (!n)
		out = die_strdup("");
	else if (n == n_others && n > 1)
		out = die_printf(" None of the %zu other arms can be told from it.", n);
	else if (n > FEW_NAMES)
		out = die_printf(" %zu of the %zu other arms cannot be told from it.", n, n_others);
	else
		out = die_printf(" Not told apart from it: %s.", names);
	free(names);
	return out;
}

static char *against_next(const json_t *ranking)
{
	const json_t *list = json_object_get(ranking, "arms"),
		     *over = json_object_get(json_array_get(list, 0), "over_next");
	char value[VALUE_BYTES], words[VALUE_BYTES];
	if (!over || !json_is_number(json_object_get(over, "value")))
		return die_strdup("");
	return die_printf("; %s over %s, the next, %s", value_text(value, over, 1),
			  json_text(json_array_get(list, 1), "name"),
			  meaning(words, over, json_number(ranking, "level"), "pairs",
				  (size_t)json_number(json_object_get(ranking, "pairs"), "n")));
}

static char *against_floor(const json_t *ranking)
{
	const json_t *list = json_object_get(ranking, "arms"), *best = json_array_get(list, 0),
		     *over = json_object_get(best, "over_floor");
	char value[VALUE_BYTES], words[VALUE_BYTES];
	if (!over || !json_is_number(json_object_get(over, "value")))
		return die_strdup("");
	value_text(value, over, 1);
	const char *name = json_text(best, "floor_name"),
		   *means = meaning(words, over, json_number(ranking, "level"), "arms",
				    (size_t)json_number(json_object_get(ranking, "floors"), "n"));
	if (json_number(over, "value") < 0)
		return die_printf("; it stays below %s, the strongest floor: %s, %s", name, value, means);
	return die_printf("; %s over %s, the strongest floor, %s", value, name, means);
}

static json_t *verdict(const json_t *ranking)
{
	const json_t *list = json_object_get(ranking, "arms"), *best = json_array_get(list, 0),
		     *value = json_object_get(best, "value");
	char text[VALUE_BYTES];
	bool is_alone = json_array_size(list) == 1;

	if (!json_is_number(json_object_get(value, "value")))
		return json_sprintf("No arm has a %s here: nothing could be ranked.", metric_name(ranking));

	char *next = against_next(ranking), *floor = against_floor(ranking), *same = indistinct(ranking);
	json_t *out = json_sprintf("%s%s: %s, %s%s%s.%s", is_alone ? "By " : "Best by ", metric_name(ranking),
				   json_text(best, "name"), value_text(text, value, 0), next, floor, same);
	free(next);
	free(floor);
	free(same);
	return out;
}

/* How many intervals exclude 0, and how many of these are to be expected of chance. */
static json_t *multiplicity(const json_t *ranking)
{
	const json_t *pairs = json_object_get(ranking, "pairs"), *floors = json_object_get(ranking, "floors");
	int n = (int)json_number(pairs, "n"), n_floors = (int)json_number(floors, "n");
	if (n < 2)
		return NULL;
	return json_sprintf(
		"Pairs of arms whose difference excludes 0: %d of %d (if none differed, about %.1f would); "
		"%d "
		"corrected for all pairs at once (max-T). Above their strongest floor: %d of %d arms; %d "
		"corrected for all arms.",
		(int)json_number(pairs, "apart"), n, json_number(pairs, "by_chance"),
		(int)json_number(pairs, "together"), (int)json_number(floors, "above"), n_floors,
		(int)json_number(floors, "together"));
}

json_t *verdict_of(const json_t *ranking)
{
	json_t *out = json_array(), *more = multiplicity(ranking);
	json_array_append_new(out, verdict(ranking));
	if (more)
		json_array_append_new(out, more);
	return out;
}
