/*
 * A web server as a remote: GET, HEAD and PUT of <URL>/cas/<digest> and <URL>/ac/<digest>. Any server that
 * keeps what is put will do (nginx with WebDAV: docs/sharing.md). bazel+http(s):// is a cache as Bazel uses,
 * which checks what it is given: content must hash to its name, so it goes as it is, and entries are wrapped
 * (remote/bazel.h).
 *
 * Who asks: a token (remote/credentials.h), only over https or to this machine, else ~/.netrc. The condition
 * If-None-Match makes the first entry stay where a server heeds it; where not, we look before we put, and two
 * writers of the same moment are told apart by whoever reads (store/action.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/die.h"
#include "remote/bazel.h"
#include "remote/credentials.h"
#include "remote/http.h"
#include "remote/transport_kinds.h"

#define WRAPPING 4096 /* bytes that a server may add to a wrapped entry */

struct web {
	struct transport transport;
	struct http *http;
	char *base; /* without a slash at its end */
	char *token;
	bool takes_conditions; /* as far as is known */
};

static bool is_web(const char *url)
{
	return !strncasecmp(url, "http://", 7) || !strncasecmp(url, "https://", 8);
}

static bool is_bazel(const char *url)
{
	return !strncasecmp(url, "bazel+", 6) && is_web(url + 6);
}

/* Letters that a URL of ours may have: no blanks, no query, no name of a user. */
static int check_url(const char *url, struct error *e)
{
	const char *host = strstr(url, "://") + 3;
	size_t n_host = strcspn(host, "/?#");
	if (memchr(host, '@', n_host))
		return error_set(e, NULL, 0,
				 "the remote's URL must not hold a user or password, which others would see: "
				 "put them into ~/.netrc");
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("?#\\\"<>^`{|}", *c))
			return error_set(e, NULL, 0, "the remote's URL must not hold '%c': %.200s",
					 *c > ' ' && *c <= '~' ? *c : ' ', url);
	return n_host ? 0 : error_set(e, NULL, 0, "the remote's URL has no host: %.200s", url);
}

static bool is_here(const char *url)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
	const char *host = strstr(url, "://") + 3;
	size_t n = *host == '[' ? strcspn(host, "]/") + 1 : strcspn(host, ":/");
	for (int i = 0; i < 3; i++)
		if (n == strlen(names[i]) && !strncasecmp(host, names[i], n))
			return true;
	return false;
}

static int find_token(struct web *w, struct error *e)
{
	if (credentials_token(&w->token, e) < 0)
		return -1;
	if (w->token && strncasecmp(w->base, "https:", 6) && !is_here(w->base))
		return error_set(e, NULL, 0,
				 "a token would go to %.200s for all to read: use https (or unset "
				 "EINTHOVEN_REMOTE_TOKEN and EINTHOVEN_REMOTE_TOKEN_FILE)",
				 w->base);
	return 0;
}

static void close_web(struct transport *t)
{
	struct web *w = (struct web *)t;
	http_close(w->http);
	credentials_forget(w->token);
	free(w->base);
	free(w);
}

static struct transport *open_kind(const struct transport_kind *kind, const char *url,
				   const struct transport_options *o, struct error *e)
{
	struct web *w = die_calloc(1, sizeof *w);
	w->transport.kind = kind;
	w->http = http_open(o->timeout_s);
	w->base = die_strdup(url);
	w->takes_conditions = true;
	for (size_t n = strlen(w->base); n && w->base[n - 1] == '/'; n--)
		w->base[n - 1] = '\0';
	if (check_url(url, e) == 0 && find_token(w, e) == 0)
		return &w->transport;
	close_web(&w->transport);
	return NULL;
}

static struct transport *open_web(const char *url, const struct transport_options *o, struct error *e)
{
	return open_kind(&transport_http, url, o, e);
}

static struct transport *open_bazel(const char *url, const struct transport_options *o, struct error *e)
{
	return open_kind(&transport_bazel, url + 6, o, e);
}

/* ---- asking ---- */

static const char *advice(int status)
{
	switch (status) {
	case 401:
		return ": it wants to know who asks (~/.netrc, EINTHOVEN_REMOTE_TOKEN_FILE)";
	case 403:
		return ": it does not allow that; use it read-only, or ask who runs it";
	case 405:
	case 501:
		return ": it takes no PUT (nginx: dav_methods PUT)";
	case 409:
		return ": it makes no folders (nginx: create_full_put_path on; else make cas and ac there)";
	case 413:
		return ": it takes no body so large (nginx: client_max_body_size 64m)";
	case 507:
		return ": it is full";
	default:
		return "";
	}
}

