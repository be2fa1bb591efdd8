#include "remote/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/die.h"
#include "common/file.h"
#include "remote/reply.h"

#define TRIES	       5
#define MOST_WAIT_S    20
#define MOST_CONNECT_S 10
#define SLOWEST	       4096	   /* bytes a second; what is slower for the time-out is cut */
#define PAGE_BYTES     1024	   /* kept of an error page */
#define MOST_PAGE      (1 << 20)   /* read of it */
#define BUFFER	       (512 << 10) /* between the socket and curl; of a large body */
#define SENT_AT_ONCE   (128 << 10) /* the other way: it is copied there, so let it stay near */

struct http {
	CURL *curl;
	struct curl_slist *fields; /* of the request being prepared */
	int timeout_s;
	bool has_netrc; /* curl would look for it before each request */
	bool has_answered;
	/* of the current try */
	const struct http_request *request;
	struct reply reply;
	long status;
	size_t began_at, page_read;  /* bytes in `into` before this try; of a body that is not kept */
	char validator[REPLY_VALUE]; /* of what an earlier try has brought */
	int64_t total;		     /* and its whole length, -1: not known */
	bool is_body_ours, is_final, is_too_large;
	size_t n_page;
	char page[PAGE_BYTES + 1], location[512], problem[256];
};

static bool find_netrc(void)
{
	const char *home = getenv("HOME");
	char *path = die_printf("%s/.netrc", home ? home : "");
	bool is_there = !home || !*home || file_exists(path); /* without HOME curl asks who we are */
	free(path);
	return is_there;
}

struct http *http_open(int timeout_s)
{
	struct http *h = die_calloc(1, sizeof *h);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	h->curl = curl_easy_init();
	if (!h->curl)
		die("libcurl: out of memory");
	h->timeout_s = timeout_s;
	h->has_netrc = find_netrc();
	return h;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	free(h);
}

void http_field(struct http *h, const char *format, ...)
{
	char *line;
	va_list args;
	va_start(args, format);
	int n = vasprintf(&line, format, args);
	va_end(args);
	struct curl_slist *longer = n < 0 ? NULL : curl_slist_append(h->fields, line);
	if (!longer)
		die("out of memory");
	h->fields = longer;
	free(line);
}

const char *http_page(const struct http *h)
{
	return h->page;
}

const char *http_location(const struct http *h)
{
	return h->location;
}

/* ---- what comes ---- */

static int refuse(struct http *h, bool is_final, const char *why)
{
	snprintf(h->problem, sizeof h->problem, "%s", why);
	h->is_final = is_final;
	return -1;
}

static size_t on_header(char *line, size_t size, size_t n, void *context)
{
	struct http *h = context;
	if (reply_line(&h->reply, line, size * n) < 0) {
		refuse(h, true, "the server sends headers without end");
		return 0;
	}
	return size * n;
}

/* Room for a body at once, if its length is said and allowed: growing would hold two copies. */
static void reserve(struct bytes *b, int64_t n)
{
	if (n <= 0 || b->room - b->n >= (size_t)n)
		return;
	b->room = b->n + (size_t)n;
	b->first = die_realloc(b->first, b->room);
}

static int refuse_size(struct http *h)
{
	snprintf(h->problem, sizeof h->problem, "it is larger than the %zu bytes that can be right",
		 h->request->most_bytes);
	h->is_final = h->is_too_large = true;
	return -1;
}

/* Before the first byte: is this body wanted, and what it should be? */
static int begin_body(struct http *h)
{
	const struct http_request *r = h->request;
	size_t have = r->into ? r->into->n - h->began_at : 0;
	curl_off_t length = -1;
	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &h->status);
	curl_easy_getinfo(h->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (!r->into || (h->status != 200 && h->status != 206))
		return 0;

	if (h->reply.is_torn)
		return refuse(h, true, "the server gives two lengths");
	if (h->status == 206) {
		if (have == 0 || !reply_is_rest(&h->reply, h->validator, (int64_t)have, h->total)) {
			r->into->n = h->began_at;
			h->validator[0] = '\0';
			return refuse(h, false, "the server sent another range than asked for");
		}
		h->total = h->reply.range_total;
	} else {
		r->into->n = h->began_at;
		strcpy(h->validator, reply_validator(&h->reply));
		h->total = length;
	}

	if (h->total > (int64_t)r->most_bytes)
		return refuse_size(h);
	reserve(r->into, h->total - (int64_t)(r->into->n - h->began_at));
	h->is_body_ours = true;
	return 0;
}

