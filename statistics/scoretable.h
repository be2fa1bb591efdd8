/*
 * Scores as an aligned table for people: a row per arm with the F1 of each class, accuracy, and the macro
 * averages with their intervals; then what the first arm gained over each of the others. With more than eight
 * classes (tasks whose measure is macro AUROC) that comes first and the classes are left out.
 */
#ifndef STATISTICS_SCORETABLE_H
#define STATISTICS_SCORETABLE_H

#include <jansson.h>
#include <stdio.h>

/* classes: array of names; arms: array of the arms' JSON in order of rows (docs/probe.md): "name", "test",
 * "interval", and, for all but the first, "difference": first arm minus this one. A null prints as "-". */
void scoretable_print(FILE *out, const json_t *classes, const json_t *arms);
/* Its first part, the rows without what the first arm gained. */
void scoretable_rows(FILE *out, const json_t *classes, const json_t *arms);

#endif
