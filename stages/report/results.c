#include "stages/report/results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "report/arms.h"
#include "report/classes.h"
#include "report/curves.h"
#include "report/efficiency.h"
#include "report/forest.h"
#include "report/matrix.h"
#include "report/measures.h"
#include "report/page.h"
#include "report/ranking.h"
#include "report/tables.h"
#include "stages/shared/objective.h"

enum { NAME_BYTES = 64 };

/* ---- comparison ---- */

/* What the columns of the comparison are. */
static void say_measures(struct draft *s)
{
	bool is_multi = !strcmp(artifact_text(s->evaluation, "labels"), "multi");
	page_say(&s->page, "AUROC and AUPRC: area under the ROC and under the precision–recall curve, each "
			   "class against the rest; macro: the mean over the classes. ECE: expected "
			   "calibration error, how far predicted probabilities are from what came true. "
			   "Log-std: how strong each lead is, and nothing else. A dash stands where a number "
			   "is undefined, as for a class that fold 10 lacks.");
	page_say(&s->page,
		 is_multi
			 ? "A record may have any number of classes: accuracy is the share of records with "
			   "every class right, balanced accuracy the mean of recall and specificity over the "
			   "classes."
			 : "Each record has one class: balanced accuracy is the mean recall of the classes.");
}

/* Which arm is best stands on top; here are all, and the same by F1. */
static void write_ranking(struct draft *s)
{
	struct text *t = &s->page;
	const json_t *f1 = json_object_get(s->ranking, "macro_f1");
	ranking_table(t, json_object_get(s->ranking, "macro_auroc"));
	arms_left_out(t, artifact_get_attribute(s->evaluation, "left_out"));
	page_details(t, "What each arm sets, and what its encoder sees");
	arms_definitions(t, s->shown);
	page_details_end(t);
	page_details(t, "The order by macro F1");
	ranking_say(t, f1);
	ranking_table(t, f1);
	page_details_end(t);
}

enum { UPRIGHT_COLUMNS = 8 }; /* of a number and its interval: more are too many for paper upright */

static void details_of(struct text *t, size_t n_columns, const char *title)
{
	if (n_columns > UPRIGHT_COLUMNS)
		page_details_broad(t, title);
	else
		page_details(t, title);
}

void results_comparison(struct draft *s)
{
	struct text *t = &s->page;
	page_section(t, "table", "Comparison");
	page_say(t,
		 "Each arm stands above a probe of the same encoder with the weights it began with, on the "
		 "same labels. “Training added” is the paired difference between the two: only where its "
		 "interval excludes 0 did training help. Random convolutions are a strong floor on ECGs.");
	if (json_array_size(s->seeds))
		page_say(t, "An arm of several seeds stands for all of them: its numbers are means over the "
			    "seeds, and its intervals resample patients and seeds together.");
	say_measures(s);
	write_ranking(s);

	json_t *groups = json_array();
	for (size_t from = 0, end; (end = draft_group(s, from)) > from; from = end)
		json_array_append(groups, json_object_get(json_array_get(s->shown, from), "group"));
	page_legend(t, groups);
	json_decref(groups);
	page_grid_broad(t);
	page_figure(t, "Macro AUROC: trained (dot), untrained (ring), floors (grey)", NULL);
	forest_draw(t, s->judged, s->floors, "macro_auroc",
		    s->is_cross ? "macro AUROC, cross-validated, 95 % interval"
				: "macro AUROC on fold 10, 95 % interval");
	page_figure_end(t);
	page_figure(t, "Macro F1: trained (dot), untrained (ring), floors (grey)", NULL);
	forest_draw(t, s->judged, s->floors, "macro_f1",
		    s->is_cross ? "macro F1, cross-validated, 95 % interval"
				: "macro F1 on fold 10, 95 % interval");
	page_figure_end(t);
	page_grid_end(t);
	tables_comparison(t, s->judged, s->floors, draft_columns(s));

	if (json_array_size(s->shown) > 1) {
		details_of(t, json_array_size(s->shown), "Arm against arm: macro AUROC");
		tables_pairs(t, s->judged, "macro_auroc", json_object_get(s->ranking, "macro_auroc"));
		page_details_end(t);
		details_of(t, json_array_size(s->shown), "Arm against arm: macro F1");
		tables_pairs(t, s->judged, "macro_f1", json_object_get(s->ranking, "macro_f1"));
		page_details_end(t);
	}

	tables_legacy(t, s->shown, s->classes);
	page_details(t, "Every class");
	if (draft_columns(s))
		classes_table(t, s->judged, s->classes);
	else
		classes_many(t, s->judged, s->classes);

	page_details_end(t);
}

void results_seeds(struct draft *s)
{
	if (!json_array_size(s->seeds))
		return;
	page_section(&s->page, "seeds", "Several seeds");
	page_say(&s->page,
		 "Mean ± standard deviation over the seeds, and the least and the greatest. A seed draws "
		 "weights, order, views and, where labels are few, which; the records judged are the same. "
		 "Pictures, maps, curves and measures of the space are those of the first seed.");
	tables_seeds(&s->page, s->seeds);
}

