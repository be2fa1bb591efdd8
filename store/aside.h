/*
 * Moving what is damaged out of the way: into <store>/damaged, so that the next make makes it again. Nothing
 * is deleted: what lies there somebody may look at; gc removes it after a month.
 *
 *	char *to = aside_move(path);    // "<store>/damaged/<name>", or <name>.2; yours to free
 */
#ifndef STORE_ASIDE_H
#define STORE_ASIDE_H

/* NULL: it could not be moved; errno says why. */
char *aside_move(const char *path);

/* The same of a copy, of a file or a link: it stays in its place too, until something whole replaces it
 * there. Dies if the store cannot be written. */
char *aside_copy(const char *path);

#endif
