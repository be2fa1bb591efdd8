#include "common/nearest.h"

#include <stdbool.h>
#include <string.h>

/* Edit distance (insert, delete, replace, swap of neighbours each cost 1); names over 63 bytes are never
 * alike. */
static size_t distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), d[3][65];
	if (n > 63 || m > 63)
		return 64;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = j;

	for (size_t i = 1; i <= n; i++) {
		size_t *now = d[i % 3], *before = d[(i + 2) % 3], *earlier = d[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = before[j - 1] + (a[i - 1] != b[j - 1]);
			best = before[j] + 1 < best ? before[j] + 1 : best;
			best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
			bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
			now[j] = is_swap && earlier[j - 2] + 1 < best ? earlier[j - 2] + 1 : best;
		}
	}

	return d[n % 3][m];
}

const char *nearest_name(const char *name, const char *const *candidates, size_t n)
{
	size_t best = strlen(name) / 3 + 1; /* one slip in three letters is still the same word */
	const char *nearest = NULL;
	for (size_t i = 0; i < n; i++) {
		size_t d = distance(name, candidates[i]);
		if (d <= best && (!nearest || d < best)) {
			best = d;
			nearest = candidates[i];
		}
	}
	return nearest;
}