bool results_has_efficiency(const struct draft *s)
{
	const json_t *arm;
	size_t i;
	json_array_foreach (s->shown, i, arm)
		if (draft_is_tuned(arm))
			return true;
	return false;
}

void results_efficiency(struct draft *s)
{
	struct text figure = {0}, *t = &s->page;
	if (!results_has_efficiency(s))
		return;
	if (efficiency_figure(&figure, s->judged) > 1) {
		page_section(t, "efficiency", "How few labels are enough");
		page_say(t, "In the figure the same network and the same records of fold 10; only how many "
			    "labelled records of folds 1–8 train differs. Pretraining saw all of folds 1–8 "
			    "without labels.");
		page_figure(t, "Macro AUROC over the share of the labels", NULL);
		text_add(t, "%s", figure.bytes);
		page_figure_end(t);
	} else {
		page_section(t, "efficiency", "What training on the labels gained");
	}

	page_say(t, "Macro AUROC of the arms trained on the labels, and the paired differences to the probe "
		    "each began as and to a probe of its untrained encoder, on the same labels. What is "
		    "trained from scratch began as no probe.");
	tables_efficiency(t, s->judged);
	text_release(&figure);
}

/* ---- training ---- */

static void history_figure(struct text *t, const json_t *arms, const char *column, const char *guide,
			   const char *caption)
{
	struct text figure = {0};
	if (curves_history(&figure, arms, column, guide)) {
		page_figure(t, caption, NULL);
		text_add(t, "%s", figure.bytes);
		page_figure_end(t);
	}
	text_release(&figure);
}

static bool has_history(const json_t *arms)
{
	const json_t *arm;
	size_t i;
	json_array_foreach (arms, i, arm)
		if (json_object_get(json_object_get(arm, "training"), "history"))
			return true;
	return false;
}

/* The arms with nothing in the place of those whose objective contrasts no views: their top-1 is 0 in the
 * history, which is no share. New reference. */
static json_t *contrasting(const json_t *arms)
{
	json_t *out = json_array(), *arm;
	size_t i;
	json_array_foreach (arms, i, arm) {
		const char *name =
			json_string_value(json_object_get(json_object_get(arm, "training"), "objective"));
		const struct objective *o = name ? objective_named(name) : NULL;
		if (o && !o->loss)
			json_array_append_new(out, json_object());
		else
			json_array_append(out, arm);
	}
	return out;
}

/* Arms of one group share their figures: a page of twenty lines in eight colours tells nothing. */
static void training_of(struct text *t, const json_t *arms)
{
	json_t *names = draft_names(arms), *telling = contrasting(arms);
	const json_t *first = json_array_get(arms, 0);

	page_heading(t, json_string_value(json_object_get(first, "group")));
	page_legend(t, names);
	page_grid_wide(t);
	if (draft_is_tuned(first)) {
		history_figure(t, arms, "loss", NULL, "Loss on the labels");
		history_figure(t, arms, "auroc", NULL, "Macro AUROC on fold 9");
	} else {
		history_figure(t, arms, "loss", "loss_uniform", "Loss");
		history_figure(t, telling, "top1", NULL, "Partner found first (top-1)");
		history_figure(t, arms, "rankme", NULL, "RankMe: directions in use");
	}

	page_grid_end(t);
	json_decref(telling);
	json_decref(names);
}

void results_training(struct draft *s)
{
	int n = 0;
	page_section(&s->page, "loss", "Training");
	for (size_t from = 0, end; (end = draft_group(s, from)) > from; from = end) {
		json_t *arms = draft_slice(s, from, end);
		if (has_history(arms)) {
			training_of(&s->page, arms);
			n++;
		}
		json_decref(arms);
	}
	if (!n)
		page_say(&s->page, "No arm brought a history of its training.");
}

/* ---- maps and measures of the space ---- */

static void write_map(struct draft *s, const json_t *arm, const char *what, const char *space_name,
		      const char *words)
{
	char caption[2 * NAME_BYTES];
	char *key = die_printf("%s %s", draft_name(arm), what);
	struct artifact_value v = artifact_get(s->evaluation, "map", key, strlen(key));
	const json_t *space = json_object_get(arm, space_name);

	free(key);
	if (!v.bytes)
		return;
	size_t n = v.n_bytes / (2 * sizeof(float));
	float *xy = die_malloc(v.n_bytes + 1);
	memcpy(xy, v.bytes, v.n_bytes);
	snprintf(caption, sizeof caption, "%.60s%s", draft_name(arm), words);
	page_figure(&s->page, caption, *words ? NULL : draft_id(arm, "embeddings"));
	matrix_points(&s->page, xy, json_object_get(space, "map_labels"), n, caption);
	page_figure_end(&s->page);
	free(xy);
}

