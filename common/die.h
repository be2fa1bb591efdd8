/*
 * Ending a program that cannot go on: die() for a failing environment or bad input (exit 1), usage() for a
 * wrong command line (exit 2), BUG() for a broken invariant of ours (abort). Also the allocators that die
 * instead of returning NULL. Messages go to stderr as "<program>: <message>".
 */
#ifndef COMMON_DIE_H
#define COMMON_DIE_H

#include <stddef.h>

/* The name printed before each message; set it first thing in main. The string must outlive the program. */
void die_program(const char *name);

/* Called (once) by die before exit, so that a stage can remove its temporary files. NULL: none. */
void die_cleanup(void (*cleanup)(void));

/* From now on the message a program ends with is also written into this file, for whoever started it.
 * Borrowed until the program ends. NULL: no file. */
void die_record(const char *path);

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A message in the same form, without ending. */
void die_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die_bug(const char *file, const char *what);

/* From now on warn says nothing: in processes that do the same as one that speaks. */
void die_hush(void);

#define warn	  die_warn
#define BUG(what) die_bug(__FILE__, what)

/* malloc, calloc, realloc, strdup that die when memory is out. Free with free(). */
void *die_malloc(size_t n_bytes);
void *die_calloc(size_t n, size_t size);
void *die_realloc(void *p, size_t n_bytes);
char *die_strdup(const char *s);
char *die_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
