/*
 * What git knows here of a commit that an entry names. Neither the commit nor the path is trusted: they reach
 * git as one argument of a checked form, never a shell.
 *
 *	if (git_has(commit))
 *		status = git_read(&bytes, &n, commit, "kernels/cpu/gemm.c");      // 0: yours to free
 */
#ifndef AUDIT_GIT_H
#define AUDIT_GIT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether git is there, this is a working tree of it, and it has the commit (40 or 64 hex digits). */
bool git_has(const char *commit);
/* A file as it was then; -1: no such file. At most 16 MiB. */
int git_read(char **bytes, size_t *n_bytes, const char *commit, const char *path);

#endif
