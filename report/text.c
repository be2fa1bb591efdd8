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

void text_name(struct text *t, const char *s)
{
	size_t n = 0;
	for (; s && *s; s++) {
		if (n >= UNBROKEN && begins(*s) && *s != ' ') {
			text_add(t, "<wbr>");
			n = 0;
		}
		escape(t, *s);
		n = *s == ' ' ? 0 : n + (size_t)begins(*s);
		if (strchr("_-/.,", *s) && s[1] && s[1] != ' ') {
			text_add(t, "<wbr>");
			n = 0;
		}
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

void text_release(struct text *t)
{
	free(t->bytes);
	*t = (struct text){0};
}
