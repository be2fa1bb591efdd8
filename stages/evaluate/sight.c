#include "stages/evaluate/sight.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/lead.h"
#include "ecg/views.h"
#include "stages/evaluate/naming.h"
#include "stages/shared/arm.h"

/* The embedding's; where there is none, what the classifier sees but for the log-std. */
static long long width_of(const struct arm *a)
{
	if (a->embeddings)
		return (long long)artifact_integer(a->embeddings, "dim");
	struct artifact_value v = {0};
	const char *features = json_string_value(artifact_get_attribute(a->scores, "features"));
	if (artifact_has_table(a->scores, "weight"))
		v = artifact_get(a->scores, "weight", "mean", strlen("mean"));
	long long n = (long long)(v.n_bytes / sizeof(float));
	return n - (features && !strcmp(features, "embedding+scale") ? LEADS : 0);
}

/* What its embeddings were made of, if that is not what the network was trained on; else NULL. */
static const json_t *embedded_by(const struct arm *a)
{
	return a->embeddings ? artifact_get_attribute(a->embeddings, "embedded") : NULL;
}

void sight_add(struct arm *a)
{
	struct error e = {0};
	struct views v;
	json_t *input = json_object();
	long long width = width_of(a);

	const json_t *seen = embedded_by(a);
	if (!seen && a->model) /* exemplars see other views than their chain cuts */
		seen = artifact_get_attribute(a->model, "views");
	if (!seen && a->views)
		seen = artifact_get_attribute(a->views, "views");
	if (seen && views_read(&v, seen, &e) < 0)
		die("arm %s: %s", a->name, error_text(&e));
	if (seen) {
		int samples = views_input_samples(&v);
		double rate_hz = views_input_rate(&v);
		json_object_set_new(input, "rate_hz", json_real(rate_hz));
		json_object_set_new(input, "samples", json_integer(samples));
		json_object_set_new(input, "seconds", json_real(samples / rate_hz));
		json_object_set_new(input, "views", json_integer(views_n_fixed(&v)));
	}
	if (width > 0)
		json_object_set_new(input, "width", json_integer(width));
	json_object_set_new(a->json, "input", input);
}

/* "2 views of 5 s at 100 Hz, width 128"; yours to free. */
static char *words_of(const json_t *input)
{
	long long views = json_integer_value(json_object_get(input, "views")),
		  width = json_integer_value(json_object_get(input, "width"));
	return die_printf("%lld view%s of %g s at %g Hz, width %lld", views, views == 1 ? "" : "s",
			  json_number_value(json_object_get(input, "seconds")),
			  json_number_value(json_object_get(input, "rate_hz")), width);
}

static bool has_input(const struct arms *s, int i, const json_t *input)
{
	return json_equal(json_object_get(s->arm[i].json, "input"), input);
}

/* Is an arm before this one another seed of the same NAME, with the same input? */
static bool is_further_seed(const struct arms *s, int at, const json_t *input)
{
	const char *name = s->arm[at].name;
	size_t n = arm_base(name);
	for (int i = 0; i < at; i++)
		if (has_input(s, i, input) && arm_base(s->arm[i].name) == n &&
		    !memcmp(s->arm[i].name, name, n))
			return true;
	return false;
}

/* The names of the arms from `first` on whose input is that one's, without their seeds; yours to free. */
static char *names_of(const struct arms *s, int first)
{
	const json_t *input = json_object_get(s->arm[first].json, "input");
	char *names = die_strdup("");
	for (int i = first; i < s->n_arms; i++) {
		const char *name = s->arm[i].name;
		if (!has_input(s, i, input) || is_further_seed(s, i, input))
			continue;
		char *longer = die_printf("%s%s%.*s", names, *names ? ", " : "", (int)arm_base(name), name);
		free(names);
		names = longer;
	}
	return names;
}

static bool is_met(const struct arms *s, int at)
{
	for (int i = 0; i < at; i++)
		if (has_input(s, i, json_object_get(s->arm[at].json, "input")))
			return true;
	return false;
}

/* A network that is given what it was not trained on is judged on that, too. */
static void note_embedded(struct arms *s)
{
	json_t *names = json_array(), *every = arms_names(s);
	const char *strategy = NULL;
	for (int k = 0; k < s->n_arms; k++)
		if (embedded_by(&s->arm[k])) {
			strategy = json_string_value(json_object_get(embedded_by(&s->arm[k]), "strategy"));
			json_array_append_new(names, json_string(s->arm[k].name));
		}
	char *all = naming_of(names, every);
	if (*all)
		arms_note(s, json_sprintf(
				     "Embedded as %s (embed.views), though trained on other views: %s. What "
				     "such an arm loses by that is part of its figures.",
				     strategy, all));
	free(all);
	json_decref(every);
	json_decref(names);
}

void sight_note(struct arms *s)
{
	note_embedded(s);
	char *all = die_strdup("");
	int n = 0;
	for (int i = 0; i < s->n_arms; i++) {
		if (is_met(s, i))
			continue;
		char *words = words_of(json_object_get(s->arm[i].json, "input")), *names = names_of(s, i),
		     *longer = die_printf("%s%s%s (%s)", all, n++ ? "; " : "", words, names);
		free(words);
		free(names);
		free(all);
		all = longer;
	}
	if (n > 1)
		arms_note(s, json_sprintf("Arms do not see the same: %s. What they gain or lose by that is "
					  "part of their difference.",
					  all));
	free(all);
}
