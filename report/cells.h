/*
 * What the page's tables are made of. A number that is missing is a dash, never NaN.
 *
 *	cells_begin(&t, titles);
 *	text_add(&t, "</tr></thead><tbody><tr>");
 *	cells_number(&t, x, 3);
 *	...
 *	cells_end(&t);
 */
#ifndef REPORT_CELLS_H
#define REPORT_CELLS_H

#include "report/text.h"

/* A <th> for each of names, with the words over or under it (HTML, "": none); where one of the names is long
 * they all stand upright, so that a column is as wide as its numbers. */
void cells_heads(struct text *t, const char *words, const json_t *names);
/* The names of arms; new reference. */
json_t *cells_names(const json_t *arms);
/* Opens the table and its head; more <th> may follow. titles: HTML, ends with NULL. */
void cells_begin(struct text *t, const char *const *titles);
void cells_end(struct text *t);
void cells_number(struct text *t, const json_t *x, int n_decimals);
/* v {"value","low","high"}: "0.812 [0.770, 0.850]". */
void cells_value(struct text *t, const json_t *v, int is_signed);
void cells_value_bold(struct text *t, const json_t *v, int is_signed);
/* A row that names the group, where arm i is its first. */
void cells_group(struct text *t, const json_t *arms, size_t i);

/* A text member, "" if there is none; {"value","low","high"} of one metric of a state, or NULL. Borrowed. */
const char *cells_text(const json_t *object, const char *name);
const json_t *cells_interval(const json_t *state, const char *member, const char *metric);

#endif
