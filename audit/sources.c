#include "audit/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/git.h"
#include "common/die.h"
#include "common/error.h"
#include "common/file.h"
#include "store/code.h"
#include "store/digest.h"
#include "audit/claims.h"

#define MAX_SOURCE ((size_t)16 << 20)

struct sources {
	const char *traces;
	json_t *digests;    /* path -> hex of its tokens here, "" if it is not here */
	json_t *identities; /* stage -> identity by its trace, "" if there is none */
	json_t *commits;    /* commit -> whether git has it */
	json_t *checked;    /* "identity commit" -> what sources_check said */
};

struct sources *sources_open(const char *traces)
{
	struct sources *s = die_calloc(1, sizeof *s);
	s->traces = traces;
	s->digests = json_object();
	s->identities = json_object();
	s->commits = json_object();
	s->checked = json_object();
	return s;
}

void sources_close(struct sources *s)
{
	if (!s)
		return;
	json_decref(s->digests);
	json_decref(s->identities);
	json_decref(s->commits);
	json_decref(s->checked);
	free(s);
}

/* ---- this checkout ---- */

static const char *digest_here(struct sources *s, const char *path)
{
	const char *known = json_string_value(json_object_get(s->digests, path));
	char *text, hex[DIGEST_HEX] = "";
	size_t n;
	if (known)
		return known;
	if (file_read(&text, &n, path, MAX_SOURCE, NULL) == 0) {
		code_tokens_hex(hex, text, n);
		free(text);
	}
	json_object_set_new(s->digests, path, json_string(hex));
	return json_string_value(json_object_get(s->digests, path));
}

static int add_trace(struct code *c, const char *path, struct error *e)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	int status = f ? 0 : -1;
	while (status == 0 && getline(&line, &room, f) >= 0) {
		line[strcspn(line, "\n")] = 0;
		status = code_add_object(c, line, e);
	}
	free(line);
	if (f)
		fclose(f);
	return status;
}

/* The identity of the stage as its last link here would have it now; "" if that cannot be told. */
static const char *identity_here(struct sources *s, const char *stage)
{
	const char *known = json_string_value(json_object_get(s->identities, stage));
	struct code c = {0};
	struct error e = {0};
	char hex[DIGEST_HEX] = "";
	if (known)
		return known;
	char *path = die_printf("%s/%s.trace", s->traces ? s->traces : "", stage);
	if (!s->traces || strchr(stage, '/') || add_trace(&c, path, &e) < 0 || !c.n ||
	    code_identity(&c, hex, NULL, &e) < 0)
		*hex = 0;
	code_release(&c);
	free(path);
	json_object_set_new(s->identities, stage, json_string(hex));
	return json_string_value(json_object_get(s->identities, stage));
}

/* ---- the commit ---- */

static bool has_commit(struct sources *s, const char *commit)
{
	json_t *known = json_object_get(s->commits, commit);
	if (!known) {
		known = json_boolean(git_has(commit));
		json_object_set_new(s->commits, commit, known);
	}
	return json_is_true(known);
}

static bool is_at_commit(const char *commit, const char *path, const char *hex)
{
	char *bytes, own[DIGEST_HEX];
	size_t n;
	if (git_read(&bytes, &n, commit, path) < 0)
		return false;
	code_tokens_hex(own, bytes, n);
	free(bytes);
	return !strcmp(own, hex);
}

/* ---- the list ---- */

/* Take the next line "<64 hex>  <path>" of the list; false at its end. */
static bool next_source(const char **list, char hex[DIGEST_HEX], char **path)
{
	const char *line = *list, *end = strchr(line, '\n');
	if (!end || end - line < DIGEST_HEX + 2)
		return false;
	memcpy(hex, line, DIGEST_HEX - 1);
	hex[DIGEST_HEX - 1] = 0;
	*path = die_printf("%.*s", (int)(end - line - DIGEST_HEX - 1), line + DIGEST_HEX + 1);
	*list = end + 1;
	return true;
}

/* A path that leads out of the checkout is not read. */
static bool is_inside(const char *path)
{
	return *path != '/' && *path != '-' && !strstr(path, "..");
}

struct compared {
	json_t *files;			 /* that differ from this checkout */
	size_t n, n_absent, n_at_commit; /* of the list; not here; that differ here but not in the commit */
};

static struct compared compare(struct sources *s, const char *list, const char *commit)
{
	struct compared c = {.files = json_array()};
	char hex[DIGEST_HEX], *path;
	list = strchr(list, '\n') + 1; /* the first line names the format */
	for (; next_source(&list, hex, &path); free(path)) {
		c.n++;
		if (is_inside(path) && !strcmp(digest_here(s, path), hex))
			continue;
		json_array_append_new(c.files, json_string(path));
		c.n_absent += !is_inside(path) || !*digest_here(s, path);
		c.n_at_commit += commit && is_inside(path) && is_at_commit(commit, path, hex);
	}
	return c;
}

static bool hashes_to(const char *list, const char *identity)
{
	char hex[DIGEST_HEX];
	struct digest d = digest_of(list, strlen(list));
	digest_hex(hex, &d);
	return strchr(list, '\n') && !strcmp(hex, identity);
}

static void say(json_t *out, const char *state, const char *why)
{
	json_object_set_new(out, "state", json_string(state));
	if (why)
		json_object_set_new(out, "why", json_string(why));
}

static void check_list(struct sources *s, json_t *out, const char *list, const char *identity)
{
	const char *commit = json_string_value(json_object_get(out, "commit"));
	if (!hashes_to(list, identity)) {
		say(out, "edited", "its list of sources is not what the code identity is the hash of");
		return;
	}
	struct compared c = compare(s, list, commit && has_commit(s, commit) ? commit : NULL);
	size_t n = json_array_size(c.files);
	if (!n)
		say(out, "same", NULL);
	else if (c.n_at_commit == n)
		say(out, "commit", "this checkout differs, the commit has these sources");
	else if (c.n_absent == c.n)
		say(out, "unknown", "none of its sources is here");
	else
		say(out, "differs", "neither this checkout nor the commit has these sources");
	json_object_set_new(out, "files", c.files);
}

static void check_identity(struct sources *s, json_t *out, const char *stage, const char *identity)
{
	const char *here = identity_here(s, stage);
	if (!*here)
		say(out, "unknown", "no list of sources, and this build has no such stage");
	else if (!strcmp(here, identity))
		say(out, "same", NULL);
	else
		say(out, "differs", "the sources of this checkout give another identity");
}

json_t *sources_check(struct sources *s, const json_t *statement, const char *stage, const char *identity)
{
	const char *commit = claims_commit(statement);
	char *name = die_printf("%s %s", identity, commit ? commit : "");
	json_t *known = json_object_get(s->checked, name);
	if (known) {
		free(name);
		return json_incref(known);
	}

	json_t *out = json_pack("{s:s}", "identity", identity);
	char *list = claims_sources(statement);
	if (commit)
		json_object_set_new(out, "commit", json_string(commit));
	json_object_set_new(out, "commit_state",
			    json_string(!commit			? "none"
					: has_commit(s, commit) ? "here"
								: "not here"));
	json_object_set_new(out, "modified", json_boolean(claims_is_modified(statement)));
	if (list)
		check_list(s, out, list, identity);
	else
		check_identity(s, out, stage, identity);

	free(list);
	json_object_set(s->checked, name, out);
	free(name);
	return out;
}
