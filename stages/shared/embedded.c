#include "stages/shared/embedded.h"

#include <string.h>

#include "common/die.h"

static struct views views_of(const struct views *own, enum views_strategy strategy)
{
	struct views v = *own;
	v.strategy = strategy;
	v.n = 2;
	v.is_antialiased = true;
	v.segment = strategy == VIEWS_HALVES ? views_input_samples(own) : 0;
	return v;
}

bool embedded_choose(struct views *v, const char *choice, const struct artifact *model)
{
	struct error e = {0};
	enum views_strategy strategy = !strcmp(choice, "halves")	? VIEWS_HALVES
				       : !strcmp(choice, "interleaved") ? VIEWS_INTERLEAVED
									: VIEWS_SEQUENTIAL;
	if (!strcmp(choice, "own") || !strcmp(choice, views_strategy_name(v)))
		return false;

	struct views chosen = views_of(v, strategy);
	if (views_check(&chosen, &e) < 0 || views_input_samples(&chosen) != views_input_samples(v))
		die("embed.views: %s of records of %g s cannot be given to model %.12s: it was trained on "
		    "%s, "
		    "%d samples a view, and takes no other number; leave this arm out, or embed.views at own",
		    choice, v->samples / v->rate_hz, artifact_id(model), views_strategy_name(v),
		    views_input_samples(v));
	*v = chosen;
	return true;
}

void embedded_refuse(const struct artifact *scores, const char *what)
{
	const json_t *views = artifact_get_attribute(scores, "embedded");
	if (views)
		die("scores %.12s: their classifier was fitted on embeddings of %s (embed.views), and %s "
		    "would "
		    "give it those of the views that the network was trained on; probe again with "
		    "embed.views=own",
		    artifact_id(scores), json_string_value(json_object_get(views, "strategy")), what);
}
