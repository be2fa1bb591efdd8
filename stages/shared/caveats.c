#include "stages/shared/caveats.h"

#include <stdlib.h>

#include "common/die.h"
#include "stages/shared/remark.h"

enum { SMALL_FOLD = 300, SMALL_CLASS = 30, FEW_PATIENTS = 5 };

static void note_classes(struct judge *j, const json_t *classes, const bool *meant, const char *one,
			 const char *many)
{
	json_t *text = remark_classes(classes, meant, one, many);
	if (text)
		judge_note(j, text);
}

/* A class of few patients is in every resample by construction (or, where resamples may lack classes, missing
 * from those that would tell), so the bootstrap cannot see how much it would vary. */
static void note_rare(struct judge *j, int rarest, size_t fewest, int n_rare)
{
	char *more = n_rare > 1 ? die_printf(", and %d more classes fewer than %d", n_rare - 1, FEW_PATIENTS)
				: die_strdup("");
	judge_note(j, json_sprintf("Class %s has %zu patient%s in %s%s: the intervals are too narrow.",
				   judge_class(j, rarest), fewest, fewest == 1 ? "" : "s",
				   j->is_pooled ? "all folds" : "fold 10", more));
	free(more);
}

/* What the reader of an interval must know. */
static void note_test_fold(struct judge *j)
{
	const struct judge_part *p = &j->part[PROBE_TEST];
	bool *is_absent = die_calloc((size_t)j->n_classes, sizeof *is_absent);
	int rarest = -1, n_rare = 0;
	size_t fewest = 0;

	for (int c = 0; c < j->n_classes; c++) {
		size_t n = judge_patients(j, p, c);
		is_absent[c] = p->n && !n;
		n_rare += n && n < FEW_PATIENTS;
		if (n && (rarest < 0 || n < fewest)) {
			rarest = c;
			fewest = n;
		}
	}

	if (j->is_pooled)
		note_classes(j, j->classes, is_absent,
			     "No fold has a record of class %s: the macro averages leave it out.",
			     "No fold has a record of %d classes: the macro averages leave them out (%s).");
	else
		note_classes(j, j->classes, is_absent,
			     "Fold 10 has no record of class %s: the macro averages leave it out.",
			     "Fold 10 has no record of %d classes: the macro averages leave them out (%s).");
	free(is_absent);

	if (rarest < 0)
		judge_note(j, json_string("Fold 10 has no record that could be tested."));
	else if (p->n < SMALL_FOLD || fewest < SMALL_CLASS)
		judge_note(j, json_sprintf("%s: %zu records of %zu patients, %zu of these with "
					   "%s; differences smaller than the intervals are chance.",
					   j->is_pooled ? "The dataset is small" : "Fold 10 is small", p->n,
					   judge_patients(j, p, -1), fewest, judge_class(j, rarest)));

	if (n_rare)
		note_rare(j, rarest, fewest, n_rare);
}

/* Classes that no training record has. */
static void note_training(struct judge *j, const double *prior)
{
	size_t n = json_array_size(j->unlisted), n_known = n + (size_t)j->n_classes;
	bool *meant = die_calloc(n_known + 1, sizeof *meant);
	for (int c = 0; c < j->n_classes; c++)
		meant[c] = !(prior[c] > 0);
	note_classes(j, j->classes, meant, "Folds 1-8 have no record of class %s: it is never predicted.",
		     "Folds 1-8 have no record of %d classes, which are never predicted (%s).");
	for (size_t c = 0; c < n; c++)
		meant[c] = true;
	note_classes(j, j->unlisted, meant, "Folds 1-8 have no record of class %s: it is left out.",
		     "Folds 1-8 have no record of %d classes of this task, which are left out (%s).");
	free(meant);
}

void caveats_add(struct judge *j, const double *prior)
{
	note_training(j, prior);
	note_test_fold(j);
	int n_undefined = j->comparison[PROBE_TEST].n_undefined;
	if (n_undefined && j->part[PROBE_TEST].n)
		judge_note(j, json_sprintf("%d bootstrap resamples lack a class and were left out.",
					   n_undefined));
}
