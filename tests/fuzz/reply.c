/* The head of an HTTP reply: whatever the lines, what is kept of them fits, can be sent back as one line, and
 * a body that is taken for the rest of a file lies where that rest does. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "remote/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check(const struct reply *r)
{
	const char *validator = reply_validator(r);
	if (strlen(validator) >= REPLY_VALUE || strpbrk(validator, "\r\n"))
		abort();
	if (r->retry_after_s < 0 || r->retry_after_s > REPLY_LONGEST_S || r->n_bytes > REPLY_MOST_BYTES)
		abort();
	if (reply_is_rest(r, "\"a\"", 5, -1) &&
	    (r->range_first != 5 || r->range_last < 5 || r->range_total <= r->range_last ||
	     strcmp(validator, "\"a\"")))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct reply r = {0};
	const char *at = (const char *)bytes, *end = at + n_bytes;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = newline ? (size_t)(newline - at) + 1 : (size_t)(end - at);
		char *line = malloc(n); /* its own, so that a read behind it is seen */
		if (!line)
			abort();
		memcpy(line, at, n);
		int status = reply_line(&r, line, n);
		free(line);
		check(&r);
		if (status < 0)
			break;
		at += n;
	}
	return 0;
}
