/*
 * Which arm is best, and is it real: arms in the order of one metric, seeds together, each beside the best,
 * the next and its strongest floor, on the same resamples; what of it holds when all arms are asked about at
 * once (statistics/simultaneous.h).
 *
 *	json_t *ranking = ranking_of(&study, COMPARISON_MACRO_AUROC);      // once scoring_compare was
 *	json_t *sentences = verdict_of(ranking);                          // stages/evaluate/verdict.h
 */
#ifndef STAGES_EVALUATE_RANKING_H
#define STAGES_EVALUATE_RANKING_H

#include "stages/evaluate/arms.h"

/* Below it a corrected p is said to hold. */
#define RANKING_LEVEL 0.05

/* {"metric", "level",
 *  "arms":[{"name", "input" (sight.h), "value", "behind": best minus this, "over_next": this minus the next,
 *           "floor": its strongest one's key, "floor_name" in words, "floor_value", "over_floor": this minus
 *           it}, ... best first],
 *  "pairs":{"n","apart": whose interval excludes 0,"by_chance": how many would if no arms differed,
 *           "together": whose corrected p is below the level},
 *  "floors":{"n","above","together"}: the same of arms over their floors, of what is above 0,
 *  "p":{NAME:{NAME:corrected p of the pair}}}
 * Values as in scores (statistics/scores.h); differences between arms and to floors with "p", corrected for
 * all pairs, and for all arms; null where nothing was resampled. A floor is a probe of the untrained encoder,
 * of random convolutions or of the amplitudes alone; the strongest has the greatest value on these records.
 * New reference. */
json_t *ranking_of(const struct arms *s, enum comparison_metric metric);

#endif
