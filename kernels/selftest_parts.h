/*
 * The self-test's small sizes: parts that run operations on arrays, each on two tables, whose results
 * selftest.c compares. All are odd, so that every tail is taken.
 */
#ifndef KERNELS_SELFTEST_PARTS_H
#define KERNELS_SELFTEST_PARTS_H

#include "kernels/ops.h"

enum { ROWS = 19, WIDTH = 45, DEPTH = 37, HEADS = 3, BATCH = 2 };
enum { SIZE = BATCH * ROWS * WIDTH + 64, N_INPUTS = 4, N_OUTPUTS = 4 };

/* In the table's memory: only its operations read and write them. */
struct selftest_arrays {
	float in[N_INPUTS][SIZE], out[N_OUTPUTS][SIZE];
	uint8_t keep[SIZE];
	_Alignas(double) float scratch[64 * 1024];
};

struct selftest_part {
	const char *name;
	void (*run)(const struct ops *o, struct selftest_arrays *a); /* out is 0 before it */
	bool is_product; /* of gemm or conv1d: near in the fast class, not equal */
};

/* Of a file each; a name that is NULL ends. */
extern const struct selftest_part selftest_order[], selftest_layers[], selftest_training[],
	selftest_products[];

/* Whether what the last of selftest_products left is the product by the plain loop. */
bool selftest_products_is_plain(const struct selftest_arrays *host);

/* Through the host. */
void selftest_copy(const struct ops *o, float *to, const float *from);

#endif
