#include "ecg/repeats.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/texts.h"

struct row {
	const char *path, *patient;
	int fold;
	long line;
};

struct repeats {
	struct texts texts;
	struct row *rows;
	size_t n, max;
};

struct repeats *repeats_new(void)
{
	return die_calloc(1, sizeof(struct repeats));
}

void repeats_free(struct repeats *r)
{
	texts_release(&r->texts);
	free(r->rows);
	free(r);
}

void repeats_add(struct repeats *r, const char *path, const char *patient, int fold, long line)
{
	if (r->n == r->max)
		r->rows =
			die_realloc(r->rows, (r->max = r->max ? r->max + r->max / 2 : 256) * sizeof *r->rows);
	r->rows[r->n++] =
		(struct row){texts_keep(&r->texts, path), texts_keep(&r->texts, patient), fold, line};
}

static int by_line(const struct row *x, const struct row *y)
{
	return (x->line > y->line) - (x->line < y->line);
}

static int by_path(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = strcmp(x->path, y->path);
	return order ? order : by_line(x, y);
}

static int by_patient(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = strcmp(x->patient, y->patient);
	return order ? order : by_line(x, y);
}

static bool is_same_record(const struct row *x, const struct row *y)
{
	return !strcmp(x->path, y->path);
}

static bool is_split_patient(const struct row *x, const struct row *y)
{
	return !strcmp(x->patient, y->patient) && x->fold != y->fold;
}

/* Of neighbours that contradict each other those whose second line is the first of all; NULL if there are
 * none. */
static const struct row *find(struct repeats *r, int (*order)(const void *, const void *),
			      bool (*is_wrong)(const struct row *, const struct row *))
{
	const struct row *found = NULL;
	if (r->n)
		qsort(r->rows, r->n, sizeof *r->rows, order);
	for (size_t i = 1; i < r->n; i++)
		if (is_wrong(&r->rows[i - 1], &r->rows[i]) && (!found || r->rows[i].line < found[1].line))
			found = &r->rows[i - 1];
	return found;
}

int repeats_records(struct repeats *r, const char *file, struct error *e)
{
	const struct row *x = find(r, by_path, is_same_record);
	if (!x)
		return 0;
	return error_set(e, file, x[1].line,
			 "record %.200s stands in line %ld too; one recording must not be in several folds "
			 "(fetch.allow_repeated_records=true lets it)",
			 x->path, x->line);
}

int repeats_patients(struct repeats *r, const char *file, struct error *e)
{
	const struct row *x = find(r, by_patient, is_split_patient);
	if (!x)
		return 0;
	return error_set(
		e, file, x[1].line,
		"patient %.200s is in fold %d here and in fold %d in line %ld; a patient belongs into one "
		"(fetch.allow_split_patients=true lets it)",
		x->patient, x[1].fold, x->fold, x->line);
}
