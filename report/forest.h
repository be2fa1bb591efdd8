/*
 * The forest of intervals: all arms and the floors on one axis. arms, floors: as in report/tables.h; a colour
 * per group.
 */
#ifndef REPORT_FOREST_H
#define REPORT_FOREST_H

#include "report/text.h"

/* A row per arm: its metric with interval as trained (dot) and untrained (ring); under them a row per floor,
 * whose value is a dashed line through all rows. title: of the axis. */
void forest_draw(struct text *t, const json_t *arms, const json_t *floors, const char *metric,
		 const char *title);

#endif
