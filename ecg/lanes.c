#include "ecg/lanes.h"

#include <stdlib.h>
#include <string.h>

bool lanes_are_wide(void)
{
	const char *isa = getenv("EINTHOVEN_ISA");
	return __builtin_cpu_supports("avx2") && !(isa && !strcmp(isa, "scalar"));
}