/* Enough of an error page for a message. */
static size_t keep_page(struct http *h, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n && h->n_page < PAGE_BYTES; i++)
		h->page[h->n_page++] = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : ' ';
	h->page[h->n_page] = '\0';
	h->page_read += n;
	return h->page_read <= MOST_PAGE ? n : 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
	struct http *h = context;
	n *= size;
	if (!h->is_body_ours && begin_body(h) < 0)
		return 0;
	if (!h->is_body_ours)
		return keep_page(h, bytes, n);

	size_t have = h->request->into->n - h->began_at;
	if (n > h->request->most_bytes - have) {
		refuse_size(h);
		return 0;
	}
	if (h->total >= 0 && have + n > (size_t)h->total) {
		refuse(h, true, "more came than the server had announced");
		return 0;
	}
	bytes_add(h->request->into, bytes, n);
	return n;
}

/* The bodies that redirects may have are curl's own business; but they too must end. */
static int on_progress(void *context, curl_off_t n_all, curl_off_t n, curl_off_t n_sent_all,
		       curl_off_t n_sent)
{
	struct http *h = context;
	(void)n_all, (void)n_sent_all, (void)n_sent;
	if (n <= (curl_off_t)h->request->most_bytes + MOST_PAGE)
		return 0;
	return refuse(h, true, "more comes than can be right");
}

/* ---- one try ---- */

static void set_limits(struct http *h)
{
	const struct http_request *r = h->request;
	bool is_safe = !strncasecmp(r->url, "https:", 6);
	size_t most = r->into ? r->most_bytes : r->n_body;
	curl_easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(h->curl, CURLOPT_REDIR_PROTOCOLS_STR, is_safe ? "https" : "http,https");
	curl_easy_setopt(h->curl, CURLOPT_FOLLOWLOCATION, r->is_redirected ? 1L : 0L);
	curl_easy_setopt(h->curl, CURLOPT_MAXREDIRS, 5L);
	curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT,
			 (long)(h->timeout_s < MOST_CONNECT_S ? h->timeout_s : MOST_CONNECT_S));
	curl_easy_setopt(h->curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST);
	curl_easy_setopt(h->curl, CURLOPT_LOW_SPEED_TIME, (long)h->timeout_s);
	curl_easy_setopt(h->curl, CURLOPT_TIMEOUT, 4L * h->timeout_s + (long)(most / SLOWEST));
}

static void set_body(struct http *h)
{
	const struct http_request *r = h->request;
	if (!strcmp(r->verb, "HEAD")) {
		curl_easy_setopt(h->curl, CURLOPT_NOBODY, 1L);
	} else if (!strcmp(r->verb, "PUT")) {
		curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->n_body);
		curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, r->n_body ? r->body : "");
		curl_easy_setopt(h->curl, CURLOPT_CUSTOMREQUEST, "PUT");
		http_field(h, "Content-Type: application/octet-stream");
		http_field(h, "Expect:"); /* not a round trip more for each body */
	}
}

/* The rest of what an earlier try has brought, if the server gave that a name. */
static void ask_for_rest(struct http *h)
{
	const struct http_request *r = h->request;
	char range[32];
	size_t have = r->into ? r->into->n - h->began_at : 0;
	if (have && !h->validator[0]) {
		r->into->n = h->began_at;
	} else if (have) {
		snprintf(range, sizeof range, "%zu-", have);
		curl_easy_setopt(h->curl, CURLOPT_RANGE, range);
		http_field(h, "If-Range: %s", h->validator);
	}
}

