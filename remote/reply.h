/*
 * What the head of an HTTP reply says, of the little we go by: which representation came (its validator), how
 * much of it, and when to ask again. The lines come from whoever answers: they are bounded, numbers are read
 * strictly, and what contradicts itself counts as not said.
 *
 *	struct reply r = {0};
 *	reply_line(&r, line, n)            // each line as it comes; -1: more than any honest server sends
 *	if (reply_is_rest(&r, validator, have, total)) ...   // may this body be put behind what we have?
 */
#ifndef REMOTE_REPLY_H
#define REMOTE_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_VALUE	 256	/* bytes of a validator, its NUL among them; a longer one is none */
#define REPLY_MOST_BYTES 131072 /* of all head lines of one request, redirects and trailers among them */
#define REPLY_LONGEST_S	 3600	/* a server may ask to be left alone so long at most */

struct reply {
	/* Of the last reply in a row of redirects; empty or -1: it did not say, or not in words we know. */
	char etag[REPLY_VALUE];	    /* a strong one: a weak one does not say that the bytes are equal */
	char modified[REPLY_VALUE]; /* as it came */
	bool is_dated;		    /* modified is so long before Date that it tells two versions apart */
	int64_t length;		    /* Content-Length */
	int64_t range_first, range_last, range_total; /* Content-Range */
	long retry_after_s;			      /* 0: not asked for */
	bool is_unclear, is_torn;		      /* gave a validator, or a length, in two ways */
	/* of the whole request */
	size_t n_bytes;
	int64_t date_s, modified_s; /* while the lines come; 0: none */
};

/* One line of a head, its line end still on or not. 0, or -1 once they are too many bytes. */
int reply_line(struct reply *r, const char *line, size_t n);

/* The text to send as If-Range, and to know a later reply by; "" if nothing tells this representation from
 * its next version. Borrowed from r. */
const char *reply_validator(const struct reply *r);

/* Whether the body of this reply (status 206) continues what has come: it begins at byte `have`, is of so
 * many bytes altogether (total -1: that was not known), and of the representation that validator names. */
bool reply_is_rest(const struct reply *r, const char *validator, int64_t have, int64_t total);

#endif
