#include "statistics/distinct.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

size_t distinct_sort(uint64_t *value, size_t n)
{
	size_t n_distinct = 0;
	qsort(value, n, sizeof *value, by_value);
	for (size_t i = 0; i < n; i++)
		if (!i || value[i] != value[n_distinct - 1])
			value[n_distinct++] = value[i];
	return n_distinct;
}
