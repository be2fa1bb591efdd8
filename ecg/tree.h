/* The regular files under a folder. */
#ifndef ECG_TREE_H
#define ECG_TREE_H

#include <stddef.h>

#include "common/error.h"

/* Names of all regular files under folder, relative to it with '/', ascending (bytewise); hidden ones
 * (".git") are left out. NULL with e filled; release with tree_free. */
char **tree_list(const char *folder, size_t *n, struct error *e);
void tree_free(char **names, size_t n);

#endif
