/*
 * What a classifier is asked for: the superclasses of a dataset, or one of the five other tasks of the PTB-XL
 * benchmark (Strodthoff et al. 2021, doi 10.1109/JBHI.2020.3022989), whose classes are statements or their
 * subclasses.
 *
 *	struct task *t = task_open("rhythm", classes, statements, &e);
 *	for (int c = 0; c < task_count(t); c++) ... task_name(t, c) ... task_has(t, &label, c) ...
 *	task_close(t);
 *
 *	superclass	the bits of label.classes (attribute "classes" of the dataset), in its order
 *	all		every statement
 *	diagnostic	the statements whose member "diagnostic" is true; "form", "rhythm" alike: it may be in
 *			two
 *	subdiagnostic	the subclasses of the diagnostic statements; one without a subclass counts for none
 *
 * Likelihoods play no part, as in the benchmark. But for superclass, classes ascend bytewise.
 */
#ifndef ECG_TASK_H
#define ECG_TASK_H

#include <jansson.h>
#include <stdbool.h>

#include "common/error.h"
#include "ecg/label.h"

#define TASK_CHOICES "superclass all diagnostic subdiagnostic form rhythm" /* as PARAM_CHOICE takes them */

struct task;

/* classes: array of names; statements: table as ecg/statements.h reads it, NULL: none. Both are only read
 * here. NULL with e filled: an unknown task, a wrong table, a dataset without a statement of this task. */
struct task *task_open(const char *name, const json_t *classes, const json_t *statements, struct error *e);
void task_close(struct task *t);

int task_count(const struct task *t);
/* Borrowed. */
const char *task_name(const struct task *t, int c);
bool task_has(const struct task *t, const struct label *l, int c);

#endif
