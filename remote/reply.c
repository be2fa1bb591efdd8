#include "remote/reply.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#define SURE_S 60 /* RFC 9110, 8.8.2.2: a date this much older than the reply is a strong validator */

/* A decimal number and nothing else; -1 if it is not, or has more digits than any size. */
static int64_t number(const char *text, size_t n)
{
	int64_t x = 0;
	if (n == 0 || n > 18)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		x = 10 * x + (text[i] - '0');
	}
	return x;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" in seconds, 0 if it is not that. */
static int64_t date(const char *text)
{
	struct tm t = {0};
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &t);
	time_t s = end && !*end ? timegm(&t) : 0;
	return s > 0 ? s : 0;
}

static void forget_representation(struct reply *r)
{
	size_t n_bytes = r->n_bytes;
	*r = (struct reply){
		.n_bytes = n_bytes, .length = -1, .range_first = -1, .range_last = -1, .range_total = -1};
}

/* "bytes 5-9/10"; a total of "*" is none that we could check. */
static void read_range(struct reply *r, const char *value)
{
	const char *first = value + 6, *dash, *slash;
	if (strncasecmp(value, "bytes ", 6) || !(dash = strchr(first, '-')) || !(slash = strchr(dash, '/')))
		return;

	int64_t from = number(first, (size_t)(dash - first));
	int64_t to = number(dash + 1, (size_t)(slash - dash - 1));
	int64_t total = number(slash + 1, strlen(slash + 1));
	if (from < 0 || to < from || total <= to)
		return;
	r->range_first = from;
	r->range_last = to;
	r->range_total = total;
}

/* Whether it can be sent back as it came. */
static bool is_printable(const char *value)
{
	for (; *value; value++)
		if ((unsigned char)*value < ' ' || *value == 127)
			return false;
	return true;
}

/* Keep a field that may come once. */
static void keep(struct reply *r, char kept[REPLY_VALUE], const char *value)
{
	if ((kept[0] && strcmp(kept, value)) || !is_printable(value))
		r->is_unclear = true;
	strcpy(kept, value);
}

static void read_field(struct reply *r, const char *name, size_t n_name, const char *value)
{
	size_t n = strlen(value);

	if (n_name == 4 && !strncasecmp(name, "ETag", 4)) {
		if (n >= 2 && value[0] == '"' && value[n - 1] == '"')
			keep(r, r->etag, value);
		else
			r->is_unclear |= r->etag[0] != '\0';
	} else if (n_name == 4 && !strncasecmp(name, "Date", 4)) {
		r->date_s = date(value);
	} else if (n_name == 13 && !strncasecmp(name, "Last-Modified", 13)) {
		keep(r, r->modified, value);
		r->modified_s = date(value);
	} else if (n_name == 14 && !strncasecmp(name, "Content-Length", 14)) {
		int64_t length = number(value, n);
		r->is_torn |= r->length >= 0 && r->length != length;
		r->length = length;
	} else if (n_name == 11 && !strncasecmp(name, "Retry-After", 11)) {
		int64_t s = number(value, n);
		r->retry_after_s = s < 0 ? 0 : s < REPLY_LONGEST_S ? (long)s : REPLY_LONGEST_S;
	} else if (n_name == 13 && !strncasecmp(name, "Content-Range", 13)) {
		r->is_torn |= r->range_first >= 0;
		read_range(r, value);
	}

	r->is_dated = r->modified_s && r->date_s >= r->modified_s + SURE_S;
}

int reply_line(struct reply *r, const char *line, size_t n)
{
	char value[REPLY_VALUE] = "";
	if (n > REPLY_MOST_BYTES - r->n_bytes) {
		r->n_bytes = REPLY_MOST_BYTES;
		return -1;
	}
	r->n_bytes += n;
	if (n >= 5 && !strncasecmp(line, "HTTP/", 5)) {
		forget_representation(r);
		return 0;
	}

	const char *colon = memchr(line, ':', n);
	if (!colon)
		return 0;
	const char *from = colon + 1, *end = line + n;
	while (from < end && strchr(" \t", *from) && *from)
		from++;
	while (end > from && strchr(" \t\r\n", end[-1]) && end[-1])
		end--;

	/* too long, or with a NUL in it: the field was there, and says nothing */
	if ((size_t)(end - from) < sizeof value && !memchr(from, '\0', (size_t)(end - from)))
		memcpy(value, from, (size_t)(end - from));
	read_field(r, line, (size_t)(colon - line), value);

	return 0;
}

const char *reply_validator(const struct reply *r)
{
	if (r->is_unclear)
		return "";
	return r->etag[0] ? r->etag : r->is_dated ? r->modified : "";
}

bool reply_is_rest(const struct reply *r, const char *validator, int64_t have, int64_t total)
{
	if (r->is_unclear || r->is_torn || !validator[0] || r->range_first != have ||
	    (total >= 0 && r->range_total != total))
		return false;
	if (r->length >= 0 && r->length != r->range_last - r->range_first + 1)
		return false;

	/* An ETag must come with a 206 (RFC 9110, 15.3.7); a date, once sent as If-Range, may be left out. */
	if (validator[0] == '"')
		return !strcmp(r->etag, validator);
	return !r->modified[0] || !strcmp(r->modified, validator);
}