static int fail(const struct web *w, const struct http_request *r, int status, struct error *e)
{
	const char *to = http_location(w->http);
	if (*to)
		return error_set_cause(e, NULL, EIO,
				       "%s %s: the server says it has moved to %.200s: name that", r->verb,
				       r->url, to);
	return error_set_cause(e, NULL, EIO, "%s %s: the server answered %d%s", r->verb, r->url, status,
			       advice(status));
}

static int get_bytes(struct web *w, const char *path, size_t max, struct bytes *body, struct error *e)
{
	char *url = die_printf("%s/%s", w->base, path);
	struct http_request r = {.verb = "GET",
				 .url = url,
				 .into = body,
				 .most_bytes = max,
				 .token = w->token,
				 .is_redirected = true};
	int status = http_do(w->http, &r, e);
	int found = status == 200 || status == 206 ? 1 : status == 404 || status == 410 ? 0 : -1;
	if (status > 0 && found < 0)
		fail(w, &r, status, e);
	free(url);
	return found;
}

static int get(struct transport *t, const char *path, size_t max, struct bytes *body, struct error *e)
{
	struct web *w = (struct web *)t;
	if (t->kind != &transport_bazel || strncmp(path, "ac/", 3))
		return get_bytes(w, path, max, body, e);

	struct bytes message = {0};
	int found = get_bytes(w, path, max + WRAPPING, &message, e);
	if (found > 0 && bazel_unwrap(body, message.first, message.n, e) < 0)
		found = -1;
	free(message.first);
	return found;
}

static int head(struct transport *t, const char *path, struct error *e)
{
	struct web *w = (struct web *)t;
	char *url = die_printf("%s/%s", w->base, path);
	struct http_request r = {.verb = "HEAD", .url = url, .token = w->token, .is_redirected = true};
	int status = http_do(w->http, &r, e);
	int found = status >= 200 && status < 300 ? 1 : status == 404 || status == 410 ? 0 : -1;
	if (status > 0 && found < 0)
		fail(w, &r, status, e);
	free(url);
	return found;
}

/* ---- putting ---- */

static void only_if_absent(struct http *h, void *context)
{
	const struct web *w = context;
	if (w->takes_conditions)
		http_field(h, "If-None-Match: *");
}

static int put_bytes(struct web *w, const char *path, const void *bytes, size_t n, bool is_replacing,
		     struct error *e)
{
	char *url = die_printf("%s/%s", w->base, path);
	struct http_request r = {.verb = "PUT",
				 .url = url,
				 .body = bytes,
				 .n_body = n,
				 .prepare = is_replacing ? NULL : only_if_absent,
				 .context = w,
				 .token = w->token};
	int status = http_do(w->http, &r, e);
	if (r.prepare && w->takes_conditions &&
	    (status == 400 || status == 501)) { /* it knows no such condition */
		w->takes_conditions = false;
		status = http_do(w->http, &r, e);
	}

	int done = status >= 200 && status < 300 ? 1 : status == 412 ? 0 : -1;
	if (status > 0 && done < 0)
		fail(w, &r, status, e);
	free(url);
	return done;
}

static int put(struct transport *t, const char *path, const void *bytes, size_t n, bool is_replacing,
	       struct error *e)
{
	struct web *w = (struct web *)t;
	if (strncmp(path, "ac/", 3))
		return put_bytes(w, path, bytes, n, is_replacing, e);

	int there = is_replacing ? 0 : head(t, path, e);
	if (there)
		return there < 0 ? -1 : 0;
	if (t->kind != &transport_bazel)
		return put_bytes(w, path, bytes, n, is_replacing, e);
	struct bytes message = {0};
	bazel_wrap(&message, bytes, n);
	int done = put_bytes(w, path, message.first, message.n, is_replacing, e);
	free(message.first);
	return done;
}

const struct transport_kind transport_http = {
	.name = "http",
	.takes = "http(s)://HOST/PATH",
	.accepts = is_web,
	.open = open_web,
	.get = get,
	.head = head,
	.put = put,
	.close = close_web,
};

const struct transport_kind transport_bazel = {
	.name = "bazel",
	.wants_plain = true,
	.takes = "bazel+http(s)://HOST/PATH",
	.accepts = is_bazel,
	.open = open_bazel,
	.get = get,
	.head = head,
	.put = put,
	.close = close_web,
};
