/*
 * A table of operations from a library of its own, opened only where EINTHOVEN_DEVICE names it: <folder of
 * this program>/../lib/kernels_<name>.so (kernels/cuda/).
 *
 *	const struct ops *o = extension_open("cuda"); // dies if it is not there or has no device
 *
 * Before its first use it is compared with the scalar table bit by bit (selftest.h); on a difference the
 * program ends.
 */
#ifndef KERNELS_EXTENSION_H
#define KERNELS_EXTENSION_H

#include "kernels/ops.h"

/* What the library may use of the program that opens it. */
struct extension_host {
	void (*die)(const char *format, ...) __attribute__((format(printf, 1, 2)));
	double (*pow)(double x, double y); /* numbers/dmath.h's */
};

/* The one function of such a library: the table, of a device that is there; else it ends the program by
 * host's die. */
const struct ops *extension_table(const struct extension_host *host);

/* EINTHOVEN_EXTENSION, a file, takes the library's place: for tests. Stays open. */
const struct ops *extension_open(const char *name, const struct ops *scalar);

#endif
