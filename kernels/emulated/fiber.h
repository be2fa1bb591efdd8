/*
 * Stacks of their own between which one thread of the process goes to and fro.
 *
 *	fiber_prepare(&f, body);   // as often as it shall run anew
 *	fiber_enter(&f);           // returns at the fiber's fiber_leave, or at the end of body
 *
 * body ends by fiber_leave(f, true) and does not return. Address-sanitizer is told of each switch.
 */
#ifndef KERNELS_EMULATED_FIBER_H
#define KERNELS_EMULATED_FIBER_H

#include <stdbool.h>

struct fiber {
	void *at;    /* where it goes on: the stack's pointer */
	char *stack; /* made at the first fiber_prepare and kept */
	void *fake;  /* address-sanitizer's */
};

/* shift: fibers that run together lie at other places of a page, or they would share one set of a cache. */
void fiber_prepare(struct fiber *f, void (*body)(void), int shift);
void fiber_enter(struct fiber *f);
void fiber_leave(struct fiber *f, bool is_last);
void fiber_arrive(void); /* first thing in body */

#endif