static void set_login(struct http *h)
{
	const char *token = h->request->token, *authorities = getenv("CURL_CA_BUNDLE");
	if (token) {
		curl_easy_setopt(h->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		curl_easy_setopt(h->curl, CURLOPT_XOAUTH2_BEARER, token);
	} else if (!h->request->is_signed && h->has_netrc) {
		curl_easy_setopt(h->curl, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
	}
	if (authorities && *authorities)
		curl_easy_setopt(h->curl, CURLOPT_CAINFO, authorities);
}

static CURLcode perform(struct http *h)
{
	curl_easy_reset(h->curl); /* keeps the connection */
	curl_easy_setopt(h->curl, CURLOPT_URL, h->request->url);
	curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h->curl, CURLOPT_USERAGENT, "einthoven");
	if (h->request->into) /* else curl's own size will do: there are two requests to a piece */
		curl_easy_setopt(h->curl, CURLOPT_BUFFERSIZE, (long)BUFFER);
	curl_easy_setopt(h->curl, CURLOPT_UPLOAD_BUFFERSIZE, (long)SENT_AT_ONCE);
	curl_easy_setopt(h->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(h->curl, CURLOPT_HEADERDATA, h);
	curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(h->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(h->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(h->curl, CURLOPT_XFERINFODATA, h);
	set_limits(h);
	set_login(h);
	set_body(h);
	ask_for_rest(h);
	if (h->request->prepare)
		h->request->prepare(h, h->request->context);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, h->fields);

	h->reply = (struct reply){0};
	h->is_body_ours = h->is_final = h->is_too_large = false;
	h->status = 0;
	h->n_page = h->page_read = 0;
	h->page[0] = h->location[0] = h->problem[0] = '\0';
	CURLcode code = curl_easy_perform(h->curl);
	curl_slist_free_all(h->fields);
	h->fields = NULL;
	return code;
}

static void tell(struct http *h, CURLcode code)
{
	double connect_s = 0;
	curl_easy_getinfo(h->curl, CURLINFO_CONNECT_TIME, &connect_s);
	if (h->problem[0])
		return;
	if (code == CURLE_OPERATION_TIMEDOUT && connect_s > 0)
		snprintf(h->problem, sizeof h->problem, "less than %d bytes/s came for %d s", SLOWEST,
			 h->timeout_s);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		refuse(h, true, "no connection");
	else if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING)
		refuse(h, false, "the connection was cut");
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		refuse(h, true,
		       "its certificate is of no authority that is known here, or of another host "
		       "(CURL_CA_BUNDLE names a file with authorities of your own)");
	else if (code == CURLE_UNSUPPORTED_PROTOCOL)
		refuse(h, true, "it redirects to what is neither http nor https (and after https only that)");
	else
		refuse(h, false, curl_easy_strerror(code));
}

static bool is_hopeless(const struct http *h, CURLcode code)
{
	bool is_unreachable = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
			      code == CURLE_COULDNT_RESOLVE_PROXY;
	return h->is_final || (is_unreachable && !h->has_answered) || code == CURLE_UNSUPPORTED_PROTOCOL ||
	       code == CURLE_URL_MALFORMAT || code == CURLE_TOO_MANY_REDIRECTS ||
	       code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
	       code == CURLE_LOGIN_DENIED;
}

/* One try: 1 answered, 0 worth another, -1 not. */
static int attempt(struct http *h)
{
	char *location = NULL;
	CURLcode code = perform(h);
	if (code == CURLE_OK && !h->is_body_ours && begin_body(h) < 0) /* an empty body */
		return h->is_final ? -1 : 0;
	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &h->status);
	bool is_page = code == CURLE_OK || h->page_read > MOST_PAGE;
	if (h->status)
		h->has_answered = true;
	if (is_page && curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &location) == CURLE_OK && location)
		snprintf(h->location, sizeof h->location, "%s", location);
	if (!is_page) {
		tell(h, code);
		return is_hopeless(h, code) ? -1 : 0;
	}
	if (h->status == 416 && h->request->into && h->request->into->n > h->began_at) {
		h->request->into->n = h->began_at; /* not what we have a part of */
		refuse(h, false, "the server has not so much of it as has come");
		return 0;
	}
	if (h->status < 500 && h->status != 429 && h->status != 408 && h->status != 425)
		return 1;
	snprintf(h->problem, sizeof h->problem, "the server answered %ld", h->status);
	return h->status == 501 || h->status == 505 ? 1 : 0; /* it cannot do that, now or later */
}

/* ---- the whole ---- */

static void sleep_s(double s)
{
	struct timespec t = {.tv_sec = (time_t)s, .tv_nsec = (long)(1e9 * (s - (double)(time_t)s))};
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* Longer each time, not all clients at once, and as long as the server asks for. */
static double pause_before(const struct http *h, int n_tried)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	double spread = 0.5 + (double)(t.tv_nsec % 1000000) / 1e6;
	double s = 0.2 * (double)(1 << n_tried) * spread;
	if (s < (double)h->reply.retry_after_s)
		s = (double)h->reply.retry_after_s;
	return s < MOST_WAIT_S ? s : MOST_WAIT_S;
}

int http_do(struct http *h, const struct http_request *r, struct error *e)
{
	h->request = r;
	h->began_at = r->into ? r->into->n : 0;
	h->validator[0] = '\0';
	h->total = -1;

	for (int n = 0;; n++) {
		int came = attempt(h);
		if (came > 0)
			return (int)h->status;
		if (came == 0 && n + 1 < TRIES) {
			sleep_s(pause_before(h, n));
			continue;
		}
		if (r->into)
			r->into->n = h->began_at;
		error_set_cause(e, NULL, h->is_too_large ? 0 : EIO, "%s %s: %s%s%s", r->verb, r->url,
				h->problem, h->n_page ? ": " : "", h->n_page ? h->page : "");
		return -1;
	}
}
