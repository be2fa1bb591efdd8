/*
 * The splitter: checks a params file against the schemas of all stages and cuts it into one canonical JSON
 * slice per stage, DIR/params/<stage>.json, replaced only where its bytes differ, so that Make reruns only
 * what changed. Beside them: given (the file and the overrides they were made of), paths.mk (local files that
 * stages read, as prerequisites), of an arm arm.json (what its own file sets, {"section.name": value} as it
 * came out) and, last, DIR/params.stamp.
 *
 * With --study a study file on top of FILE is read instead, and what its cells are is written (study.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/args.h"
#include "common/die.h"
#include "common/file.h"
#include "tools/params/sections.h"
#include "tools/params/study.h"

static int split(struct sections *all, const char *folder, const char *schemas, const char *path,
		 const char *overrides, struct error *e)
{
	struct stamp t0;
	char *slices = die_printf("%s/params", folder);
	int status = file_make_folder(slices, e);

	file_clean(folder);
	file_clean(slices);
	if (status == 0)
		status = stamp_begin(&t0, folder, e);
	if (status == 0)
		status = sections_read(all, schemas, path, overrides, e);
	if (status == 0)
		status = sections_write(all, folder, path, overrides, &t0, e);
	free(slices);

	return status;
}

static int split_study(struct sections *all, const char *folder, const char *schemas, const char *path,
		       const char *study_path, const char *overrides, struct error *e)
{
	char *given = die_printf("%s%s", study_write_always, overrides);
	int status = sections_read(all, schemas, path, given, e);
	json_t *study = status == 0 ? study_read(all, study_path, overrides, e) : NULL;
	free(given);
	status = study ? study_write(study, folder, overrides, e) : -1;
	json_decref(study);
	return status;
}

int main(int argc, char **argv)
{
	static const char *out, *overrides = "", *over, *study, *schemas = "build/schema";
	static const struct arg options[] = {
		{"out", "DIR", "folder of the run: DIR/params/<stage>.json, DIR/params.stamp", .text = &out},
		{"over", "FILE", "a params file on top of FILE: an arm of a comparison", .text = &over},
		{"study", "FILE", "write the cells of this study of FILE, and no slices", .text = &study},
		{"set", "TEXT", "overrides, \"section.name=value section.name=value\"", .text = &overrides},
		{"schemas", "DIR", "where <stage>.json are, made by <stage> --describe (build/schema)",
		 .text = &schemas},
		{0}};

	argc = args_parse(
		argc, argv,
		&(struct args){.purpose = "Check a params file and cut it into one slice per stage.",
			       .synopsis = "params --out DIR [--over FILE | --study FILE] [--set TEXT] "
					   "[--schemas DIR] FILE STAGE...",
			       .options = options,
			       .example =
				       "params --out build/runs/default params/default.yaml fetch preprocess",
			       .see_also = "docs/params.md"});
	if (!out || argc < 2)
		die_usage("expected --out DIR, a params file and the names of the stages");

	struct sections all = {die_calloc((size_t)argc, sizeof *all.first), (size_t)argc - 1, NULL, over,
			       json_array()};
	for (size_t i = 0; i < all.n; i++)
		all.first[i].name = argv[i + 1];
	struct error e = {0};
	int status = study ? split_study(&all, out, schemas, argv[0], study, overrides, &e)
			   : split(&all, out, schemas, argv[0], overrides, &e);
	if (status < 0)
		fprintf(stderr, "%s\n",
			error_text(&e)); /* "file:line: ..." first, where editors look for it */
	sections_release(&all);

	return status < 0;
}
