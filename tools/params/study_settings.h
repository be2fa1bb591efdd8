/*
 * The settings of a study file: named ones, and the points of grids. Each has its checked values,
 * {"section.name": value}.
 */
#ifndef TOOLS_PARAMS_STUDY_SETTINGS_H
#define TOOLS_PARAMS_STUDY_SETTINGS_H

#include "tools/params/sections.h"

struct study_reading {
	const struct sections *all;
	const char *path;
	json_t *study, *names; /* what is read (study.h); line of each setting by name */
	struct error *e;
};

/* Of a study file's "settings" and "grids": 0, or -1 with e filled. */
int study_settings_named(struct study_reading *r, const struct yaml_value *v);
int study_settings_grids(struct study_reading *r, const struct yaml_value *v);

/* Of settings that come to the same params, one of "settings" is refused; a point of a grid, which its curve
 * needs, is told of the first: "same". 0, or -1 with e filled. */
int study_settings_compare(struct study_reading *r);

/* Why a parameter cannot be set in a study, which turns it itself; NULL: it can. Yours to free. */
char *study_settings_refusal(const char *name);
/* "name:" with nothing behind it. */
bool study_settings_is_empty(const struct yaml_value *v);

#endif
