/*
 * The different values among several: how many patients some records come from.
 *
 *	size_t n_patients = distinct_sort(patient, n);
 */
#ifndef STATISTICS_DISTINCT_H
#define STATISTICS_DISTINCT_H

#include <stddef.h>
#include <stdint.h>

/* value [n]: its different values come to stand first, ascending, each once; returns how many they are. */
size_t distinct_sort(uint64_t *value, size_t n);

#endif
