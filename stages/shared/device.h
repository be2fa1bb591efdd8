/* The numbers a stage computes with on a device, as params say: section pretrain, for all that compute. */
#ifndef STAGES_SHARED_DEVICE_H
#define STAGES_SHARED_DEVICE_H

#include "common/params.h"

/* Rows of a table of struct param. in: NULL for pretrain, in whose section they are given, else its name. The
 * class stands in the key as its numerics, so the param itself does not. */
#define DEVICE_PARAMS(in)                                                                                    \
	{                                                                                                    \
		"numerics", PARAM_CHOICE,                                                                    \
			.choices = "exact fast", .otherwise = "exact", .section = in, .not_in_key = true,    \
			.help = "exact: the same bits on every CPU and card; fast: what this card does "     \
				"quickest, its results apart from all others' (docs/gpu.md)"                 \
	}

/* struct stage's choose, of a stage with those rows. */
void device_choose(const struct params *p);

#endif
