/*
 * S3 as a remote, of Amazon or of anything that speaks its language: <prefix>/cas/<digest> and
 * <prefix>/ac/<digest> in a bucket, in the path style. s3://bucket/prefix is at $AWS_ENDPOINT_URL_S3 or
 * $AWS_ENDPOINT_URL, else at Amazon in the region; s3+http(s)://host:port/bucket/prefix says where itself.
 * Each request is signed over its body too (remote/sigv4.h), so the server refuses one that broke on its way;
 * keys are found where all programs for S3 find them (remote/credentials.h). No listing, no deleting.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/die.h"
#include "remote/compression.h"
#include "remote/credentials.h"
#include "remote/http.h"
#include "remote/sigv4.h"
#include "remote/transport_kinds.h"
#include "store/digest.h"

struct s3 {
	struct transport transport;
	struct http *http;
	struct credentials credentials;
	char *endpoint; /* scheme and host, without a slash at its end */
	char *root;	/* path of bucket and prefix, likewise; begins with a slash */
	bool takes_conditions;
};

/* One request, as its signature must know it. */
struct signing {
	const struct s3 *s3;
	const char *verb, *path;
	bool is_first; /* put only where there is nothing yet */
	char payload_hash[DIGEST_HEX];
};

static bool accepts(const char *url)
{
	return !strncasecmp(url, "s3://", 5) || !strncasecmp(url, "s3+http://", 10) ||
	       !strncasecmp(url, "s3+https://", 11);
}

/* ---- where it is ---- */

/* What stands in a signed path as it is: nothing in it needs escaping, which servers do in their own ways. */
static int check_letters(const char *url, const char *path, struct error *e)
{
	static const char more[] = "-._~/";
	for (const char *c = path; *c; c++)
		if (!strchr(more, *c) && !(*c >= '0' && *c <= '9') && !(*c >= 'a' && *c <= 'z') &&
		    !(*c >= 'A' && *c <= 'Z'))
			return error_set(
				e, NULL, 0,
				"a bucket and prefix may have letters, digits and -._~/ only: %.200s", url);
	if (path[0] != '/' || strchr("/", path[1]) || strstr(path, "//") || strstr(path, "/.."))
		return error_set(e, NULL, 0, "expected s3://bucket/prefix, got %.200s", url);
	return 0;
}

static const char *endpoint_of(void)
{
	const char *special = getenv("AWS_ENDPOINT_URL_S3"), *general = getenv("AWS_ENDPOINT_URL");
	return special && *special ? special : general && *general ? general : NULL;
}

static int check_endpoint(const char *endpoint, struct error *e)
{
	const char *host = strstr(endpoint, "://");
	if ((strncasecmp(endpoint, "http://", 7) && strncasecmp(endpoint, "https://", 8)) || !host[3] ||
	    strpbrk(host + 3, "/@?#\\ \t\r\n"))
		return error_set(e, NULL, 0, "expected http(s)://HOST:PORT as endpoint of S3, got %.200s",
				 endpoint);
	return 0;
}

static void drop_slashes(char *text)
{
	for (size_t n = strlen(text); n > 1 && text[n - 1] == '/'; n--)
		text[n - 1] = '\0';
}

/* s3+http://host/bucket/prefix: what stands before the first slash behind the host, and from it. */
static void split(struct s3 *s, const char *url)
{
	const char *host = strstr(url, "://") + 3, *slash = host + strcspn(host, "/");
	s->endpoint = die_printf("%.*s", (int)(slash - url), url);
	s->root = die_strdup(slash);
}

static int find_place(struct s3 *s, const char *url, struct error *e)
{
	const char *endpoint = endpoint_of();
	if (!strncasecmp(url, "s3+", 3)) {
		split(s, url + 3);
	} else {
		s->endpoint = endpoint ? die_strdup(endpoint)
				       : die_printf("https://s3.%s.amazonaws.com", s->credentials.region);
		s->root = die_printf("/%s", url + 5);
	}
	drop_slashes(s->endpoint);
	drop_slashes(s->root);
	return check_endpoint(s->endpoint, e) < 0 ? -1 : check_letters(url, s->root, e);
}

static void close_s3(struct transport *t)
{
	struct s3 *s = (struct s3 *)t;
	http_close(s->http);
	credentials_release(&s->credentials);
	free(s->endpoint);
	free(s->root);
	free(s);
}

static struct transport *open_s3(const char *url, const struct transport_options *o, struct error *e)
{
	struct s3 *s = die_calloc(1, sizeof *s);
	s->transport.kind = &transport_s3;
	s->http = http_open(o->timeout_s);
	s->takes_conditions = true;
	if (credentials_find(&s->credentials, e) == 0 && find_place(s, url, e) == 0)
		return &s->transport;
	close_s3(&s->transport);
	return NULL;
}

/* ---- asking ---- */

