#include "ecg/csv.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/field.h"

#define CSV_BLOCK 65536

struct csv {
	const char *name;
	struct reader reader;
	bool is_whole;	      /* all of the file has come */
	bool is_failed;	      /* the rest of it cannot be read */
	struct error error;   /* why */
	const char *at, *end; /* what has come and was not looked at, in block */
	long line, row_line;  /* of `at`, and where the current row began */
	int n_columns;
	char **names;
	char *text;	/* fields of the current row, one after another, each with its NUL */
	size_t *fields; /* offsets into text: the buffer moves when it grows */
	size_t n_text, text_max;
	bool is_quoted; /* a field of the current row is */
	char block[CSV_BLOCK];
};

/* Whether n bytes can be looked at from c->at on; n is small. */
static bool has(struct csv *c, size_t n)
{
	while ((size_t)(c->end - c->at) < n && !c->is_whole) {
		size_t left = (size_t)(c->end - c->at);
		memmove(c->block, c->at, left);
		long got = c->reader.read(c->reader.context, c->block + left, CSV_BLOCK - left, &c->error);
		c->at = c->block;
		c->end = c->block + left + (got > 0 ? got : 0);
		c->is_failed = got < 0;
		c->is_whole = got <= 0;
	}
	return (size_t)(c->end - c->at) >= n;
}

static bool is_end(struct csv *c)
{
	return !has(c, 1);
}

static void append(struct csv *c, char byte)
{
	if (c->n_text == c->text_max)
		c->text = die_realloc(c->text, c->text_max = c->text_max ? 2 * c->text_max : 4096);
	c->text[c->n_text++] = byte;
}

/* A file that cannot be read has no other fault. */
static int bad(const struct csv *c, struct error *e, long line, const char *what)
{
	if (c->is_failed)
		return error_set(e, NULL, 0, "%s", error_text(&c->error));
	return error_set(e, c->name, line, "%s", what);
}

/* One byte of a field; c->at points at it. */
static int take(struct csv *c, size_t field, struct error *e)
{
	if (!*c->at)
		return bad(c, e, c->line, "NUL byte: not a text file");
	if (c->n_text - field >= CSV_FIELD)
		return bad(c, e, c->line, "field longer than 1 MiB: is a closing quote missing?");
	if (c->n_text >= CSV_ROW)
		return bad(c, e, c->row_line, "row longer than 4 MiB");
	append(c, *c->at++);
	return 0;
}

static int read_quoted(struct csv *c, size_t field, struct error *e)
{
	long opened = c->line;
	c->is_quoted = true;
	c->at++;
	while (!is_end(c)) {
		if (*c->at == '"') {
			c->at++;
			if (is_end(c) || *c->at != '"')
				return 0;
		}
		if (*c->at == '\n')
			c->line++;
		if (take(c, field, e) < 0)
			return -1;
	}
	return bad(c, e, opened, "quoted field is never closed");
}

static bool is_row_end(struct csv *c)
{
	return is_end(c) || *c->at == '\n' || (*c->at == '\r' && has(c, 2) && c->at[1] == '\n');
}

static int read_field(struct csv *c, struct error *e)
{
	size_t field = c->n_text;
	if (!is_end(c) && *c->at == '"') {
		if (read_quoted(c, field, e) < 0)
			return -1;
		if (!is_row_end(c) && *c->at != ',')
			return bad(c, e, c->line, "text after the closing quote of a field");
	} else {
		while (!is_row_end(c) && *c->at != ',') {
			if (*c->at == '"')
				return bad(c, e, c->line,
					   "quote inside a field that does not begin with one");
			if (*c->at == '\r')
				return bad(c, e, c->line, "carriage return inside a field");
			if (take(c, field, e) < 0)
				return -1;
		}
	}

	append(c, '\0');
	return 0;
}

/* Read one row into text and fields: the number of fields, or -1. */
static int read_row(struct csv *c, struct error *e)
{
	int n = 0;
	c->n_text = 0;
	c->is_quoted = false;
	c->row_line = c->line;

	for (;;) {
		if (n == CSV_COLUMNS)
			return bad(c, e, c->line, "more than 1024 columns");
		c->fields[n++] = c->n_text;
		if (read_field(c, e) < 0)
			return -1;
		if (is_row_end(c))
			break;
		c->at++;
	}

	if (!is_end(c)) {
		c->at += *c->at == '\r' ? 2 : 1;
		c->line++;
	}

	return n;
}

