/*
 * What the store holds, and how much of it somebody needs: objects by stage and kind, the rest by folder.
 */
#ifndef STORE_STATS_H
#define STORE_STATS_H

#include <stdio.h>

/* runs: folders of runs, NULL-terminated (store/sweep.h). Objects that were used within grace_s count as
 * needed. */
void stats_print(FILE *out, const char *const *runs, double grace_s);

#endif
