/*
 * The sections of a params file, one per stage: read from YAML against the stages' schemas, and written as
 * the slices that the stages read.
 *
 *	struct sections all = {first, n, NULL, over, json_array()};     // of each section the name
 *	if (sections_read(&all, "build/schema", "params/ptbxl.yaml", "probe.c_steps=2", &e) < 0) ...
 *	if (sections_write(&all, "build/runs/default", ...) < 0) ...
 *	sections_release(&all);
 */
#ifndef TOOLS_PARAMS_SECTIONS_H
#define TOOLS_PARAMS_SECTIONS_H

#include <jansson.h>
#include <stddef.h>

#include "common/error.h"
#include "common/schema.h"
#include "common/stamp.h"
#include "common/yaml.h"

struct section {
	const char *name;
	json_t *description;
	struct param *table;
	json_t *values;
};

struct sections {
	struct section *first;
	size_t n;
	char *base;	  /* the file that the params file extends, or NULL */
	const char *over; /* the file on top of it (an arm of a comparison), or NULL */
	json_t *own;	  /* array of [section, name] that it sets */
};

/* NULL: there is no such section. */
struct section *sections_find(const struct sections *all, const char *name);

/* Fill all sections: the schemas (schemas/<stage>.json), the params file with what it extends, the file over
 * it, the overrides ("section.name=value ..."), defaults. 0, or -1 with e filled. */
int sections_read(struct sections *all, const char *schemas, const char *path, const char *overrides,
		  struct error *e);

/* What v gives for a key of the section that `in` is called after, checked as in a params file; path: v's
 * file, for messages. New reference, or NULL with e filled. */
json_t *sections_value(const struct sections *all, const struct yaml_value *in, const char *key,
		       const struct yaml_value *v, const char *path, struct error *e);

/* Write what the splitter leaves in the folder (tools/params/params.c), each file only if it differs, and the
 * stamp of t0 last. path and overrides: as they were given. 0, or -1 with e filled. */
int sections_write(const struct sections *all, const char *folder, const char *path, const char *overrides,
		   const struct stamp *t0, struct error *e);

/* What reading has filled; the names are the caller's. */
void sections_release(struct sections *all);

#endif
