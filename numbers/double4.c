#include "numbers/double4.h"

#include <stdlib.h>
#include <string.h>

bool double4_has_avx2(void)
{
#if defined __x86_64__
	const char *isa = getenv("EINTHOVEN_ISA");
	return __builtin_cpu_supports("avx2") && !(isa && !strcmp(isa, "scalar"));
#else
	return false;
#endif
}
