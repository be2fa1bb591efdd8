/* Figures made of cells: confusion matrices, attention per lead, maps of points. */
#ifndef REPORT_MATRIX_H
#define REPORT_MATRIX_H

#include "report/text.h"

/* counts [rows][rows] as a table, true classes in rows, shaded by the share of the row. In
 * multi mode [rows][4]. */
void matrix_confusion(struct text *t, const json_t *counts, const json_t *classes);
/* Attention each lead gets, a row for all records and one per class; shaded by its ratio to 1 / leads. */
void matrix_leads(struct text *t, const json_t *attention, const json_t *classes,
		  const char *const *lead_names, size_t n_leads);
/* What the shades of the above mean: words for none and for the strongest. */
void matrix_scale(struct text *t, const char *least, const char *most);
/* Points [n][2] (little-endian float32) coloured by label. */
void matrix_points(struct text *t, const float *xy, const json_t *labels, size_t n, const char *label);

#endif
