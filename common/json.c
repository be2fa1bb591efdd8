#include "common/json.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

#define MAX_DEPTH   64
#define MAX_INTEGER 9007199254740992 /* 2^53: beyond it a double cannot hold every integer */

/* Where memory ends the program must: else what is set or packed lacks something without a word, and a key is
 * that of another action. */
__attribute__((constructor)) static void die_without_memory(void)
{
	json_set_alloc_funcs(die_malloc, free);
}

/* ---- numbers ---- */

static bool reads_back(const char *text, double x, bool is_float)
{
	return is_float ? strtof(text, NULL) == (float)x : strtod(text, NULL) == x;
}

/* Add one unit in the last place to a positive "d.ddde[+-]xx". */
static void bump(char *text)
{
	char *end = strchr(text, 'e');
	char *p = end - 1;
	for (; p >= text; p--) {
		if (*p == '.')
			continue;
		if (*p != '9') {
			++*p;
			return;
		}
		*p = '0';
	}
	int exponent = atoi(end + 1) + 1; /* 9.99 became 0.00: it is 1.00 with the next exponent */
	text[0] = '1';
	sprintf(end, "e%d", exponent);
}

/*
 * The fewest digits that read back as x > 0, in the form d.ddde<exponent>. printf gives the nearest decimal
 * of n digits; under a power of two doubles lie twice as dense as above it, so there the decimal above may
 * read back where the nearest one, below, does not.
 */
static void shortest(char text[64], double x, bool is_float)
{
	int most = is_float ? 9 : 17, exponent;
	bool is_power = frexp(x, &exponent) == 0.5;
	for (int digits = 1; digits <= most; digits++) {
		snprintf(text, 64, "%.*e", digits - 1, x);
		if (reads_back(text, x, is_float))
			return;
		if (is_power) {
			bump(text);
			if (reads_back(text, x, is_float))
				return;
		}
	}
	BUG("no decimal text reads back as the number");
}

/* Lay out digits and exponent as ECMAScript's Number.prototype.toString does (RFC 8785, 3.2.2.3). */
static void lay_out(char text[64], const char *digits, int n_digits, int exponent)
{
	static const char zeros[] = "000000000000000000000";
	int point = exponent + 1; /* of 0.ddd times ten to this */
	if (n_digits <= point && point <= 21)
		snprintf(text, 64, "%s%.*s", digits, point - n_digits, zeros);
	else if (0 < point && point <= 21)
		snprintf(text, 64, "%.*s.%s", point, digits, digits + point);
	else if (-6 < point && point <= 0)
		snprintf(text, 64, "0.%.*s%s", -point, zeros, digits);
	else
		snprintf(text, 64, "%c%s%se%+d", digits[0], n_digits > 1 ? "." : "", digits + 1, exponent);
}

static void number_text(char out[32], double x, bool is_float)
{
	if (!isfinite(x))
		BUG("a number in canonical JSON is not finite");
	if (x == 0) {
		strcpy(out, "0"); /* minus zero too */
		return;
	}

	char text[64], digits[20];
	shortest(text, fabs(x), is_float);
	char *e = strchr(text, 'e');
	int n = 0;

	for (const char *p = text; p < e; p++)
		if (*p != '.')
			digits[n++] = *p;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = 0;
	lay_out(text, digits, n, atoi(e + 1));
	snprintf(out, 32, "%s%.25s", x < 0 ? "-" : "", text); /* the longest is -1.2345678901234567e-300 */
}

void json_number_text(char out[32], double x)
{
	number_text(out, x, false);
}

void json_float_text(char out[32], float x)
{
	number_text(out, (double)x, true);
}

/* ---- reading ---- */

/* Jansson's own limit is 2048 levels; ours keeps recursion over its values shallow. */
static bool is_too_deep(const char *text, size_t n_bytes)
{
	int depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < n_bytes; i++) {
		char c = text[i];
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '[' || c == '{') && ++depth > MAX_DEPTH)
			return true;
		else if (!in_string && (c == ']' || c == '}'))
			depth--;
	}
	return false;
}

/* A run of digits longer than a double can count in steps of one: it must be what that double is written as,
 * since otherwise reading it would change it. 1: it is; 0: short enough not to matter; -1: it is not. */
static int check_integer(const char *token, size_t n_bytes)
{
	char text[32], back[32];
	for (size_t i = token[0] == '-'; i < n_bytes; i++)
		if (token[i] < '0' || token[i] > '9')
			return 0;
	if (n_bytes < 16)
		return 0;
	if (n_bytes >= sizeof text)
		return -1;
	memcpy(text, token, n_bytes);
	text[n_bytes] = 0;

	double x = strtod(text, NULL);
	if (fabs(x) < MAX_INTEGER)
		return 0;
	json_number_text(back, x);

	return strcmp(text, back) ? -1 : 1;
}

