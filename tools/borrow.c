/* Which network and which classifier MODEL= names, as .id files that a run's stages read (docs/pipeline.md).
 *
 *	borrow --into build/runs/mine ptbxl pretrain    the network that run ptbxl has pretrained: pretrain.id
 *	borrow --into build/runs/mine ptbxl start       the same, to train on from: start.id
 *	borrow --into build/runs/mine 3fa9c1 head       what predict needs: encoder.id and head.id
 *
 * The name is a run's folder, one of its arms (ptbxl/arms/halves), one of its stages (ptbxl/finetune), or an
 * artifact: a model, embeddings or scores, which lead back to their network by the store's action entries. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/args.h"
#include "common/die.h"
#include "common/file.h"
#include "common/nearest.h"
#include "common/stamp.h"
#include "store/artifact.h"
#include "store/lineage.h"
#include "store/objects.h"

static const char *into, *runs = "build/runs";

struct found {
	char network[DIGEST_HEX]; /* what holds the encoder's weights: a model, or tuned scores; "": none */
	char head[DIGEST_HEX];	  /* scores; "": none */
};

/* ---- an artifact ---- */

static void input_of(char input[DIGEST_HEX], const struct lineage *l, const char *id, const char *name)
{
	if (!lineage_input(input, l, id, name))
		die("%.12s: no action entry in %s says which %s it was made from; name a run, or a model or "
		    "fine-tuned scores, which hold their network",
		    id, artifact_store_path(), name);
}

/* The probe's scores were made from embeddings, those from a model. */
static void follow(struct found *f, const char *kind, const char *id)
{
	struct lineage *l = lineage_open();
	char embeddings[DIGEST_HEX];
	memcpy(embeddings, id, DIGEST_HEX);
	if (!strcmp(kind, "scores"))
		input_of(embeddings, l, id, "embed");
	input_of(f->network, l, embeddings, "pretrain");
	lineage_close(l);
}

static void from_artifact(struct found *f, const char *id)
{
	struct artifact *a = artifact_open(id, NULL);
	const char *kind = artifact_kind(a);
	bool is_scores = !strcmp(kind, "scores");
	if (!is_scores && strcmp(kind, "model") && strcmp(kind, "embeddings"))
		die("%.12s: MODEL needs a model, embeddings or scores, and this is of kind %s", id, kind);

	*f = (struct found){0};
	if (is_scores)
		memcpy(f->head, id, DIGEST_HEX);
	if (artifact_has_table(a, "tensor"))
		memcpy(f->network, id, DIGEST_HEX);
	else
		follow(f, kind, id);
	artifact_close(a);
}

/* ---- a run ---- */

/* <folder>/<stage>.id if it is there. */
static bool read_stage(char id[DIGEST_HEX], const char *folder, const char *stage)
{
	struct error e = {0};
	char *path = die_printf("%s/%s.id", folder, stage);
	bool is_there = file_exists(path);
	if (is_there && objects_resolve(id, path, &e) < 0)
		die("%s", error_text(&e));
	free(path);
	return is_there;
}

/* What is fine-tuned was asked for on top of the probe, so it goes before it. */
static bool from_folder(struct found *f, const char *folder)
{
	static const char *const stages[] = {"finetune", "probe", "pretrain"};
	char id[DIGEST_HEX];
	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
		if (read_stage(id, folder, stages[i])) {
			from_artifact(f, id);
			return true;
		}
	return false;
}

/* "ptbxl/finetune": what one stage of the run has made. */
static bool from_stage(struct found *f, const char *path)
{
	char id[DIGEST_HEX], *folder = die_strdup(path), *slash = strrchr(folder, '/');
	*slash = 0;
	bool is_there = read_stage(id, folder, slash + 1);
	if (is_there)
		from_artifact(f, id);
	free(folder);
	return is_there;
}

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* "; did you mean 'ptbxl'?" of the runs there are, or nothing. */
static char *similar(const char *name)
{
	struct dirent **list;
	int n = scandir(runs, &list, is_shown, alphasort);
	const char **names = die_calloc(n > 0 ? (size_t)n : 1, sizeof *names);
	for (int i = 0; i < n; i++)
		names[i] = list[i]->d_name;
	const char *nearest = n > 0 ? nearest_name(name, names, (size_t)n) : NULL;
	char *text = nearest ? die_printf("; did you mean '%s'?", nearest) : die_strdup("");

	for (int i = 0; i < n; i++)
		free(list[i]);
	if (n >= 0)
		free(list);
	free(names);
	return text;
}

