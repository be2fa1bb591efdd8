#include "model/dense.h"

#include <stdlib.h>
#include <string.h>

bool dense_is_wide(void)
{
	const char *isa = getenv("EINTHOVEN_ISA");
	return __builtin_cpu_supports("avx2") && !(isa && !strcmp(isa, "scalar"));
}
