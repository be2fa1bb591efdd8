#include <stddef.h>
#include <string.h>

#include "common/die.h"
#include "ecg/augment.h"

/* A number of the policy that has a place of its own in struct augment. */
struct member {
	struct param param;
	size_t offset;
};

#define MEMBER(m, low, high, normal, text)                                                                   \
	{                                                                                                    \
		{.name = #m,                                                                                 \
		 .type = PARAM_FLOAT,                                                                        \
		 .min = low,                                                                                 \
		 .max = high,                                                                                \
		 .otherwise = normal,                                                                        \
		 .help = text},                                                                              \
			offsetof(struct augment, m)                                                          \
	}

static const struct member members[] = {
	MEMBER(lead_mask_p, 0, 1, "0.5", "probability of masking a lead of a view; one is always kept"),
	MEMBER(gain, 1, 100, "2", "gain of a lead of a view, log-uniform in [1/gain, gain]"),
	MEMBER(noise_min, 0, 100, "0", "least white noise, in standard deviations of the lead"),
	MEMBER(noise_max, 0, 100, "0.2", "most white noise; uniform between the two per view and lead"),
	MEMBER(noise_p, 0, 1, "1", "probability that a lead of a view gets noise"),
	{{"shift_s", PARAM_FLOAT, .unit = "s", .max = 3600, .otherwise = "0.5",
	  .help = "interleaved: largest shift of a view, either way"},
	 offsetof(struct augment, shift_s)},
};

enum { MEMBERS = sizeof members / sizeof *members };

/* Number i of the policy: its members, then each augmentation's strength. NULL behind the last. */
static const struct param *number(int i)
{
	if (i < MEMBERS)
		return &members[i].param;
	return i < MEMBERS + augmentation_count ? &augmentation_table[i - MEMBERS].strength : NULL;
}

/* Whether the header names it: of the pool only what is in it, so that a new augmentation changes no id. */
static bool is_named(const struct augment *a, int i)
{
	return i < MEMBERS || a->pool >> (i - MEMBERS) & 1;
}

static double *place(struct augment *a, int i)
{
	return i < MEMBERS ? (double *)((char *)a + members[i].offset) : &a->strength[i - MEMBERS];
}

static int check(const struct augment *a, struct error *e)
{
	if (a->noise_min > a->noise_max)
		return error_set(e, NULL, 0, "views.noise_min %g is above views.noise_max %g", a->noise_min,
				 a->noise_max);
	return 0;
}

/* ---- params ---- */

const struct param *augment_params(void)
{
	static struct param all[MEMBERS + AUGMENTATIONS_MOST + 3];
	int n = 0;
	for (int i = 0; number(i); i++)
		all[n++] = *number(i);
	all[n++] = (struct param){"pool", PARAM_LIST, .otherwise = augmentation_names(true),
				  .choices = augmentation_names(false),
				  .help = "sequential, crops: augmentations to draw from"};
	all[n++] = (struct param){"pool_draws", PARAM_INT, .max = augmentation_count, .otherwise = "3",
				  .help = "sequential, crops: how many different ones are applied to a view, "
					  "in the order drawn"};
	all[n] = (struct param){0};
	return all;
}

int augment_choose(struct augment *a, const struct params *p, struct error *e)
{
	const char *const *names;
	size_t n = params_list(p, "pool", &names);
	a->pool = 0;
	for (size_t i = 0; i < n; i++) {
		int k = augmentation_find(names[i]);
		if (k < 0)
			BUG("views.pool holds what is none of its choices");
		a->pool |= 1u << k;
	}

	a->pool_draws = (int)params_int(p, "pool_draws");
	for (int i = 0; number(i); i++)
		*place(a, i) = params_float(p, number(i)->name);
	return check(a, e);
}

/* ---- JSON ---- */

json_t *augment_json(const struct augment *a)
{
	struct augment copy = *a;
	json_t *json = json_object(), *names = json_array();
	for (int i = 0; number(i); i++)
		if (is_named(a, i))
			json_object_set_new(json, number(i)->name, json_real(*place(&copy, i)));
	for (int k = 0; k < augmentation_count; k++)
		if (a->pool >> k & 1)
			json_array_append_new(names, json_string(augmentation_table[k].name));
	json_object_set_new(json, "pool", names);
	if (json_object_set_new(json, "pool_draws", json_integer(a->pool_draws)) < 0)
		BUG("augmentation policy is not JSON");
	return json;
}

static int read_pool(struct augment *a, const json_t *json, struct error *e)
{
	const json_t *names = json_object_get(json, "pool"), *draws = json_object_get(json, "pool_draws"),
		     *name;
	size_t i;

	if (!json_is_array(names) || !json_is_integer(draws))
		return error_set(e, NULL, 0, "attribute \"augment\": pool or pool_draws is missing");
	a->pool_draws = (int)json_integer_value(draws);

	json_array_foreach (names, i, name) {
		int k = json_is_string(name) ? augmentation_find(json_string_value(name)) : -1;
		if (k < 0)
			return error_set(e, NULL, 0, "attribute \"augment\": unknown augmentation in pool");
		a->pool |= 1u << k;
	}

	return 0;
}

int augment_read(struct augment *a, const json_t *json, const struct views *v, struct error *e)
{
	memset(a, 0, sizeof *a);
	a->views = *v;
	if (read_pool(a, json, e) < 0)
		return -1;
	for (int i = 0; number(i); i++) {
		if (!is_named(a, i))
			continue;
		const struct param *p = number(i);
		const json_t *value = json_object_get(json, p->name);
		double x = json_number_value(value);
		if (!json_is_number(value) || !(x >= p->min && x <= p->max))
			return error_set(e, NULL, 0,
					 "attribute \"augment\": %s is missing or outside %g to %g", p->name,
					 p->min, p->max);
		*place(a, i) = x;
	}

	return check(a, e);
}
