#include "remote/transport.h"

#include <string.h>

#include "common/die.h"
#include "remote/transport_kinds.h"
#include "store/digest.h"

/* The first that takes a URL has it; a folder takes what is no URL. */
static const struct transport_kind *const kinds[] = {&transport_http, &transport_bazel, &transport_s3,
						     &transport_folder};

enum { N_KINDS = sizeof kinds / sizeof *kinds };

bool transport_is_path(const char *path)
{
	struct digest d;
	const char *name = !strncmp(path, "cas/", 4) ? path + 4 : !strncmp(path, "ac/", 3) ? path + 3 : "";
	return digest_parse(&d, name) == 0;
}

static void check_path(const char *path)
{
	if (!transport_is_path(path))
		BUG("a remote has only cas/<digest> and ac/<digest>");
}

static const struct transport_kind *kind_of(const char *url)
{
	for (int i = 0; i < N_KINDS; i++)
		if (kinds[i]->accepts(url))
			return kinds[i];
	return NULL;
}

static int refuse(const char *url, struct error *e)
{
	char takes[256] = "";
	for (int i = 0; i < N_KINDS; i++) {
		strncat(takes, i ? ", " : "", sizeof takes - strlen(takes) - 1);
		strncat(takes, kinds[i]->takes, sizeof takes - strlen(takes) - 1);
	}
	return error_set(e, NULL, 0, "'%.200s' is no remote; it is one of: %s", url, takes);
}

int transport_open(struct transport **t, const char *url, const struct transport_options *o, struct error *e)
{
	const struct transport_kind *kind = kind_of(url);
	*t = NULL;
	if (!kind)
		return refuse(url, e);
	*t = kind->open(url, o, e);
	return *t ? 0 : -1;
}

void transport_close(struct transport *t)
{
	if (t)
		t->kind->close(t);
}

int transport_get(struct transport *t, const char *path, size_t max, struct bytes *body, struct error *e)
{
	check_path(path);
	return t->kind->get(t, path, max, body, e);
}

int transport_head(struct transport *t, const char *path, struct error *e)
{
	check_path(path);
	return t->kind->head(t, path, e);
}

int transport_put(struct transport *t, const char *path, const void *bytes, size_t n, struct error *e)
{
	check_path(path);
	return t->kind->put(t, path, bytes, n, false, e);
}

int transport_replace(struct transport *t, const char *path, const void *bytes, size_t n, struct error *e)
{
	check_path(path);
	return t->kind->put(t, path, bytes, n, true, e);
}

int transport_flush(struct transport *t, struct error *e)
{
	return t->kind->flush ? t->kind->flush(t, e) : 0;
}

void transport_clean(struct transport *t)
{
	if (t->kind->clean)
		t->kind->clean(t);
}
