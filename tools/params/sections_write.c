/* Writing: the slices, and what lies beside them. */
#include "tools/params/sections.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "common/paths.h"
#include "common/sha256.h"

static int write_slice(const char *folder, const struct section *s, struct error *e)
{
	size_t n;
	char *bytes = json_canonical(s->values, &n), *path = die_printf("%s/params/%s.json", folder, s->name);
	int status = file_replace_if_different(path, bytes, n, e);
	free(path);
	free(bytes);
	return status;
}

static int write_text(const char *folder, const char *name, const char *text, struct error *e)
{
	char *path = die_printf("%s/params/%s", folder, name);
	int status = file_replace_if_different(path, text, strlen(text), e);
	free(path);
	return status;
}

/* Where files lie says nothing of what was done: of a path the last name. */
static json_t *told_value(const struct section *s, const char *key)
{
	const struct param *p = schema_find_own(s->table, key);
	json_t *value = json_object_get(s->values, key);
	const char *slash = p && p->type == PARAM_PATH ? strrchr(json_string_value(value), '/') : NULL;
	return slash && slash[1] ? json_string(slash + 1) : json_incref(value);
}

/* What makes the arm, as it came out: SET may have the last word. */
static int write_arm(const struct sections *all, const char *folder, struct error *e)
{
	json_t *arm = json_object(), *own;
	size_t i;
	json_array_foreach (all->own, i, own) {
		const char *section = json_string_value(json_array_get(own, 0)),
			   *key = json_string_value(json_array_get(own, 1));
		char *name = die_printf("%s.%s", section, key);
		json_object_set_new(arm, name, told_value(sections_find(all, section), key));
		free(name);
	}
	char *text = json_canonical(arm, NULL), *line = die_printf("%s\n", text);
	int status = all->over ? write_text(folder, "arm.json", line, e) : 0;
	free(line);
	free(text);
	json_decref(arm);
	return status;
}

static void add_path(struct paths *paths, const struct section *s, const struct param *p, const char *path)
{
	paths_add(paths, s->name, path);
	for (const struct param *q = s->table; q->type != PARAM_END; q++)
		if (q->inside && !strcmp(q->inside, p->name))
			paths_add_inside(paths, s->name, path,
					 json_string_value(json_object_get(s->values, q->name)));
}

static void add_paths(struct paths *paths, const struct section *s)
{
	for (const struct param *p = s->table; p->type != PARAM_END; p++) {
		const char *path = json_string_value(json_object_get(s->values, p->name));
		if (p->type == PARAM_PATH && (!p->otherwise || strcmp(path, p->otherwise)))
			add_path(paths, s, p, path);
	}
}

/* The rules for local paths of all sections, as a makefile fragment. */
static char *fragment(const struct sections *all, const char *folder)
{
	struct paths *paths = paths_new(folder);
	if (all->base)
		paths_add(paths, "params", all->base); /* DIR/params.stamp depends on it */
	if (all->over)
		paths_add(paths, "params", all->over);
	for (size_t i = 0; i < all->n; i++)
		add_paths(paths, &all->first[i]);
	return paths_finish(paths);
}

static int write_all(const struct sections *all, const char *folder, const char *path, const char *overrides,
		     struct error *e)
{
	char *rules = fragment(all, folder), *given = die_printf("%s%s%s %s\n", path, all->over ? " " : "",
								 all->over ? all->over : "", overrides);
	int status = 0;
	for (size_t i = 0; i < all->n && status == 0; i++)
		status = write_slice(folder, &all->first[i], e);
	if (status == 0)
		status = write_arm(all, folder, e);
	if (status == 0)
		status = write_text(folder, "paths.mk", rules, e);
	if (status == 0)
		status = write_text(folder, "given", given, e);
	free(given);
	free(rules);
	return status;
}

static int add_sum(char **text, const char *folder, const char *name, struct error *e)
{
	uint8_t sum[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1], *path = die_printf("%s/params/%s.json", folder, name), *slice = NULL;
	size_t n;
	int status = file_read(&slice, &n, path, 16 << 20, e);
	if (status == 0) {
		sha256_of(sum, slice, n);
		for (int i = 0; i < SHA256_BYTES; i++)
			snprintf(hex + 2 * i, 3, "%02x", sum[i]);
		char *longer = die_printf("%s%s  %s\n", *text, hex, name);
		free(*text);
		*text = longer;
	}
	free(slice);
	free(path);
	return status;
}

/* The stamp says what each slice was, a line "<SHA-256>  <stage>" per stage: who reads one that was edited by
 * hand notices (store/request.h). */
static int write_stamp(const struct sections *all, const char *folder, const struct stamp *t0,
		       struct error *e)
{
	char *text = die_strdup(""), *stamp = die_printf("%s/params.stamp", folder);
	int status = 0;
	for (size_t i = 0; i < all->n && status == 0; i++)
		status = add_sum(&text, folder, all->first[i].name, e);
	if (status == 0)
		status = stamp_end(t0, stamp, text, e);
	free(stamp);
	free(text);
	return status;
}

int sections_write(const struct sections *all, const char *folder, const char *path, const char *overrides,
		   const struct stamp *t0, struct error *e)
{
	int status = write_all(all, folder, path, overrides, e);
	return status == 0 ? write_stamp(all, folder, t0, e) : status;
}
