#include "ecg/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define INTEGER_MAX (UINT64_C(1) << 53)

int field_integer(const char *text, uint64_t *x)
{
	const char *at = text;
	for (*x = 0; *at >= '0' && *at <= '9'; at++) {
		*x = *x * 10 + (uint64_t)(*at - '0');
		if (*x > INTEGER_MAX)
			return -1;
	}
	if (at == text)
		return -1;
	if (at[0] == '.' && at[1])
		at += 1 + strspn(at + 1, "0");
	return *at ? -1 : 0;
}

int field_number(const char *text, double *x)
{
	char *end;
	/* strtod alone would take "nan", "inf", "0x1p3" and leading white space. */
	if (!*text || text[strspn(text, "+-0123456789.eE")])
		return -1;
	*x = strtod(text, &end);
	return end == text || *end || !isfinite(*x) ? -1 : 0;
}

json_t *field_json(double x)
{
	return x == floor(x) && fabs(x) < (double)INTEGER_MAX ? json_integer((json_int_t)x) : json_real(x);
}

/* Bytes of white space at the text's beginning. */
static size_t blanks(const char *text)
{
	return *text && strchr(" \t\r\n\v\f", *text) ? 1 : !strncmp(text, "\xc2\xa0", 2) ? 2 : 0;
}

char *field_trim(char *text)
{
	char *end = text;
	for (size_t n; (n = blanks(text)); end = text)
		text += n;
	for (char *at = text; *at;) {
		size_t n = blanks(at);
		at += n ? n : 1;
		end = n ? end : at;
	}
	*end = '\0';
	return text;
}

bool field_is_unknown(const char *text)
{
	static const char *const words[] = {"",	       "nan", "na",	 "n/a", "null", "none",
					    "unknown", "unk", "missing", "?",	"-"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcasecmp(text, words[i]))
			return true;
	return false;
}
