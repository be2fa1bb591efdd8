/* Ends the program: a kernel does what a card would not bear, or the machine lacks memory. */
#ifndef KERNELS_EMULATED_FAIL_H
#define KERNELS_EMULATED_FAIL_H

/* Exit code of a program whose kernels are wrong. */
enum { FAIL_CODE = 98 };

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