/* The fields that say who asks, in the order of their names. */
static void sign(struct http *h, void *context)
{
	const struct signing *g = context;
	const struct credentials *c = &g->s3->credentials;
	const char *host = strstr(g->s3->endpoint, "://") + 3;
	bool is_conditional = g->is_first && g->s3->takes_conditions;
	char now[SIGV4_TIME];
	sigv4_now(now);

	struct sigv4_field fields[5];
	size_t n = 0;
	fields[n++] = (struct sigv4_field){"host", host};
	if (is_conditional)
		fields[n++] = (struct sigv4_field){"if-none-match", "*"};
	fields[n++] = (struct sigv4_field){"x-amz-content-sha256", g->payload_hash};
	fields[n++] = (struct sigv4_field){"x-amz-date", now};
	if (c->session)
		fields[n++] = (struct sigv4_field){"x-amz-security-token", c->session};
	for (size_t i = 0; i < n; i++)
		http_field(h, "%s: %s", fields[i].name, fields[i].value);

	char *authorization = sigv4_authorization(&(struct sigv4_request){.verb = g->verb,
									  .path = g->path,
									  .query = "",
									  .fields = fields,
									  .n_fields = n,
									  .payload_hash = g->payload_hash,
									  .time = now,
									  .region = c->region,
									  .service = "s3",
									  .key_id = c->key_id,
									  .secret = c->secret});
	http_field(h, "Authorization: %s", authorization);
	free(authorization);
}

/* A short text between two tags of an error page. */
static int tagged(const char *page, const char *tag, const char **text)
{
	*text = strstr(page, tag);
	if (!*text)
		return 0;
	*text += strlen(tag);
	return (int)strcspn(*text, "<");
}

static int fail(const struct s3 *s, const struct http_request *r, int status, struct error *e)
{
	const char *page = http_page(s->http), *code, *message;
	int n_code = tagged(page, "<Code>", &code), n_message = tagged(page, "<Message>", &message);
	const char *advice = status == 403 && strcmp(r->verb, "PUT")
				     ? "; (without s3:ListBucket S3 says this also of what is not there)"
			     : status == 404 ? "; is the bucket there?"
					     : "";
	return error_set_cause(e, NULL, EIO, "%s %s: S3 answered %d%s%.*s%s%.*s%s", r->verb, r->url, status,
			       n_code ? " " : "", n_code, n_code ? code : "", n_message ? ": " : "",
			       n_message < 200 ? n_message : 200, n_message ? message : "", advice);
}

/* Content that goes as it is hashes to its name (remote/compression.h): it was hashed already. */
static void hash_body(char hex[DIGEST_HEX], const struct http_request *r, const char *name)
{
	bool is_named = r->n_body && !strncmp(name, "cas/", 4) && !compression_is_frame(r->body, r->n_body);
	if (is_named) {
		memcpy(hex, name + 4, DIGEST_HEX);
		return;
	}
	struct digest body = digest_of(r->n_body ? r->body : "", r->n_body);
	digest_hex(hex, &body);
}

/* One signed request; its status, or -1. is_first: only if nothing has that name. */
static int ask(struct s3 *s, struct http_request *r, const char *name, bool is_first, struct error *e)
{
	char *path = die_printf("%s/%s", s->root, name), *url = die_printf("%s%s", s->endpoint, path);
	struct signing g = {.s3 = s, .verb = r->verb, .path = path, .is_first = is_first};
	hash_body(g.payload_hash, r, name);

	r->url = url;
	r->prepare = sign;
	r->context = &g;
	r->is_signed = true;
	int status = http_do(s->http, r, e);
	if (is_first && s->takes_conditions && status == 501) { /* it knows no conditions */
		s->takes_conditions = false;
		status = http_do(s->http, r, e);
	}
	bool is_nowhere = status == 404 && strstr(http_page(s->http), "NoSuchBucket");
	if (status > 0 && status != 200 && status != 206 && status != 412 &&
	    (status != 404 || is_nowhere || !strcmp(r->verb, "PUT")))
		status = fail(s, r, status, e);

	free(path);
	free(url);
	return status;
}

static int found(int status)
{
	return status == 404 ? 0 : status < 0 ? -1 : 1;
}

static int get(struct transport *t, const char *path, size_t max, struct bytes *body, struct error *e)
{
	struct http_request r = {.verb = "GET", .into = body, .most_bytes = max};
	return found(ask((struct s3 *)t, &r, path, false, e));
}

static int head(struct transport *t, const char *path, struct error *e)
{
	struct http_request r = {.verb = "HEAD"};
	return found(ask((struct s3 *)t, &r, path, false, e));
}

static int put(struct transport *t, const char *path, const void *bytes, size_t n, bool is_replacing,
	       struct error *e)
{
	struct http_request r = {.verb = "PUT", .body = bytes, .n_body = n};
	int there = is_replacing || strncmp(path, "ac/", 3) ? 0 : head(t, path, e);
	if (there)
		return there < 0 ? -1 : 0;
	int status = ask((struct s3 *)t, &r, path, !is_replacing, e);
	return status == 412 ? 0 : status < 0 ? -1 : 1;
}

const struct transport_kind transport_s3 = {
	.name = "s3",
	.takes = "s3://BUCKET/PREFIX, s3+http(s)://HOST/BUCKET/PREFIX",
	.accepts = accepts,
	.open = open_s3,
	.get = get,
	.head = head,
	.put = put,
	.close = close_s3,
};
