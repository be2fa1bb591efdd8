/*
 * What this process is one of, for its messages: the text of EINTHOVEN_ARM, such as "arm 3 of 24: halves",
 * which pipeline.mk sets while it compares.
 *
 *	fprintf(stderr, "%s%s: cached\n", label_text(), stage);    // "arm 3 of 24: halves: pretrain: cached"
 */
#ifndef COMMON_LABEL_H
#define COMMON_LABEL_H

/* With ": " behind it, or "". Static. */
const char *label_text(void);

#endif
