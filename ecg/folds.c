#include "ecg/folds.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/fold.h"
#include "ecg/identifier.h"

enum { CLASSES = 32 };

/* A patient: neighbours in the list of records by patient. */
struct person {
	struct folds_record **records;
	size_t n;
	uint64_t hash;
	uint32_t classes; /* of any of them */
};

struct draw {
	struct folds_record **records; /* by patient */
	struct person *persons;
	size_t n_persons;
	/* What a fold lacks, in tenths of a record: of all records, of those of a class. */
	int64_t lacks[FOLDS], lacks_class[FOLDS][CLASSES];
};

/* ---- patients ---- */

static int by_patient(const void *a, const void *b)
{
	const struct folds_record *x = *(struct folds_record *const *)a,
				  *y = *(struct folds_record *const *)b;
	return strcmp(x->patient, y->patient);
}

static int by_size(const void *a, const void *b)
{
	const struct person *x = a, *y = b;
	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return strcmp(x->records[0]->patient, y->records[0]->patient);
}

static void find_persons(struct draw *d, struct folds_record *records, size_t n)
{
	d->records = die_malloc(n * sizeof *d->records);
	d->persons = die_malloc(n * sizeof *d->persons);
	for (size_t i = 0; i < n; i++)
		d->records[i] = &records[i];
	qsort(d->records, n, sizeof *d->records, by_patient);

	for (size_t i = 0; i < n; i++) {
		struct folds_record *r = d->records[i];
		struct person *p = d->n_persons ? &d->persons[d->n_persons - 1] : NULL;
		if (!p || strcmp(p->records[0]->patient, r->patient) != 0) {
			p = &d->persons[d->n_persons++];
			*p = (struct person){.records = &d->records[i], .hash = identifier_hash(r->patient)};
		}
		p->n++;
		p->classes |= r->classes;
	}
	qsort(d->persons, d->n_persons, sizeof *d->persons, by_size);
}

static bool is_drawn(const struct person *p)
{
	return p->records[0]->fold;
}

static bool has_class(const struct person *p, int c)
{
	return p->classes >> c & 1;
}

/* ---- folds ---- */

static void count_lacks(struct draw *d, const struct folds_record *records, size_t n)
{
	for (int k = 0; k < FOLDS; k++)
		for (size_t i = 0; i < n; i++) {
			d->lacks[k]++;
			for (int c = 0; c < CLASSES; c++)
				d->lacks_class[k][c] += records[i].classes >> c & 1;
		}
}

/* The same for a name and a fold whenever they are asked about (SplitMix64). */
static uint64_t lot(const struct person *p, int k)
{
	return identifier_mix(p->hash + (uint64_t)(k + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

/* c < 0: of all records alone. */
static bool is_better(const struct draw *d, const struct person *p, int c, int k, int than)
{
	if (c >= 0 && d->lacks_class[k][c] != d->lacks_class[than][c])
		return d->lacks_class[k][c] > d->lacks_class[than][c];
	if (d->lacks[k] != d->lacks[than])
		return d->lacks[k] > d->lacks[than];
	return lot(p, k) > lot(p, than);
}

static void place(struct draw *d, struct person *p, int c)
{
	int best = 0;
	for (int k = 1; k < FOLDS; k++)
		if (is_better(d, p, c, k, best))
			best = k;

	d->lacks[best] -= FOLDS * (int64_t)p->n;
	for (size_t i = 0; i < p->n; i++) {
		p->records[i]->fold = best + 1;
		for (int k = 0; k < CLASSES; k++)
			d->lacks_class[best][k] -= FOLDS * (p->records[i]->classes >> k & 1);
	}
}

/* Of the patients without a fold the class that fewest have; -1: none has any. */
static int rarest(const struct draw *d)
{
	size_t count[CLASSES] = {0};
	int least = -1;
	for (size_t i = 0; i < d->n_persons; i++)
		for (int c = 0; c < CLASSES && !is_drawn(&d->persons[i]); c++)
			count[c] += has_class(&d->persons[i], c);
	for (int c = 0; c < CLASSES; c++)
		if (count[c] && (least < 0 || count[c] < count[least]))
			least = c;
	return least;
}

void folds_draw(struct folds_record *records, size_t n)
{
	struct draw d = {0};
	if (!n)
		return;
	for (size_t i = 0; i < n; i++)
		records[i].fold = 0;
	find_persons(&d, records, n);
	count_lacks(&d, records, n);

	for (int c = rarest(&d); c >= 0; c = rarest(&d))
		for (size_t i = 0; i < d.n_persons; i++)
			if (!is_drawn(&d.persons[i]) && has_class(&d.persons[i], c))
				place(&d, &d.persons[i], c);
	for (size_t i = 0; i < d.n_persons; i++)
		if (!is_drawn(&d.persons[i]))
			place(&d, &d.persons[i], -1);

	free(d.records);
	free(d.persons);
}
