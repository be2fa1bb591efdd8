#include "statistics/subset.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "numbers/philox.h"

struct person {
	uint64_t patient, order; /* order: drawn */
	int stratum;
	size_t n; /* records */
};

static int compare_patients(const void *a, const void *b)
{
	const struct person *p = a, *q = b;
	return p->patient < q->patient ? -1 : p->patient > q->patient;
}

static int compare_drawn(const void *a, const void *b)
{
	const struct person *p = a, *q = b;
	if (p->stratum != q->stratum)
		return p->stratum < q->stratum ? -1 : 1;
	if (p->order != q->order)
		return p->order < q->order ? -1 : 1;
	return compare_patients(a, b);
}

/* Rank of each class by its number of records, the rarest first; equal ones in their own order. */
static void rank_classes(int *rank, const struct subset *s)
{
	size_t *count = die_calloc((size_t)s->n_classes, sizeof *count), n_classes = (size_t)s->n_classes;
	for (size_t i = 0; i < s->n * n_classes; i++)
		count[i % n_classes] += s->truth[i];
	for (int c = 0; c < s->n_classes; c++) {
		rank[c] = 0;
		for (int k = 0; k < s->n_classes; k++)
			rank[c] += count[k] < count[c] || (count[k] == count[c] && k < c);
	}
	free(count);
}

static int stratum_of(const struct subset *s, const int *rank, size_t record)
{
	int stratum = s->n_classes;
	for (int c = 0; c < s->n_classes; c++)
		if (s->truth[record * (size_t)s->n_classes + (size_t)c] && rank[c] < stratum)
			stratum = rank[c];
	return stratum;
}

/* One person per patient, ascending by patient; returns how many. */
static size_t gather(struct person *person, const struct subset *s, const int *rank)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++)
		person[i] = (struct person){.patient = s->patient[i], .stratum = stratum_of(s, rank, i)};
	qsort(person, s->n, sizeof *person, compare_patients);

	for (size_t i = 0; i < s->n; i++) {
		if (!n || person[n - 1].patient != person[i].patient)
			person[n++] = person[i];
		struct person *p = &person[n - 1];
		p->n++;
		if (person[i].stratum < p->stratum)
			p->stratum = person[i].stratum;
	}

	for (size_t i = 0; i < n; i++) {
		struct philox r = philox_open(s->draw, PURPOSE_SUBSET, person[i].patient, 0);
		uint64_t high = philox_u32(&r);
		person[i].order = high << 32 | philox_u32(&r);
	}

	return n;
}

/* Moves the chosen ones to the front and returns how many they are. */
static size_t choose(struct person *person, size_t n, double fraction)
{
	size_t n_chosen = 0;
	qsort(person, n, sizeof *person, compare_drawn);
	for (size_t first = 0, end; first < n; first = end) {
		size_t n_records = 0, n_taken = 0;
		for (end = first; end < n && person[end].stratum == person[first].stratum; end++)
			n_records += person[end].n;
		for (size_t i = first; i < end && (double)n_taken < fraction * (double)n_records; i++) {
			n_taken += person[i].n;
			person[n_chosen++] = person[i];
		}
	}
	return n_chosen;
}

void subset_draw(uint8_t *chosen, const struct subset *s)
{
	struct person *person = die_malloc((s->n + 1) * sizeof *person);
	int *rank = die_malloc((size_t)s->n_classes * sizeof *rank);
	rank_classes(rank, s);
	size_t n = choose(person, gather(person, s, rank), s->fraction);
	qsort(person, n, sizeof *person, compare_patients);
	for (size_t i = 0; i < s->n; i++)
		chosen[i] = n && bsearch(&(struct person){.patient = s->patient[i]}, person, n,
					 sizeof *person, compare_patients) != NULL;
	free(person);
	free(rank);
}
