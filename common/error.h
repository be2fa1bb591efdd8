/*
 * What went wrong with bytes from outside: the file (or record), the line, and one sentence that says what
 * was expected, what was found and what to do. Code that reads outside bytes (wfdb, csv, yaml, json,
 * archives) fills one and returns -1; it never exits, so it can be fuzzed.
 *
 *	struct error e = {0};
 *	if (csv_next(r, &row, &e) < 0)
 *		die("%s", error_text(&e));        // "labels.csv:12: expected 28 columns, found 27"
 */
#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

struct error {
	char text[512];
	int cause; /* errno, if the environment failed: then nothing is known of the bytes; 0: it did not */
};

/* Fill e with "file:line: message" (line 0: "file: message"; file NULL: "message"). Returns -1, so that a
 * parser can `return error_set(...)`. e may be NULL. A second call keeps the first text: the first cause is
 * the one to report. */
int error_set(struct error *e, const char *file, long line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same for an environment that failed, why being its errno. */
int error_set_cause(struct error *e, const char *file, int why, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* What helps against such a cause: "raise the limit of open files ('ulimit -n')". */
const char *error_remedy(int cause);

/* The text, or "unknown error" if none was set. Borrowed from e. */
const char *error_text(const struct error *e);

#endif
