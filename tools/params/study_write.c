/* Writing what a study's cells are. */
#include "tools/params/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"

/* One fold tested, fold 10 sealed; no intervals within a cell. */
static const char judged[] = "probe.evaluation=folds probe.bootstrap=0 preprocess.sealed_fold=10";

/* Superclasses, any number a record; no maps of attention, which nobody looks at here. */
const char study_write_always[] = "probe.labels=multi embed.attention_records=0 ";

/* Frees both. */
static char *joined(char *before, char *more)
{
	char *out = die_printf("%s%s", before, more);
	free(before);
	free(more);
	return out;
}

/* A value as SET takes it. */
static char *set_text(const json_t *value)
{
	size_t i;
	const json_t *item;
	if (json_is_string(value)) {
		const char *text = json_string_value(value), *quote = strchr(text, '\'') ? "\"" : "'";
		bool is_plain = *text && !text[strcspn(text, " '\"[],\t")];
		return die_printf("%s%s%s", is_plain ? "" : quote, text, is_plain ? "" : quote);
	}
	if (!json_is_array(value))
		return json_canonical(value, NULL);
	char *out = die_strdup("[");
	json_array_foreach (value, i, item)
		out = joined(out, die_printf("%s%s", i ? ", " : "", json_string_value(item)));
	return joined(out, die_strdup("]"));
}

static char *set_of(const json_t *setting)
{
	char *out = die_strdup("");
	const char *name;
	json_t *value;
	json_object_foreach (json_object_get(setting, "set"), name, value) {
		char *text = set_text(value);
		out = joined(out, die_printf("%s=%s ", name, text));
		free(text);
	}
	return out;
}

/* Texts that grow; what they point to is set once they are closed. */
struct files {
	FILE *names, *cells, *inputs;
	char *names_text, *cells_text, *inputs_text;
	size_t n_names, n_cells, n_inputs;
};

static FILE *growing(char **text, size_t *n)
{
	FILE *file = open_memstream(text, n);
	if (!file)
		die("no memory is left");
	return file;
}

static void close_text(FILE *file)
{
	if (fclose(file) != 0)
		die("no memory is left");
}

static void add_cell(struct files *f, const char *folder, const char *setting, const char *set,
		     const char *overrides, json_int_t seed, json_int_t fold)
{
	static const char *const kinds[][2] = {{"signals", "preprocess"},
					       {"views", "views"},
					       {"model", "pretrain"},
					       {"embeddings", "embed"},
					       {"scores", "probe"}};
	char *name = die_printf("%s@%lld-%lld", setting, (long long)seed, (long long)fold);
	fprintf(f->names, " %s", name);
	fprintf(f->cells, "%s\t%s%s%s%spretrain.seed=%lld %s preprocess.test_fold=%lld\n", name,
		study_write_always, overrides, *overrides ? " " : "", set, (long long)seed, judged,
		(long long)fold);
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		fprintf(f->inputs, "%s/%s %s/arms/%s/%s.id\n", name, kinds[k][0], folder, name, kinds[k][1]);
	free(name);
}

/* One seed of all settings before the next: what is there early compares them all. */
static void add_cells(struct files *f, const json_t *study, const char *folder, const char *overrides)
{
	size_t i, j, k;
	const json_t *setting, *seed, *fold;
	json_array_foreach (json_object_get(study, "seeds"), j, seed)
		json_array_foreach (json_object_get(study, "folds"), k, fold)
			json_array_foreach (json_object_get(study, "settings"), i, setting) {
				char *set = set_of(setting);
				add_cell(f, folder, json_text(setting, "name"), set, overrides,
					 json_integer_value(seed), json_integer_value(fold));
				free(set);
			}
}

static int write_file(const char *folder, const char *name, const char *text, struct error *e)
{
	char *path = die_printf("%s/%s", folder, name);
	int status = file_replace_if_different(path, text, strlen(text), e);
	free(path);
	return status;
}

int study_write(const json_t *study, const char *folder, const char *overrides, struct error *e)
{
	if (file_make_folder(folder, e) < 0)
		return -1;
	struct files f = {0};
	f.names = growing(&f.names_text, &f.n_names);
	f.cells = growing(&f.cells_text, &f.n_cells);
	f.inputs = growing(&f.inputs_text, &f.n_inputs);
	fprintf(f.names, "cells :=");
	add_cells(&f, study, folder, overrides);
	fprintf(f.names, "\n");
	close_text(f.names);
	close_text(f.cells);
	close_text(f.inputs);
	char *text = joined(json_canonical(study, NULL), die_strdup("\n"));

	int status = write_file(folder, "study.json", text, e);
	if (status == 0)
		status = write_file(folder, "cells", f.cells_text, e);
	if (status == 0)
		status = write_file(folder, "study.inputs", f.inputs_text, e);
	if (status == 0)
		status = write_file(folder, "cells.mk", f.names_text, e);
	free(text);
	free(f.names_text);
	free(f.cells_text);
	free(f.inputs_text);
	return status;
}
