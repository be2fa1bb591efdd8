#include "report/interval.h"

#include <string.h>

#define CHANCE .5

bool interval_read(struct interval *i, const json_t *v, const char *metric)
{
	const json_t *value = json_object_get(v, "value"), *low = json_object_get(v, "low"),
		     *high = json_object_get(v, "high");
	if (!json_is_number(value))
		return false;
	i->value = i->low = i->high = json_number_value(value);
	i->is_cut = false;
	if (!json_is_number(low) || !json_is_number(high))
		return true;

	i->low = json_number_value(low);
	i->high = json_number_value(high);
	double least = i->value < CHANCE ? i->value : CHANCE;
	if (!strcmp(metric, "macro_auroc") && i->low < least) {
		i->low = least;
		i->is_cut = true;
	}
	return true;
}

void interval_draw(struct text *t, const struct svg_plot *p, double x, const struct interval *v,
		   const char *class_name, const char *thin)
{
	double at[2] = {x, x}, ends[2] = {v->low, v->high};
	svg_line(t, p, at, ends, 2, thin);
	if (v->is_cut)
		svg_beyond(t, p, x, v->low, 1, thin);
	svg_dot(t, p, x, v->value, 3.5, class_name);
}
