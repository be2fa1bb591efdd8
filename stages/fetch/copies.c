#include "stages/fetch/copies.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/identifier.h"

enum { SHOWN = 20 }; /* so many are named */

/* What copies share, and most others do not. */
struct mark {
	uint64_t key;
	uint32_t i, line; /* in the catalogue, and of its table */
};

struct copy {
	struct mark of, is;
};

struct copies {
	struct mark *marks;
	size_t n, max;
	struct copy *found;
	size_t n_found;
};

struct copies *copies_new(void)
{
	return die_calloc(1, sizeof(struct copies));
}

void copies_free(struct copies *c)
{
	free(c->marks);
	free(c->found);
	free(c);
}

static bool is_still(const struct record *r)
{
	size_t samples = (size_t)json_integer_value(json_object_get(r->header, "samples"));
	size_t frame = samples ? r->n_bytes / samples : 0;
	return samples < 2 || !memcmp(r->signal, r->signal + frame, r->n_bytes - frame);
}

static uint64_t mix_number(uint64_t key, const json_t *number)
{
	double x = json_number_value(number);
	uint64_t bits;
	memcpy(&bits, &x, sizeof bits);
	return identifier_mix(key ^ bits);
}

/* Of rate, check sums and gains, and the number of samples. */
static uint64_t key_of(const struct record *r)
{
	uint64_t key = mix_number(r->n_bytes, json_object_get(r->header, "rate_hz"));
	const json_t *sums = json_object_get(r->header, "checksum"),
		     *gains = json_object_get(r->header, "gain"), *number;
	size_t k;
	json_array_foreach (sums, k, number)
		key = mix_number(key, number);
	json_array_foreach (gains, k, number)
		key = mix_number(key, number);
	return key;
}

void copies_add(struct copies *c, size_t i, long line, const struct record *r)
{
	if (is_still(r))
		return;
	if (c->n == c->max)
		c->marks = die_realloc(c->marks,
				       (c->max = c->max ? c->max + c->max / 2 : 256) * sizeof *c->marks);
	c->marks[c->n++] = (struct mark){key_of(r), (uint32_t)i, (uint32_t)line};
}

static int by_key(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

static bool is_same(const struct record *x, const struct record *y)
{
	static const char *const members[] = {"rate_hz", "leads", "gain", "baseline"};
	if (x->n_bytes != y->n_bytes || memcmp(x->signal, y->signal, x->n_bytes) != 0)
		return false;
	for (size_t k = 0; k < sizeof members / sizeof *members; k++)
		if (!json_equal(json_object_get(x->header, members[k]),
				json_object_get(y->header, members[k])))
			return false;
	return true;
}

/* Read again, for what was read before is not kept: 1 or 0, -1 with e filled. */
static int compare(struct dataset *d, size_t i, size_t j, struct error *e)
{
	struct record x = {0}, y = {0};
	int result = dataset_read(d, &x, i, e) || dataset_read(d, &y, j, e) ? -1 : is_same(&x, &y);
	record_release(&x);
	record_release(&y);
	return result;
}

static int by_line(const void *a, const void *b)
{
	const struct copy *x = a, *y = b;
	return (x->is.line > y->is.line) - (x->is.line < y->is.line);
}

long copies_find(struct copies *c, struct dataset *d, struct error *e)
{
	const struct catalog_record *records = dataset_catalog(d)->records;
	if (c->n)
		qsort(c->marks, c->n, sizeof *c->marks, by_key);
	for (size_t k = 1; k < c->n; k++) {
		const struct mark *x = &c->marks[k - 1], *y = &c->marks[k];
		if (x->key != y->key || !strcmp(records[x->i].path, records[y->i].path))
			continue;
		int result = compare(d, x->i, y->i, e);
		if (result < 0)
			return -1;
		if (!result)
			continue;
		c->found = die_realloc(c->found, (c->n_found + 1) * sizeof *c->found);
		c->found[c->n_found++] = (struct copy){*x, *y};
	}
	if (c->n_found)
		qsort(c->found, c->n_found, sizeof *c->found, by_line);
	return (long)c->n_found;
}

char *copies_first(const struct copies *c, const struct catalog *catalog)
{
	const struct catalog_record *r = catalog->records;
	char more[64] = "";
	if (c->n_found > 1)
		snprintf(more, sizeof more, " (%zu such records)", c->n_found);
	return die_printf("record %.200s is the same recording as record %.200s, sample by sample%s",
			  r[c->found[0].is.i].name, r[c->found[0].of.i].name, more);
}

void copies_name_others(const struct copies *c, const struct catalog *catalog)
{
	const struct catalog_record *r = catalog->records;
	for (size_t k = 1; k < c->n_found && k < SHOWN; k++)
		warn("record %.200s is the same recording as record %.200s", r[c->found[k].is.i].name,
		     r[c->found[k].of.i].name);
	if (c->n_found > SHOWN)
		warn("... and %zu more", c->n_found - SHOWN);
}
