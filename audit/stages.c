#include "audit/stages.h"

#include <stddef.h>
#include <string.h>

const char *const stages[] = {"study", "report",   "evaluate", "finetune",   "probe", "predict",
			      "embed", "pretrain", "views",    "preprocess", "fetch", NULL};

bool stages_has(const char *name)
{
	for (const char *const *stage = stages; *stage; stage++)
		if (!strcmp(*stage, name))
			return true;
	return false;
}
