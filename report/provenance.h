/*
 * Where the numbers come from, drawn: date, commit, data, code and params. chain: as stages/report/chain.h
 * has it; dataset: {"name","citation","licence"}.
 */
#ifndef REPORT_PROVENANCE_H
#define REPORT_PROVENANCE_H

#include <stdbool.h>

#include "report/text.h"

/* The sentence that is on the page, in metrics.json and at the foot of both. */
extern const char provenance_disclaimer[];

/* {"name","citation","licence"} of a dataset that fetch calls so; texts of the user's own, where given ("":
 * not), stand for ours, and what nobody gave is "not given". New reference. */
json_t *provenance_dataset(const char *name, const char *title, const char *citation, const char *licence);
/* Whether anyone may see its records. */
bool provenance_is_public(const char *name);
/* The dataset's citation and licence, and that this is no medical device. */
void provenance_notice(struct text *t, const json_t *dataset);
/* One line, when it was made; nothing if that is not known. */
void provenance_date(struct text *t, const json_t *chain);
/* The facts in a table; code identities and params folded under it. */
void provenance_facts(struct text *t, const json_t *chain);

#endif
