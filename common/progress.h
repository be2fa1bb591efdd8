/*
 * Progress of long work on stderr: on a terminal a bar with rate and ETA, redrawn at most ten times a second;
 * else a plain line every ten seconds and one at the end. Nothing if EINTHOVEN_QUIET is set.
 *
 *	struct progress p;
 *	progress_start(&p, "fetch", "records", n);
 *	for (...) progress_step(&p, 1);
 *	progress_end(&p);
 */
#ifndef COMMON_PROGRESS_H
#define COMMON_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what, *unit;
	uint64_t done, total;
	double started_s, shown_s;
	bool is_terminal;
	char note[96];
};

/* total 0: unknown (no bar, no ETA). what and unit are borrowed until progress_end. */
void progress_start(struct progress *p, const char *what, const char *unit, uint64_t total);
void progress_step(struct progress *p, uint64_t n);
void progress_at(struct progress *p, uint64_t done);
/* A few words shown after the numbers ("loss 3.21 / 5.54"); replaces the last note. */
void progress_note(struct progress *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line of its own that stays, above the bar. Nothing if EINTHOVEN_QUIET is set. */
void progress_line(struct progress *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void progress_end(struct progress *p);

#endif
