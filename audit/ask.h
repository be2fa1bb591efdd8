/*
 * What another program prints, without a shell between: git, or a stage that is asked and changes nothing.
 *
 *	if (ask_program(&text, &n, (char *[]){"git", "rev-parse", "HEAD", NULL}) == 0) ... free(text);
 */
#ifndef AUDIT_ASK_H
#define AUDIT_ASK_H

#include <stddef.h>

#define ASK_MAX ((size_t)16 << 20)

/* All that it prints, a NUL behind, yours to free. Its standard input is empty, what it says to standard
 * error is dropped. -1: it cannot be started, fails, or prints more than ASK_MAX. */
int ask_program(char **bytes, size_t *n_bytes, char *const argv[]);

#endif
