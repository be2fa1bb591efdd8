/*
 * What records are cut into before they are embedded: by default the views that the network was trained on,
 * else (embed.views) those of one strategy for all arms, so that all networks see equal input. Embeddings,
 * and scores of them, say so in attribute `embedded`; where the choice is the network's own there is none,
 * and the artifact is the same.
 *
 *	if (embedded_choose(&views, params_text(p, "views"), model))
 *		artifact_attribute(w, "embedded", views_json(&views));
 *	embedded_refuse(scores, "predict");         // who would give their classifier the network's own views
 */
#ifndef STAGES_SHARED_EMBEDDED_H
#define STAGES_SHARED_EMBEDDED_H

#include <stdbool.h>

#include "ecg/views.h"
#include "store/artifact.h"

/* v: the model's own views, then those that `choice` (own, halves, interleaved, sequential) asks for; whether
 * they differ. Dies, naming both lengths, if the network takes another number of samples. */
bool embedded_choose(struct views *v, const char *choice, const struct artifact *model);

/* Dies if the scores are of embeddings of other views than the network's own, which stage `what` reads. */
void embedded_refuse(const struct artifact *scores, const char *what);

#endif
