#include "common/scalar.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

static const double INT_LIMIT = 9007199254740992.0; /* 2^53: beyond it JSON numbers lose units */

static const char *skip_digits(const char *s)
{
	while (*s >= '0' && *s <= '9')
		s++;
	return s;
}

/* JSON's grammar of numbers; *is_integer: neither fraction nor exponent. */
static bool is_number(const char *s, bool *is_integer)
{
	s += *s == '-';
	const char *end = skip_digits(s);
	if (end == s || (*s == '0' && end != s + 1))
		return false;
	*is_integer = *end == '\0';

	if (*end == '.') {
		s = end + 1;
		end = skip_digits(s);
		if (end == s)
			return false;
	}

	if (*end == 'e' || *end == 'E') {
		s = end + 1;
		s += *s == '-' || *s == '+';
		end = skip_digits(s);
		if (end == s)
			return false;
	}

	return *end == '\0';
}

static double number(const char *text)
{
	static locale_t c_locale; /* strtod would read "0.1" as 0 under a German locale */
	if (!c_locale && !(c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0)))
		die("newlocale: %s", strerror(errno));
	return strtod_l(text, NULL, c_locale);
}

static json_t *number_value(enum param_type type, const char *text)
{
	bool is_integer = false;
	if (!is_number(text, &is_integer) || (type == PARAM_INT && !is_integer))
		return NULL;
	double x = number(text);
	if (!isfinite(x) || (type == PARAM_INT && fabs(x) > INT_LIMIT))
		return NULL;
	return type == PARAM_INT ? json_integer((json_int_t)x)
				 : json_real(x + 0.0); /* -0 and 0 are one value */
}

/* One item of "[a, b]": trimmed, its quotes taken off. NULL if it is empty without quotes or its quotes do
 * not match. */
static json_t *flow_item(const char *s, const char *end)
{
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	while (end > s && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (s == end)
		return NULL;
	if (*s == '\'' || *s == '"') {
		if (end - s < 2 || end[-1] != *s)
			return NULL;
		s++, end--;
	}
	return json_stringn(s, (size_t)(end - s));
}

static json_t *flow_list(const char *text)
{
	size_t n = strlen(text);
	if (n < 2 || text[0] != '[' || text[n - 1] != ']')
		return NULL;
	json_t *list = json_array();
	const char *s = text + 1, *end = text + n - 1;
	if (s + strspn(s, " \t") == end)
		return list;

	while (s <= end) {
		const char *comma = memchr(s, ',', (size_t)(end - s));
		const char *stop = comma ? comma : end;
		if (json_array_append_new(list, flow_item(s, stop)) < 0) {
			json_decref(list);
			return NULL;
		}
		s = stop + 1;
	}

	return list;
}

static bool is_null(const char *text)
{
	return !*text || !strcmp(text, "~") || !strcmp(text, "null") || !strcmp(text, "Null") ||
	       !strcmp(text, "NULL");
}

json_t *scalar_value(enum param_type type, const char *text, bool is_quoted)
{
	bool is_text = type == PARAM_TEXT || type == PARAM_CHOICE || type == PARAM_PATH;
	if (is_quoted && !is_text)
		return NULL;
	if (!is_quoted && is_null(text))
		return NULL;

	switch (type) {
	case PARAM_INT:
	case PARAM_FLOAT:
		return number_value(type, text);
	case PARAM_BOOL:
		return !strcmp(text, "true") ? json_true() : !strcmp(text, "false") ? json_false() : NULL;
	case PARAM_LIST:
		return flow_list(text);
	case PARAM_TEXT:
	case PARAM_CHOICE:
	case PARAM_PATH:
		return json_string(text); /* NULL if it is not UTF-8 */
	case PARAM_END:
		break;
	}

	BUG("a parameter without a type");
}
