/*
 * A text that grows: what the page and its figures are written into.
 *
 *	struct text t = {0};
 *	text_add(&t, "<td>%.3f</td>", x);
 *	text_escape(&t, name);                  // & < > " as entities
 *	text_release(&t);
 */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include <jansson.h>
#include <stddef.h>

struct text {
	char *bytes; /* NUL-terminated once something was added */
	size_t n, room;
};

void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* For HTML and SVG, in content and in quoted attributes. */
void text_escape(struct text *t, const char *s);
/* The same for a name that may be too long for one line: it can be broken after _ - / . and a comma, and
 * elsewhere where no such place comes for long, but not within a number. It reads, and is copied, as it is.
 */
void text_name(struct text *t, const char *s);
/* How many characters of UTF-8; and the first n of them, escaped. */
size_t text_length(const char *s);
void text_cut(struct text *t, const char *s, size_t n);
/* A number with so many decimals, "+0.012" if signed; a dash for null or anything else. */
void text_number(struct text *t, const json_t *x, int n_decimals, int is_signed);
/* "[0.770, 0.850]" of an object's low and high. */
void text_range(struct text *t, const json_t *x, int n_decimals, int is_signed);
void text_release(struct text *t);

#endif