static void write_maps(struct draft *s, const char *what)
{
	const json_t *arm;
	size_t i;
	char name[NAME_BYTES];
	page_grid_small(&s->page);
	json_array_foreach (s->shown, i, arm) {
		write_map(s, arm, what, "space", "");
		snprintf(name, sizeof name, "random-%s", what);
		write_map(s, arm, name, "random_space", ", untrained");
	}
	page_grid_end(&s->page);
}

/* Encoders trained on the labels have no maps of their own. */
static void say_whose(struct draft *s)
{
	const json_t *arm;
	size_t i;
	json_array_foreach (s->shown, i, arm)
		if (draft_is_tuned(arm)) {
			page_say(&s->page,
				 "Maps, measures and attention are those of contrasted encoders, before any "
				 "label: arms trained on the labels are not among them.");
			return;
		}
}

void results_maps(struct draft *s)
{
	page_section(&s->page, "maps", "Where records lie");
	page_say(&s->page,
		 "Records of fold 10 with exactly one superclass, coloured by it. Distances between clusters "
		 "mean nothing in t-SNE; it draws clusters even where there are none, so read it beside the "
		 "untrained encoder's.");
	say_whose(s);
	page_legend(&s->page, s->groups);
	page_heading(&s->page, "t-SNE");
	write_maps(s, "tsne");
	page_details(&s->page, "First two principal axes");
	page_legend(&s->page, s->groups);
	write_maps(s, "pca");
	page_details_end(&s->page);
}

void results_space(struct draft *s)
{
	page_section(&s->page, "space", "Measures of the space");
	page_say(
		&s->page,
		"On the same records, embeddings centred. Alignment: mean squared distance of a record's two "
		"views as training draws them (2: as far apart as strangers); alone it is easy, all equal "
		"gives 0, so read it with uniformity (−4: spread evenly over the sphere, 0: all in one "
		"place). RankMe: how many directions are in use. Purity: share of the 5 nearest that have "
		"the record's class; 5-NN: their vote. Silhouette, Davies–Bouldin and Calinski–Harabasz take "
		"the classes as clusters; ARI and NMI say how well k-means finds the classes again (1: "
		"exactly, 0: as chance does). An arrow ↓: less is better. A Hopkins value near 1 does not "
		"prove clusters: one Gaussian of the same covariance, which has none, is given beside it.");
	measures_space(&s->page, s->shown);
}

/* ---- confusion, ROC, calibration: small multiples, one per arm ---- */

enum figure { CONFUSION, ROC, RELIABILITY };

static void figure_of(struct draft *s, const json_t *arm, enum figure which)
{
	struct text *t = &s->page;
	const json_t *test = json_object_get(json_object_get(arm, "trained"), "test");
	page_figure(t, draft_name(arm), draft_id(arm, "scores"));
	if (which == CONFUSION)
		matrix_confusion(t, json_object_get(test, "confusion"), s->classes);
	else if (which == ROC)
		curves_roc(t, arm, s->classes);
	else
		curves_reliability(t, arm, "s0");
	page_figure_end(t);
}

/* By group; the first is open, the rest unfold. */
static void figures(struct draft *s, enum figure which)
{
	struct text *t = &s->page;
	for (size_t from = 0, end; (end = draft_group(s, from)) > from; from = end) {
		const char *group =
			json_string_value(json_object_get(json_array_get(s->shown, from), "group"));
		if (from)
			page_details(t, group);
		else
			page_heading(t, group);
		if (which == CONFUSION)
			page_grid_wide(t);
		else
			page_grid(t);
		for (size_t i = from; i < end; i++)
			figure_of(s, json_array_get(s->shown, i), which);
		page_grid_end(t);
		if (from)
			page_details_end(t);
	}
}

static void write_calibration(struct draft *s)
{
	page_section(&s->page, "reliability", "Calibration");
	page_say(&s->page,
		 "Records by predicted probability; the area of a point follows their number. Below the "
		 "diagonal the classifier is too sure of itself.");
	figures(s, RELIABILITY);
}

void results_judgements(struct draft *s)
{
	struct text *t = &s->page;
	page_section(t, "confusion", "Confusion");
	if (!draft_columns(s)) {
		page_say(t, "Too many classes for matrices and curves of each: “Every class” under the "
			    "comparison lists them, and metrics.csv has their intervals.");
		text_add(t, "<span id=roc></span>\n");
		write_calibration(s);
		return;
	}

	page_say(t, "Rows: the true class; columns: the predicted one, by the rule chosen on fold 9. "
		    "Shading: share of the row.");
	matrix_scale(t, "none of the row", "all of it");
	figures(s, CONFUSION);
	page_section(t, "roc", "ROC, each class against the rest");
	page_legend(t, s->classes);
	figures(s, ROC);
	write_calibration(s);
}