/* 1 if some integer can only be read as a double, 0 if none, -1 if one cannot be read exactly at all. */
static int check_integers(const char *text, size_t n_bytes)
{
	bool in_string = false;
	int found = 0;

	for (size_t i = 0; i < n_bytes; i++) {
		size_t n = 0;
		if (in_string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			in_string = !in_string;
		while (!in_string && i + n < n_bytes && text[i + n] && strchr("0123456789+-.eE", text[i + n]))
			n++;
		int status = n ? check_integer(text + i, n) : 0;
		if (status < 0)
			return -1;
		found |= status;
		i += n ? n - 1 : 0;
	}

	return found;
}

/* Numbers that are whole and count exactly become integers again. */
static json_t *make_integers(json_t *value)
{
	const char *name;
	json_t *item;
	size_t i;
	void *next;
	double x = json_real_value(value);
	if (json_is_real(value) && fabs(x) < MAX_INTEGER && x == floor(x)) {
		json_decref(value);
		return json_integer((json_int_t)x);
	}
	json_array_foreach (value, i, item)
		json_array_set_new(value, i, make_integers(json_incref(item)));
	json_object_foreach_safe (value, next, name, item)
		json_object_set_new(value, name, make_integers(json_incref(item)));
	return value;
}

json_t *json_read(const char *text, size_t n_bytes, const char *name, struct error *e)
{
	json_error_t why;
	int big = check_integers(text, n_bytes);

	if (is_too_deep(text, n_bytes)) {
		error_set(e, name, 0, "JSON is nested deeper than %d levels", MAX_DEPTH);
		return NULL;
	}

	if (big < 0) {
		error_set(e, name, 0, "an integer is beyond 2^53 and no double; write it as a string");
		return NULL;
	}

	size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | (big ? JSON_DECODE_INT_AS_REAL : 0);
	json_t *value = json_loadb(text, n_bytes, flags, &why);
	if (!value) {
		error_set(e, name, why.line, "column %d: not valid JSON: %s", why.column, why.text);
		return NULL;
	}

	return big ? make_integers(value) : value;
}

/* ---- canonical writer ---- */

struct text {
	char *bytes;
	size_t n, room;
};

static void put(struct text *t, const char *bytes, size_t n)
{
	if (t->n + n + 1 > t->room) {
		t->room = 2 * (t->n + n + 1);
		t->bytes = die_realloc(t->bytes, t->room);
	}
	memcpy(t->bytes + t->n, bytes, n);
	t->n += n;
	t->bytes[t->n] = 0;
}

static void put_text(struct text *t, const char *s)
{
	put(t, s, strlen(s));
}

static void put_string(struct text *t, const char *s, size_t n)
{
	static const char *const shorts[32] = {
		['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};

	put_text(t, "\"");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		char hex[8];
		if (c == '"' || c == '\\') {
			put_text(t, "\\");
			put(t, s + i, 1);
		} else if (c >= 32) {
			put(t, s + i, 1);
		} else if (shorts[c]) {
			put_text(t, shorts[c]);
		} else {
			sprintf(hex, "\\u%04x", c);
			put_text(t, hex);
		}
	}

	put_text(t, "\"");
}

/* UTF-8 bytes sort as UTF-16 code units do, except that surrogates (lead bytes f0..f4) come before
 * U+E000..U+FFFF. */
static int compare_names(const void *a, const void *b)
{
	const unsigned char *x = *(const unsigned char *const *)a, *y = *(const unsigned char *const *)b;
	while (*x && *x == *y)
		x++, y++;
	if (*x >= 0xee && *y >= 0xee && (*x >= 0xf0) != (*y >= 0xf0))
		return *x >= 0xf0 ? -1 : 1;
	return *x - *y;
}

static void put_value(struct text *t, const json_t *value);

static void put_object(struct text *t, const json_t *value)
{
	size_t n = json_object_size(value), i = 0;
	const char **names = die_malloc(n * sizeof *names);
	const char *name;
	json_t *item;

	json_object_foreach ((json_t *)value, name, item)
		names[i++] = name;
	qsort(names, n, sizeof *names, compare_names);
	put_text(t, "{");

	for (i = 0; i < n; i++) {
		put_text(t, i ? "," : "");
		put_string(t, names[i], strlen(names[i]));
		put_text(t, ":");
		put_value(t, json_object_get(value, names[i]));
	}

	put_text(t, "}");
	free(names);
}

static void put_array(struct text *t, const json_t *value)
{
	size_t i;
	json_t *item;
	put_text(t, "[");
	json_array_foreach (value, i, item) {
		put_text(t, i ? "," : "");
		put_value(t, item);
	}
	put_text(t, "]");
}

static void put_value(struct text *t, const json_t *value)
{
	char number[32];
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		put_object(t, value);
		break;
	case JSON_ARRAY:
		put_array(t, value);
		break;
	case JSON_STRING:
		put_string(t, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		if (json_integer_value(value) < -MAX_INTEGER || json_integer_value(value) > MAX_INTEGER)
			BUG("an integer in canonical JSON is beyond 2^53");
		sprintf(number, "%lld", (long long)json_integer_value(value));
		put_text(t, number);
		break;
	case JSON_REAL:
		json_number_text(number, json_real_value(value));
		put_text(t, number);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		put_text(t, json_is_true(value) ? "true" : "false");
		break;
	case JSON_NULL:
		put_text(t, "null");
	}
}

char *json_canonical(const json_t *value, size_t *n_bytes)
{
	struct text t = {0};
	put_value(&t, value);
	if (n_bytes)
		*n_bytes = t.n;
	return t.bytes;
}

bool json_alike(const json_t *a, const json_t *b)
{
	if (!a || !b)
		return false;
	char *x = json_canonical(a, NULL), *y = json_canonical(b, NULL);
	bool is_alike = !strcmp(x, y);
	free(x);
	free(y);
	return is_alike;
}

bool json_append_once(json_t *list, const json_t *value)
{
	size_t i;
	const json_t *other;
	if (!value || json_is_null(value))
		return false;
	json_array_foreach (list, i, other)
		if (json_equal(other, value))
			return false;
	return json_array_append(list, (json_t *)value) == 0;
}

const char *json_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

double json_number(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}
