#include "ecg/edge.h"

#include <string.h>

void edge_extend(double (*y)[LEADS], const double (*x)[LEADS], int t, int pad)
{
	memcpy(y[pad], x[0], sizeof *x * (size_t)t);
	for (int k = 1; k <= pad; k++) {
		int away = k < t ? k : t - 1;
		for (int l = 0; l < LEADS; l++) {
			y[pad - k][l] = 2 * x[0][l] - x[away][l];
			y[pad + t - 1 + k][l] = 2 * x[t - 1][l] - x[t - 1 - away][l];
		}
	}
}
