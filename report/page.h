/*
 * The page around the figures: one HTML file without network, right in light and dark, on
 * a phone and on paper.
 *
 *	page_begin(&t, "Comparison");
 *	page_section(&t, "loss", "Loss while training");
 *	...
 *	page_end(&t);
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "report/text.h"

void page_begin(struct text *t, const char *title);
void page_section(struct text *t, const char *anchor, const char *title);
void page_heading(struct text *t, const char *title); /* within a section */
/* What is folded until asked for; on paper it is open. */
void page_details(struct text *t, const char *title);
/* The same for what is so broad that paper is turned for it. */
void page_details_broad(struct text *t, const char *title);
void page_details_end(struct text *t);
/* The start of an artifact's id, the whole of it under the pointer; nothing for NULL. */
void page_id(struct text *t, const char *id);
/* <p> with one sentence, escaped; nothing for NULL. */
void page_say(struct text *t, const char *words);
/* Figures side by side, as many as fit. Each is <figure> with its caption. */
void page_grid(struct text *t);
/* The same for figures that need room (two or three abreast), and for those that need little. */
void page_grid_wide(struct text *t);
void page_grid_small(struct text *t);
void page_grid_broad(struct text *t); /* two abreast */
void page_figure(struct text *t, const char *caption,
		 const char *id); /* id: of the artifact it shows; NULL: none */
void page_figure_end(struct text *t);
void page_grid_end(struct text *t);
/* Names beside the colours s0, s1, ... (report/svg.h) */
void page_legend(struct text *t, const json_t *names);
void page_end(struct text *t);

#endif
