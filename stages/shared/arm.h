/*
 * The order in which arms are shown, the group each belongs to, and what several seeds of one arm come to:
 * all from what their artifacts say, not from their names. An arm called NAME@SEED is one seed of NAME.
 *
 *	json_t *arms = arm_order(list);          // list: array of the arms' JSON as evaluate publishes them
 *	const char *title = arm_group(arm);
 *	json_t *seeds = arm_seeds(arms);
 */
#ifndef STAGES_SHARED_ARM_H
#define STAGES_SHARED_ARM_H

#include <jansson.h>

/* "One tower alone": arms of equal kind stand together under it. Static. */
const char *arm_group(const json_t *arm);
/* The same arms by group; within it whole before part of the labels, by views, then by name with numbers in
 * their order. New reference. */
json_t *arm_order(const json_t *arms);
/* Length of an arm's name without its @SEED. */
size_t arm_base(const char *name);
/* For arms of several seeds:
 * [{"name","arms":[...],"trained":{METRIC:{"mean","deviation","low","high"}},"random":...,
 * "difference":...}], low and high the least and the greatest; metrics macro_f1, macro_auroc,
 * accuracy. New reference. */
json_t *arm_seeds(const json_t *arms);

#endif
