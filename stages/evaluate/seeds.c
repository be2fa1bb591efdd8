#include "stages/evaluate/seeds.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "stages/shared/arm.h"

static void add_seed(struct seeds *e, const struct arms *s, int arm)
{
	e->arm[e->n] = arm;
	for (int k = 0; k < ARM_STATES; k++) {
		e->row[k][e->n] = s->arm[arm].compared[k];
		e->has[k] = (e->has[k] || !e->n) && s->arm[arm].compared[k] >= 0;
	}
	e->n++;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct seeds *)a)->name, ((const struct seeds *)b)->name);
}

struct seeds *seeds_gather(const struct arms *s, int *n_seeds)
{
	struct seeds *list = die_calloc((size_t)s->n_arms + 1, sizeof *list);
	int n = 0;
	for (int i = 0; i < s->n_arms; i++) {
		const char *name = s->arm[i].name;
		size_t base = arm_base(name);
		struct seeds *e = list;
		while (e < list + n && !(strlen(e->name) == base && !memcmp(e->name, name, base)))
			e++;
		if (e == list + n) {
			*e = (struct seeds){.name = die_printf("%.*s", (int)base, name),
					    .arm = die_calloc((size_t)s->n_arms, sizeof *e->arm)};
			for (int k = 0; k < ARM_STATES; k++)
				e->row[k] = die_calloc((size_t)s->n_arms, sizeof *e->row[k]);
			n++;
		}
		add_seed(e, s, i);
	}

	for (struct seeds *e = list; e < list + n; e++)
		if (e->n == 1) {
			free(e->name);
			e->name = die_printf("%s", s->arm[e->arm[0]].name);
		}
	qsort(list, (size_t)n, sizeof *list, by_name);
	*n_seeds = n;
	return list;
}

bool seeds_are_several(const struct arms *s)
{
	int n;
	struct seeds *list = seeds_gather(s, &n);
	seeds_free(list, n);
	return n < s->n_arms;
}

void seeds_free(struct seeds *list, int n)
{
	for (struct seeds *e = list; e < list + n; e++) {
		free(e->name);
		free(e->arm);
		for (int k = 0; k < ARM_STATES; k++)
			free(e->row[k]);
	}
	free(list);
}

struct comparison_rows seeds_rows(const struct seeds *e, int state)
{
	return (struct comparison_rows){e->n, e->row[state]};
}
