/*
 * Strict CSV (RFC 4180), a row at a time: comma, double quotes around whole fields, "" for a quote
 * inside, commas and line ends inside quotes, LF or CRLF. The first row names the columns; every row must
 * have as many fields.
 *
 *	struct csv *c = csv_open("labels.csv", reader, &e);
 *	int age = csv_require(c, "age", &e);
 *	while ((got = csv_next(c, &e)) > 0)
 *		use(csv_text(c, age), csv_line(c));
 *	csv_close(c);
 *
 * Anything else (a quote inside a bare field, text after a closing quote, a NUL byte, an open quote at the
 * end) is an error that names file and line.
 */
#ifndef ECG_CSV_H
#define ECG_CSV_H

#include <stddef.h>

#include "common/error.h"
#include "ecg/reader.h"

#define CSV_COLUMNS 1024      /* most columns */
#define CSV_FIELD   (1 << 20) /* most bytes in one field */
#define CSV_ROW	    (4 << 20) /* and in one row */

struct csv;

/* Read the row of names. name (the file, for messages) and what the reader reads from are borrowed until
 * csv_close. NULL with e filled. */
struct csv *csv_open(const char *name, struct reader reader, struct error *e);
void csv_close(struct csv *c);

int csv_columns(const struct csv *c);
/* Name of a column, 0 <= column < csv_columns. Borrowed. */
const char *csv_name(const struct csv *c, int column);
/* Index of a column, or -1 if there is none of that name. */
int csv_find(const struct csv *c, const char *column);
/* The same, but an absent column, or one that stands twice, is an error that says which columns there are. */
int csv_require(const struct csv *c, const char *column, struct error *e);

/* Next row: 1, at the end 0, -1 with e filled. A row without any text (an empty line, or only commas) is
 * none. */
int csv_next(struct csv *c, struct error *e);
/* A field of the current row, NUL-terminated. Borrowed until the next csv_next. */
const char *csv_text(const struct csv *c, int column);
/* The same without white space at its ends (ecg/field.h). */
const char *csv_trimmed(struct csv *c, int column);
/* Line of the file on which the current row starts, from 1. */
long csv_line(const struct csv *c);

#endif
