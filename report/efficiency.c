#include "report/efficiency.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "report/interval.h"
#include "report/page.h"
#include "report/svg.h"

enum { SHARES = 16 };

static size_t add_share(double *share, size_t n, double x)
{
	size_t at = 0;
	while (at < n && share[at] < x)
		at++;
	if ((at < n && share[at] == x) || n == SHARES)
		return n;
	for (size_t k = n; k > at; k--)
		share[k] = share[k - 1];
	share[at] = x;
	return n + 1;
}

/* Where an arm's network is that of the arms with fewer labels: another network's curve would
 * be another figure. */
static bool is_comparable(const json_t *arm, const json_t *arms)
{
	const json_t *other, *config = json_object_get(json_object_get(arm, "training"), "config");
	size_t i;
	json_array_foreach (arms, i, other) {
		const json_t *share = json_object_get(other, "label_fraction");
		if (json_is_number(share) && json_number_value(share) < 1)
			return json_equal(json_object_get(json_object_get(other, "training"), "config"),
					  config);
	}
	return false;
}

/* One line of the figure: a state ("trained", "probe", "random") of the arms of one origin. */
struct efficiency {
	const char *from, *state, *words;
};
static const struct efficiency efficiencies[] = {{"pretrained", "trained", "fine-tuned"},
						 {"pretrained", "probe", "linear probe"},
						 {"scratch", "trained", "supervised from scratch"},
						 {"pretrained", "random", "probe of the untrained encoder"}};
enum { EFFICIENCIES = sizeof efficiencies / sizeof *efficiencies };

/* What an arm has on a line of the figure; false: nothing. */
static bool point_of(struct interval *v, const json_t *arm, const struct efficiency *e)
{
	const char *from = json_string_value(json_object_get(arm, "from"));
	bool is_of = from && !strcmp(from, e->from) && json_is_number(json_object_get(arm, "label_fraction"));
	return is_of &&
	       interval_read(v,
			     json_object_get(json_object_get(json_object_get(arm, e->state), "interval"),
					     "macro_auroc"),
			     "macro_auroc");
}

/* In order of the shares; each line a little beside the others, so that intervals do not cover each other. */
static void draw_line(struct text *t, const struct svg_plot *p, const json_t *arms, int line,
		      const double *share, size_t n_shares)
{
	double x[SHARES], y[SHARES];
	size_t n = 0, i;
	const json_t *arm;
	char class_name[8], thin[16];

	snprintf(class_name, sizeof class_name, "s%d", line);
	snprintf(thin, sizeof thin, "s%d thin", line);
	for (size_t k = 0; k < n_shares; k++)
		json_array_foreach (arms, i, arm) {
			struct interval v;
			if (n == SHARES || !point_of(&v, arm, &efficiencies[line]) ||
			    json_number_value(json_object_get(arm, "label_fraction")) != share[k])
				continue;
			x[n] = (double)k + .06 * (line - 1.5);
			y[n] = v.value;
			interval_draw(t, p, x[n], &v, class_name, thin);
			n++;
		}

	svg_line(t, p, x, y, n, class_name);
}

int efficiency_figure(struct text *t, const json_t *all)
{
	struct svg_plot p = {.width = 420,
			     .height = 280,
			     .x0 = -.3,
			     .y0 = 1,
			     .y1 = 0,
			     .is_ordinal = 1,
			     .x_title = "share of the labels",
			     .y_title = "macro AUROC"};
	double share[SHARES];
	size_t n_shares = 0, i;
	json_t *arms = json_array(), *arm, *words = json_array();

	json_array_foreach (all, i, arm)
		if (is_comparable(arm, all))
			json_array_append(arms, arm);

	json_array_foreach (arms, i, arm)
		for (int line = 0; line < EFFICIENCIES; line++) {
			struct interval v;
			if (!point_of(&v, arm, &efficiencies[line]))
				continue;
			n_shares = add_share(share, n_shares,
					     json_number_value(json_object_get(arm, "label_fraction")));
			p.y0 = v.low < p.y0 ? v.low : p.y0;
			p.y1 = v.high > p.y1 ? v.high : p.y1;
		}

	if (n_shares > 1) {
		p.x1 = (double)n_shares - .7;
		svg_round(&p.y0, &p.y1);
		for (int line = 0; line < EFFICIENCIES; line++)
			json_array_append_new(words, json_string(efficiencies[line].words));
		page_legend(t, words);
		svg_begin(t, &p, "label efficiency");
		for (size_t k = 0; k < n_shares; k++) {
			char percent[32];
			snprintf(percent, sizeof percent, "%g %%", 100 * share[k]);
			svg_words(t, &p, (double)k, p.y0 - (p.y1 - p.y0) * .06, "middle", percent);
		}
		for (int line = EFFICIENCIES - 1; line >= 0; line--)
			draw_line(t, &p, arms, line, share, n_shares);
		svg_end(t);
	}

	json_decref(arms);
	json_decref(words);
	return (int)n_shares;
}
