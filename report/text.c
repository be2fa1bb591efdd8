#include "report/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

static void reserve(struct text *t, size_t n)
{
	if (t->n + n + 1 <= t->room)
		return;
	t->room = 2 * t->room + n + 256;
	t->bytes = die_realloc(t->bytes, t->room);
}

void text_add(struct text *t, const char *format, ...)
{
	va_list list, again;
	va_start(list, format);
	va_copy(again, list);
	int n = vsnprintf(NULL, 0, format, list);
	if (n < 0)
		BUG("a format that printf refuses");
	reserve(t, (size_t)n);
	vsnprintf(t->bytes + t->n, (size_t)n + 1, format, again);
	t->n += (size_t)n;
	va_end(again);
	va_end(list);
}

static void escape(struct text *t, char c)
{
	const char *entity = c == '&'	 ? "&amp;"
			     : c == '<'	 ? "&lt;"
			     : c == '>'	 ? "&gt;"
			     : c == '"'	 ? "&quot;"
			     : c == '\'' ? "&#39;"
					 : NULL;
	if (entity)
		text_add(t, "%s", entity);
	else
		text_add(t, "%c", c);
}

void text_escape(struct text *t, const char *s)
{
	for (; s && *s; s++)
		escape(t, *s);
}

/* Not a byte that continues a character. */
static int begins(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

size_t text_length(const char *s)
{
	size_t n = 0;
	for (; s && *s; s++)
		n += (size_t)begins(*s);
	return n;
}

void text_cut(struct text *t, const char *s, size_t n)
{
	for (; s && *s && (n || !begins(*s)); s++) {
		n -= (size_t)begins(*s);
		escape(t, *s);
	}
}

enum { UNBROKEN = 12 }; /* characters: a column of that width always fits */

/* Whether a break before s[i] would tear a number: 0.05, 1e-4, 12,000. */
static int is_in_number(const char *s, size_t i)
{
	static const char digits[] = "0123456789";
	size_t before = i, after = i;
	while (before && strchr(".,eE+-", s[before - 1]))
		before--;
	while (s[after] && strchr(".,eE+-", s[after]))
		after++;
	if (!before || !s[after] || !strchr(digits, s[before - 1]) || !strchr(digits, s[after]))
		return 0;
	/* Between digits: nothing, a point or comma, an exponent. */
	size_t n = after - before;
	const char *between = s + before;
	return n == 0 || (n == 1 && strchr(".,eE", *between)) || (n == 2 && strchr("eE", *between));
}

void text_name(struct text *t, const char *s)
{
	size_t n = 0;
	for (size_t i = 0; s && s[i]; i++) {
		int may_break = i && begins(s[i]) && s[i] != ' ' && !is_in_number(s, i);
		if (may_break && (n >= UNBROKEN || (strchr("_-/.,", s[i - 1])))) {
			text_add(t, "<wbr>");
			n = 0;
		}
		escape(t, s[i]);
		n = s[i] == ' ' ? 0 : n + (size_t)begins(s[i]);
	}
}

void text_number(struct text *t, const json_t *x, int n_decimals, int is_signed)
{
	char number[64];
	if (!json_is_number(x)) {
		text_add(t, "–");
		return;
	}
	snprintf(number, sizeof number, is_signed ? "%+.*f" : "%.*f", n_decimals, json_number_value(x));
	if (strspn(number, "-+0.") == strlen(number))
		text_add(t, "%s", number + (*number == '-' || *number == '+'));
	else
		text_add(t, "%s%s", *number == '-' ? "−" : "", number + (*number == '-'));
}

void text_range(struct text *t, const json_t *x, int n_decimals, int is_signed)
{
	text_add(t, "[");
	text_number(t, json_object_get(x, "low"), n_decimals, is_signed);
	text_add(t, ", ");
	text_number(t, json_object_get(x, "high"), n_decimals, is_signed);
	text_add(t, "]");
}

void text_release(struct text *t)
{
	free(t->bytes);
	*t = (struct text){0};
}
