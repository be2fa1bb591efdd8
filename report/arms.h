/* What the arms are, not how they did. arms: as evaluate writes them (docs/report.md). */
#ifndef REPORT_ARMS_H
#define REPORT_ARMS_H

#include "report/text.h"

/* Of each arm what its file sets ("views.strategy=halves") and what its encoder sees and gives. */
void arms_definitions(struct text *t, const json_t *arms);
/* left_out: [{"name","stage","reason"}]; nothing without any. */
void arms_left_out(struct text *t, const json_t *left_out);

#endif
