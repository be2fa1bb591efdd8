#include "store/sharing.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/nearest.h"
#include "common/yaml.h"

#define FILE_NAME  "store.yaml"
#define TIMEOUT_S  5
#define PATIENCE_S 600

static int refuse_key(const struct yaml_value *v, const char *const *names, size_t n, struct error *e)
{
	const char *nearest = nearest_name(v->key, names, n);
	return error_set(e, FILE_NAME, v->line, "unknown key '%.80s'%s%s%s", v->key,
			 nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static int read_access(struct sharing *s, const struct yaml_value *v, struct error *e)
{
	s->can_write = !strcmp(v->text, "read-write");
	if (s->can_write || !strcmp(v->text, "read-only"))
		return 0;
	return error_set(e, FILE_NAME, v->line, "access: expected read-only or read-write, got '%.80s'",
			 v->text);
}

static int read_seconds(int *seconds, const struct yaml_value *v, int most, struct error *e)
{
	char *end;
	long n = strtol(v->text, &end, 10);
	if (*v->text < '1' || *v->text > '9' || *end || n > most)
		return error_set(e, FILE_NAME, v->line,
				 "%s: expected a whole number from 1 to %d, got '%.80s'", v->key, most,
				 v->text);
	*seconds = (int)n;
	return 0;
}

static int read_member(struct sharing *s, const struct yaml_value *v, struct error *e)
{
	static const char *const names[] = {"url", "access", "timeout_s", "patience_s"};
	if (v->kind != YAML_SCALAR)
		return error_set(e, FILE_NAME, v->line, "%.80s: expected one value", v->key);
	if (!strcmp(v->key, "access"))
		return read_access(s, v, e);
	if (!strcmp(v->key, "timeout_s"))
		return read_seconds(&s->timeout_s, v, 3600, e);
	if (!strcmp(v->key, "patience_s"))
		return read_seconds(&s->patience_s, v, 30 * 86400, e);
	if (strcmp(v->key, "url"))
		return refuse_key(v, names, 4, e);
	if (!*v->text)
		return error_set(e, FILE_NAME, v->line, "url: expected a folder or a URL");
	s->url = die_strdup(v->text);
	return 0;
}

static int read_root(struct sharing *s, const struct yaml_value *root, struct error *e)
{
	static const char *const names[] = {"remote"};
	int status = 0;
	for (const struct yaml_value *v = root->first; v; v = v->next) {
		if (strcmp(v->key, "remote"))
			return refuse_key(v, names, 1, e);
		if (v->kind != YAML_MAP)
			return error_set(e, FILE_NAME, v->line,
					 "remote: expected url, access, timeout_s, patience_s");
		for (const struct yaml_value *member = v->first; member && status == 0; member = member->next)
			status = read_member(s, member, e);
		if (status == 0 && !s->url)
			return error_set(e, FILE_NAME, v->line, "remote: has no url");
	}
	return status;
}

static int read_file(struct sharing *s, struct error *e)
{
	if (!file_is_named(FILE_NAME))
		return 0;
	struct yaml *y = yaml_open(FILE_NAME, e);
	int status = y ? read_root(s, yaml_root(y), e) : -1;
	yaml_close(y);
	return status;
}

int sharing_read(struct sharing *s, struct error *e)
{
	const char *given = getenv("EINTHOVEN_REMOTE");
	*s = (struct sharing){.timeout_s = TIMEOUT_S, .patience_s = PATIENCE_S};
	if (!given)
		return read_file(s, e);
	if (*given && strcmp(given, "none"))
		s->url = die_strdup(given);
	return 0;
}

void sharing_release(struct sharing *s)
{
	free(s->url);
	*s = (struct sharing){0};
}
