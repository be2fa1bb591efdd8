#include "store/lexer.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

struct lexer {
	const char *p, *end; /* text with splices and comments gone */
	char *out;	     /* at most two bytes per byte of text, and some */
	size_t n;
	bool at_line_start, in_directive;
	int n_directive; /* tokens of this directive so far, "#" included */
	bool is_define, is_include;
};

/* Copy text without line splices (backslash, newline), as translation phase 2 does. */
static char *join_lines(const char *text, size_t n_bytes, size_t *n_out)
{
	char *out = die_malloc(n_bytes + 1);
	size_t n = 0;
	for (size_t i = 0; i < n_bytes; i++) {
		size_t skip = text[i] != '\\' ? 0 : i + 1 < n_bytes && text[i + 1] == '\n' ? 1 : 0;
		if (text[i] == '\\' && i + 2 < n_bytes && text[i + 1] == '\r' && text[i + 2] == '\n')
			skip = 2;
		if (skip)
			i += skip;
		else if (text[i] != '\r')
			out[n++] = text[i];
	}
	out[n] = 0;
	*n_out = n;
	return out;
}

static void emit(struct lexer *l, const char *bytes, size_t n)
{
	memcpy(l->out + l->n, bytes, n);
	l->n += n;
	l->out[l->n++] = '\n';
}

static bool starts(const struct lexer *l, const char *s)
{
	size_t n = strlen(s);
	return (size_t)(l->end - l->p) >= n && !memcmp(l->p, s, n);
}

static void end_line(struct lexer *l)
{
	if (l->in_directive)
		l->out[l->n++] = '\n';
	l->in_directive = false;
	l->at_line_start = true;
}

/* White space and comments; a newline outside a comment ends a directive. */
static void skip_layout(struct lexer *l)
{
	while (l->p < l->end) {
		if (*l->p == '\n') {
			end_line(l);
			l->p++;
		} else if (isspace((unsigned char)*l->p)) {
			l->p++;
		} else if (starts(l, "//")) {
			while (l->p < l->end && *l->p != '\n')
				l->p++;
		} else if (starts(l, "/*")) {
			for (l->p += 2; l->p < l->end && !starts(l, "*/"); l->p++)
				;
			l->p += l->p < l->end ? 2 : 0;
		} else {
			return;
		}
	}
}

/* Length of a literal that begins with quote, through its closing one or to the end of the line. */
static size_t literal_length(const char *p, const char *end, char quote)
{
	const char *q = p + 1;
	while (q < end && *q != quote && *q != '\n')
		q += *q == '\\' && q + 1 < end ? 2 : 1;
	if (q > end)
		q = end;
	return (size_t)(q - p) + (q < end && *q == quote);
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 128;
}

/* A preprocessing number: digits, letters, dots, and signs after an exponent's letter. */
static size_t number_length(const char *p, const char *end)
{
	const char *q = p;
	while (q < end && (is_word(*q) || *q == '.' || ((*q == '+' || *q == '-') && strchr("eEpP", q[-1]))))
		q++;
	return (size_t)(q - p);
}

static size_t word_length(const char *p, const char *end)
{
	const char *q = p;
	while (q < end && is_word(*q))
		q++;
	return (size_t)(q - p);
}

/* The longest punctuator, since "a + ++b" and "a++ + b" must not look alike. */
static size_t punctuator_length(const struct lexer *l)
{
	static const char *const many[] = {
		"%:%:", "...", "<<=", ">>=", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||",
		"*=",	"/=",  "%=",  "+=",  "-=", "&=", "^=", "|=", "##", "<:", ":>", "<%", "%>", "%:"};
	for (size_t i = 0; i < sizeof many / sizeof *many; i++)
		if (starts(l, many[i]))
			return strlen(many[i]);
	return 1;
}

static size_t token_length(const struct lexer *l)
{
	const char *p = l->p;
	const char *close;
	bool is_number =
		isdigit((unsigned char)*p) || (*p == '.' && p + 1 < l->end && isdigit((unsigned char)p[1]));
	if (*p == '"' || *p == '\'')
		return literal_length(p, l->end, *p);
	if (is_number)
		return number_length(p, l->end);
	if (is_word(*p))
		return word_length(p, l->end);
	if (l->is_include && l->n_directive == 2 && *p == '<' &&
	    (close = memchr(p, '>', (size_t)(l->end - p))))
		return (size_t)(close - p) + 1;
	return punctuator_length(l);
}

static bool is_token(const char *p, size_t n, const char *s)
{
	return n == strlen(s) && !memcmp(p, s, n);
}

/* Keep track of where in a directive we are; returns the length, longer by one for the "(" of "#define f(".
 */
static size_t follow_directive(struct lexer *l, size_t n)
{
	if (!l->in_directive)
		return n;
	if (l->n_directive == 1) {
		l->is_define = is_token(l->p, n, "define");
		l->is_include = is_token(l->p, n, "include");
	}
	if (l->n_directive == 2 && l->is_define && l->p + n < l->end && l->p[n] == '(')
		n++;
	l->n_directive++;
	return n;
}

char *lexer_tokens(const char *text, size_t n_bytes, size_t *n_out)
{
	size_t n_joined;
	char *joined = join_lines(text, n_bytes, &n_joined);
	struct lexer l = {.p = joined, .end = joined + n_joined, .at_line_start = true};

	l.out = die_malloc(3 * n_joined + 4);
	for (skip_layout(&l); l.p < l.end; skip_layout(&l)) {
		size_t n = token_length(&l);
		if (l.at_line_start && n == 1 && *l.p == '#') {
			l.in_directive = true;
			l.n_directive = 0;
			l.is_define = l.is_include = false;
		}
		n = follow_directive(&l, n);
		emit(&l, l.p, n);
		l.p += n;
		l.at_line_start = false;
	}

	end_line(&l);
	l.out[l.n] = 0;
	free(joined);
	*n_out = l.n;

	return l.out;
}
