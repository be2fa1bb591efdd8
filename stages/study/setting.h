/*
 * A setting of study.json as terminal and page show it. One that lacks cells others have is marked wherever
 * its numbers stand, for they are means over other cells.
 *
 *	setting_row(&t, s);             // <tr><td class=name>share 0.5</td>
 */
#ifndef STAGES_STUDY_SETTING_H
#define STAGES_STUDY_SETTING_H

#include <stdbool.h>

#include "report/text.h"

bool setting_is_complete(const json_t *setting);
/* Its label, "(3 of 4 cells)" behind it if it is incomplete; yours to free. */
char *setting_name(const json_t *setting);
/* The first cell of its row in a table, opened. */
void setting_row(struct text *t, const json_t *setting);
/* An estimate of it, NULL: it has none. group: "over", "class", "measures", or NULL. Borrowed. */
const json_t *setting_value(const json_t *setting, const char *group, const char *name);

#endif
