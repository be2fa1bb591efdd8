/*
 * The page's style sheet: colours for light and dark (series s0..s7 apart for the colour-blind too: Okabe and
 * Ito 2008), layout for wide screens, phones and paper.
 */
#ifndef REPORT_STYLE_H
#define REPORT_STYLE_H

extern const char style_text[];

#endif
