/*
 * What a check of the store finds: a line each, counted by kind, and a sum.
 *
 *	struct findings f = {.out = stdout};
 *	findings_say(&f, FINDING_DAMAGED, "object %s: ...", id);
 *	findings_mend(&f, FINDING_DAMAGED, "fetched from the remote");
 *	size_t n_bad = findings_sum(&f);
 */
#ifndef STORE_FINDINGS_H
#define STORE_FINDINGS_H

#include <stddef.h>
#include <stdio.h>

enum finding {
	FINDING_DAMAGED,    /* its bytes are not what they were */
	FINDING_MISSING,    /* a run or a pin needs it, and it is not there */
	FINDING_UNREADABLE, /* this user may not look */
	FINDING_MODE,	    /* rights that will stop a colleague, or let one change what never changes */
	FINDING_LEFT,	    /* of a process that is gone, or nobody's: harmless */
	FINDINGS
};

struct findings {
	FILE *out;
	size_t n[FINDINGS], n_mended;
};

/* "damaged  object 3fa9...: ..." */
void findings_say(struct findings *f, enum finding kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What was said last is well again; how it came about, under it. */
void findings_mend(struct findings *f, enum finding kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Something to know or do about what was said last, under it. */
void findings_advise(struct findings *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Print what was found in all; returns how much of it is bad, left-overs not counted. */
size_t findings_sum(const struct findings *f);

#endif
