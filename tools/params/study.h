/*
 * A study file (docs/study.md): which settings of a params file are compared, with which seeds, in which
 * rotations. Checked like a params file, with file and line; what comes out is
 *
 *	{"question": text, "baseline": name, "seeds": [1, ...], "folds": [1, ...], "fit": ["section.name"],
 *	 "settings": [{"name", "label", "set": {"section.name": value, ...},
 *	   "grid": k (from 1; 0: named), "batch": that it asks for, "same": an earlier setting with the same
 *	   params, if there is one}]}
 *
 *	json_t *study = study_read(&sections, "params/studies/default.yaml", set, &e);
 *	if (!study || study_write(study, "build/runs/study-default", set, &e) < 0) ...
 */
#ifndef TOOLS_PARAMS_STUDY_H
#define TOOLS_PARAMS_STUDY_H

#include "tools/params/sections.h"

/* What all cells of all studies have before SET: overrides. */
extern const char study_write_always[];

/* all: read already, with PARAMS, study_write_always and SET: what settings go on top of. overrides: SET,
 * which holds in every cell and may set nothing that the study does. New reference, or NULL with e filled. */
json_t *study_read(const struct sections *all, const char *path, const char *overrides, struct error *e);

/* Writes, each only if it differs, into the folder of the study's run
 *	cells.mk	cells := NAME@SEED-FOLD ..., for pipeline.mk
 *	cells		of each cell a line, its name, a tab and its SET
 *	study.inputs	what stage study reads (store/stage.h, has_list)
 *	study.json	the study, one line
 * 0, or -1 with e filled. */
int study_write(const json_t *study, const char *folder, const char *overrides, struct error *e);

#endif
