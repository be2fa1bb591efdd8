/* The report's numbers for other programs. arms, floors: as in report/tables.h; what is missing is
 * empty, or a dash. */
#ifndef REPORT_FILES_H
#define REPORT_FILES_H

#include "report/text.h"

/* arm,state,class,metric,value,low,high,error,scores */
void files_csv(struct text *t, const json_t *arms, const json_t *floors);
/* The poster's table in Markdown. classes: those with a column; NULL: none. */
void files_markdown(struct text *t, const json_t *arms, const json_t *floors, const json_t *classes);

#endif
