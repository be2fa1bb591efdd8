/*
 * From what a dataset says of a record's subject (table `subject` of `records`: JSON) to its label.
 *
 *	struct subjects *s = subjects_open(statements, classes, &e);
 *	struct label label;
 *	if (subjects_label(s, &label, 17, subject, &e) < 0) ...
 *
 * Members, all optional: "patient" (text or whole number), "age" (years), "sex" (0 male, 1 female), "fold"
 * (1..10), and either "codes" {"IMI":100,..} (ecg/statements.h) or "classes" ["MI",..]. What is absent or
 * null is unknown: age and sex -1, no class; an unknown patient is nobody else's; an unknown fold is drawn
 * from the patient, so that a patient's records stay together. A text patient's number is its key
 * (ecg/identifier.h). "id" is only for messages.
 */
#ifndef ECG_SUBJECTS_H
#define ECG_SUBJECTS_H

#include <jansson.h>
#include <stdint.h>

#include "common/error.h"
#include "ecg/label.h"

struct subjects;

/* statements may be NULL (the dataset has none); classes is an array of names. Both are only read here. */
struct subjects *subjects_open(const json_t *statements, const json_t *classes, struct error *e);
void subjects_close(struct subjects *s);

/* record: its key. 0, or -1 with e naming the record, the member and what was expected. */
int subjects_label(const struct subjects *s, struct label *l, uint64_t record, const json_t *subject,
		   struct error *e);

#endif