/* What is wrong with a name that is neither a run's nor a stage's, if that can be said: "mine/finetune". */
static void refuse_stage(const char *name, const char *path)
{
	char *folder = die_strdup(path), *slash = strrchr(folder, '/');
	*slash = 0;
	char *params = die_printf("%s/params", folder);
	if (strchr(name, '/') && file_exists(params))
		die("MODEL=%s: the run is there, but '%s' is neither a stage of it that has run nor an arm",
		    name, slash + 1);
	free(params);
	free(folder);
}

static void find(struct found *f, const char *name)
{
	struct error e = {0};
	char id[DIGEST_HEX], *path = die_printf("%s/%s", runs, name);
	if (!from_folder(f, path) && !from_stage(f, path)) {
		if (file_exists(path))
			die("MODEL=%s: %s has no trained model; run 'make -f pipeline.mk probe' for that run "
			    "first",
			    name, path);
		if (objects_resolve(id, name, &e) < 0) {
			refuse_stage(name, path);
			die("MODEL=%s: neither a run (%s is not there) nor an artifact: %s%s", name, path,
			    error_text(&e), similar(name));
		}
		from_artifact(f, id);
	}
	free(path);
}

/* ---- writing ---- */

static void write_id(const char *name, const char *id)
{
	struct error e = {0};
	char *path = die_printf("%s/%s.id", into, name), *line = die_printf("%s\n", id);
	if (file_replace_if_different(path, line, strlen(line), &e) < 0)
		die("%s", error_text(&e));
	free(line);
	free(path);
}

static void write_found(const struct found *f, const char *model, const char *what)
{
	if (!strcmp(what, "head")) {
		if (!*f->head)
			die("MODEL=%s has no classifier, only a network: name a run that has a probe, or "
			    "scores",
			    model);
		write_id("encoder", f->network);
		write_id("head", f->head);
		return;
	}

	struct artifact *a = artifact_open(f->network, NULL);
	if (strcmp(artifact_kind(a), "model"))
		die("MODEL=%s: its network is fine-tuned; that serves predict. To embed, probe, finetune or "
		    "train "
		    "on, name what pretrain has made",
		    model);
	artifact_close(a);
	write_id(what, f->network);
}

static void write_stamp(const struct stamp *t0, const char *what)
{
	struct error e = {0};
	char *path = die_printf("%s/%s.stamp", into, what);
	if (stamp_end(t0, path, "", &e) < 0)
		die("%s", error_text(&e));
	free(path);
}

int main(int argc, char **argv)
{
	static const struct arg options[] = {
		{"into", "DIR", "folder of the run that borrows: DIR/<name>.id, DIR/<name>.stamp",
		 .text = &into},
		{"runs", "DIR", "where runs are (build/runs)", .text = &runs},
		{0}};
	struct error e = {0};
	struct stamp t0;
	struct found f;

	argc = args_parse(argc, argv,
			  &(struct args){.purpose = "Find the network and classifier that MODEL= names.",
					 .synopsis = "borrow --into DIR MODEL pretrain|start|head",
					 .options = options,
					 .example = "borrow --into build/runs/mine ptbxl head",
					 .see_also = "docs/pipeline.md"});
	if (!into || argc != 2 ||
	    (strcmp(argv[1], "pretrain") && strcmp(argv[1], "start") && strcmp(argv[1], "head")))
		die_usage("expected --into DIR, a run or artifact, and pretrain, start or head");

	if (file_make_folder(into, &e) < 0 || stamp_begin(&t0, into, &e) < 0)
		die("%s", error_text(&e));
	find(&f, argv[0]);
	write_found(&f, argv[0], argv[1]);
	write_stamp(&t0, argv[1]);
	return 0;
}
