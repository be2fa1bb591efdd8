/*
 * One HTTP(S) request after another over a kept connection, each ended within bounds: so many bytes of head
 * and body, so much time, so many tries. What fails for now (5xx, 429, a cut, a stall) is tried again, a body
 * continued where the server names it by the same validator. The one door to libcurl besides `download`; for
 * one thread at a time.
 *
 *	struct http *h = http_open(30);
 *	struct bytes body = {0};
 *	struct http_request get = {.verb = "GET", .url = url, .into = &body, .most_bytes = 1 << 24};
 *	int status = http_do(h, &get, &e);        // 200, 404, ...; -1: no answer worth having, e says why
 *	http_close(h);
 */
#ifndef REMOTE_HTTP_H
#define REMOTE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "store/bytes.h"

struct http;

struct http_request {
	const char *verb; /* GET, HEAD, PUT */
	const char *url;
	/* PUT: sent; borrowed */
	const void *body;
	size_t n_body;
	/* GET: what comes with status 200 or 206 is appended; more than so many bytes is an error */
	struct bytes *into;
	size_t most_bytes;
	/* Called before each try to add fields by http_field: a signature is of its minute. May be NULL. */
	void (*prepare)(struct http *h, void *context);
	void *context;
	const char *token;  /* sent as Authorization: Bearer; NULL: none, ~/.netrc is looked at */
	bool is_signed;	    /* prepare adds an Authorization of its own */
	bool is_redirected; /* redirects are followed */
};

/* timeout_s: to connect, and for how long less than 4 kB/s may come. */
struct http *http_open(int timeout_s);
void http_close(struct http *h);

/* The status of the answer; -1 and e where there was none that counts: no connection, cut or stalled too
 * often, 5xx or 429 to the last try (e has a cause), or a body too large (it has none). 4xx are answers. */
int http_do(struct http *h, const struct http_request *r, struct error *e);

/* A field "Name: value" of the request being prepared. */
void http_field(struct http *h, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The beginning of the last answer's body if its status was not 200 or 206, for a message: one line, only
 * printable ASCII. Borrowed until the next request. */
const char *http_page(const struct http *h);

/* Where the last answer would have led (Location), "" if nowhere. Borrowed likewise. */
const char *http_location(const struct http *h);

#endif