struct csv *csv_open(const char *name, struct reader reader, struct error *e)
{
	struct csv *c = die_malloc(sizeof *c);
	*c = (struct csv){.name = name, .reader = reader, .line = 1};
	c->at = c->end = c->block;
	c->fields = die_malloc(CSV_COLUMNS * sizeof *c->fields);
	if (has(c, 3) && !memcmp(c->at, "\xef\xbb\xbf", 3))
		c->at += 3;
	if (is_end(c)) {
		bad(c, e, 0, "empty file, expected a row of column names");
		goto fail;
	}

	int n = read_row(c, e);
	if (n < 0)
		goto fail;
	c->names = die_calloc((size_t)n, sizeof *c->names);
	for (; c->n_columns < n; c->n_columns++)
		c->names[c->n_columns] = die_strdup(c->text + c->fields[c->n_columns]);
	return c;
fail:
	csv_close(c);

	return NULL;
}

void csv_close(struct csv *c)
{
	if (!c)
		return;
	for (int i = 0; i < c->n_columns; i++)
		free(c->names[i]);
	free(c->names);
	free(c->text);
	free(c->fields);
	free(c);
}

int csv_columns(const struct csv *c)
{
	return c->n_columns;
}

const char *csv_name(const struct csv *c, int column)
{
	return c->names[column];
}

int csv_find(const struct csv *c, const char *column)
{
	for (int i = 0; i < c->n_columns; i++)
		if (!strcmp(c->names[i], column))
			return i;
	return -1;
}

/* "a, b, c": the names, as many as there is room for. */
static void list_names(char *out, size_t size, const struct csv *c)
{
	size_t n = 0;
	*out = '\0';
	for (int i = 0; i < c->n_columns && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "", c->names[i]);
	if (n >= size)
		strcpy(out + size - 4, "...");
}

static int no_column(const struct csv *c, const char *column, struct error *e)
{
	char names[200];
	list_names(names, sizeof names, c);
	const char *other = c->n_columns == 1 && strchr(names, ';')    ? "semicolons"
			    : c->n_columns == 1 && strchr(names, '\t') ? "tabs"
								       : NULL;
	if (other)
		return error_set(
			e, c->name, 1,
			"no column '%s' in '%s': fields are separated by %s; save the table with commas",
			column, names, other);
	return error_set(e, c->name, 1, "no column '%s'; there are: %s", column, names);
}

int csv_require(const struct csv *c, const char *column, struct error *e)
{
	int found = csv_find(c, column);
	if (found < 0)
		return no_column(c, column, e);
	for (int i = found + 1; i < c->n_columns; i++)
		if (!strcmp(c->names[i], column))
			return error_set(e, c->name, 1, "column '%s' stands there twice", column);
	return found;
}

/* Quoted fields count as text even if nothing is in them. */
static bool is_blank_row(const struct csv *c, int n)
{
	for (size_t i = 0; i < c->n_text; i++)
		if (c->text[i] && (n > 1 || !strchr(" \t", c->text[i])))
			return false;
	return !c->is_quoted;
}

int csv_next(struct csv *c, struct error *e)
{
	for (;;) {
		if (is_end(c))
			return c->is_failed ? bad(c, e, 0, "") : 0;
		int n = read_row(c, e);
		if (n < 0 || c->is_failed)
			return bad(c, e, 0, "");
		if (is_blank_row(c, n))
			continue;
		if (n != c->n_columns)
			return error_set(e, c->name, c->row_line, "expected %d columns, found %d",
					 c->n_columns, n);
		return 1;
	}
}

const char *csv_text(const struct csv *c, int column)
{
	return c->text + c->fields[column];
}

const char *csv_trimmed(struct csv *c, int column)
{
	return field_trim(c->text + c->fields[column]);
}

long csv_line(const struct csv *c)
{
	return c->row_line;
}
