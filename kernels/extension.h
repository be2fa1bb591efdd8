/*
 * A table of operations from a library of its own, opened only where EINTHOVEN_DEVICE or params name it:
 * <folder of this program>/../lib/kernels_<name>.so (kernels/cuda/).
 *
 *	const struct ops *o = extension_open("cuda", false, scalar); // dies if there is no device
 *
 * Before its first use it is compared with the scalar table bit by bit (selftest.h); on a difference the
 * program ends.
 */
#ifndef KERNELS_EXTENSION_H
#define KERNELS_EXTENSION_H

#include <stddef.h>

#include "kernels/ops.h"

/* What the library may use of the program that opens it. */
struct extension_host {
	void (*die)(const char *format, ...) __attribute__((format(printf, 1, 2)));
	double (*pow)(double x, double y); /* numbers/dmath.h's */
	const char *asked;		   /* what asks for a device, for messages: "EINTHOVEN_DEVICE=cuda" */
	const char *otherwise;		   /* what to do where there is none: "unset ..." */
	enum ops_numbers numbers;	   /* of the fast class, which one */
	/* common/team.h's; the team that this process has joined: NULL if it works alone */
	struct team *team;
	void (*team_die)(struct team *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
	int (*rank)(const struct team *t);
	int (*size)(const struct team *t);
	void (*share)(struct team *t, void *bytes, size_t n_bytes, int root);
	void (*gather)(struct team *t, void *all, const size_t *n_bytes);
	void (*exchange)(struct team *t, const struct team_piece *send, int n_send,
			 const struct team_piece *receive, int n_receive);
};

/* Numbers that only devices like this one give: another class than the contract's. */
struct extension_class {
	const char *numerics; /* for the action key: names device, precision and libraries */
	double near;	      /* by which share its products may differ (selftest.h) */
	const struct ops *ops;
};

/* The one function of such a library: the table, of a device that is there; else it ends the program by
 * host's die. */
const struct ops *extension_table(const struct extension_host *host);

/* The same of the device's fast class, where a library has one. */
const struct extension_class *extension_fast(const struct extension_host *host);

/* EINTHOVEN_EXTENSION, a file, takes the library's place: for tests. Stays open. is_of_params: params name
 * it, not the environment, as messages say. */
const struct ops *extension_open(const char *name, bool is_of_params, const struct ops *scalar);

/* The fast class of these numbers, which `asked` names ("numerics: fast"); not yet compared with anything: a
 * key needs its name alone. */
const struct extension_class *extension_open_fast(const char *name, const char *asked,
						  enum ops_numbers numbers);
/* Dies unless c gives the same bits twice, and those of `scalar` but for products, which may be c->near away
 * (selftest.h). Before its first use. */
void extension_check_fast(const struct extension_class *c, const struct ops *scalar);

#endif
