/* On which device a stage computes, and with which numbers, as params say: in section pretrain, for all that
 * compute. */
#ifndef STAGES_SHARED_DEVICE_H
#define STAGES_SHARED_DEVICE_H

#include <stdbool.h>

#include "common/params.h"
#include "model/memory.h"

/* Rows of a table of struct param. in: NULL for pretrain, in whose section they are given, else its name. The
 * class stands in the key as its numerics, so neither param does. */
#define DEVICE_PARAMS(in)                                                                                    \
	{"device",                                                                                           \
	 PARAM_CHOICE,                                                                                       \
	 .choices = "auto cpu cuda",                                                                         \
	 .otherwise = "auto",                                                                                \
	 .section = in,                                                                                      \
	 .not_in_key = true,                                                                                 \
	 .help = "what computes: the CPU, or a GPU with the same results; auto: the CPU, or "                \
		 "with numerics: fast, fast-bf16 the GPU. EINTHOVEN_DEVICE goes before it"},                 \
	{                                                                                                    \
		"numerics", PARAM_CHOICE,                                                                    \
			.choices = "exact fast fast-bf16", .otherwise = "exact", .section = in,              \
			.not_in_key = true,                                                                  \
			.help = "exact: the same bits on every CPU and card; fast: products of a card's "    \
				"libraries in TF32, fast-bf16: in bf16; their results are apart from all "   \
				"others' (docs/gpu.md)"                                                      \
	}

/* struct stage's choose, of a stage with those rows. */
bool device_choose(const struct params *p);

/* Before anything of it is allocated: fits it into the memory of ops (memory_fit), and says so where that
 * takes micro-batches. If it is too large, dies: `what` needs so much and so much is there, `remedy`. */
void device_fit(const struct ops *ops, struct memory_need *need, const char *what, const char *remedy);

#endif
