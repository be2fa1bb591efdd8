#include "report/measures.h"

#include "report/cells.h"
#include "report/page.h"

static void space_row(struct text *t, const char *name, const char *words, const char *id,
		      const json_t *space, int is_floor)
{
	static const struct {
		const char *name;
		int decimals;
	} members[] = {
		{"alignment", 3},    {"uniformity", 3}, {"rankme", 1},	       {"purity", 3},
		{"knn_accuracy", 3}, {"silhouette", 3}, {"davies_bouldin", 3}, {"calinski_harabasz", 1},
		{"ari", 3},	     {"nmi", 3},	{"hopkins", 3},	       {"hopkins_gaussian", 3}};
	if (!space)
		return;
	text_add(t, "<tr%s><td>", is_floor ? " class=floor" : "");
	text_escape(t, name);
	text_add(t, "%s", words);
	page_id(t, id);
	text_add(t, "</td>");
	for (size_t k = 0; k < sizeof members / sizeof *members; k++)
		cells_number(t, json_object_get(space, members[k].name), members[k].decimals);
	text_add(t, "</tr>\n");
}

void measures_space(struct text *t, const json_t *arms)
{
	static const char *const titles[] = {"arm",
					     "alignment<br>↓",
					     "uniformity<br>↓",
					     "RankMe",
					     "purity of<br>5 nearest",
					     "5-NN<br>accuracy",
					     "silhouette",
					     "Davies–<br>Bouldin ↓",
					     "Calinski–<br>Harabasz",
					     "ARI<br>k-means",
					     "NMI<br>k-means",
					     "Hopkins",
					     "Hopkins<br>of one<br>Gaussian",
					     NULL};
	size_t i;
	const json_t *arm;

	cells_begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach (arms, i, arm) {
		space_row(t, cells_text(arm, "name"), "",
			  cells_text(json_object_get(arm, "ids"), "embeddings"),
			  json_object_get(arm, "space"), 0);
		space_row(t, "", "its encoder untrained", NULL, json_object_get(arm, "random_space"), 1);
	}

	cells_end(t);
}

static void faithfulness_row(struct text *t, const char *name, const char *by, const json_t *n,
			     const json_t *of)
{
	text_add(t, "<tr><td>");
	text_escape(t, name);
	text_add(t, "</td><td>%s</td>", by);
	cells_number(t, n, 0);
	cells_value(t, json_object_get(of, "most"), 1);
	cells_value(t, json_object_get(of, "any"), 1);
	cells_value(t, json_object_get(of, "least"), 1);
	cells_value(t, json_object_get(of, "most_minus_any"), 1);
	cells_value(t, json_object_get(of, "most_minus_least"), 1);
	cells_value(t, json_object_get(of, "correlation"), 1);
	text_add(t, "</tr>\n");
}

int measures_faithfulness(struct text *t, const json_t *arms)
{
	static const char *const titles[] = {"arm",	    "attention by",
					     "records",	    "most attended<br>lead hidden",
					     "any lead",    "least attended",
					     "most − any",  "most − least",
					     "correlation", NULL};
	size_t i;
	const json_t *arm;
	int rows = 0;

	json_array_foreach (arms, i, arm) {
		const json_t *f = json_object_get(json_object_get(arm, "attention"), "faithfulness"),
			     *n = json_object_get(f, "n");
		if (!f)
			continue;
		if (!rows++) {
			cells_begin(t, titles);
			text_add(t, "</tr></thead><tbody>\n");
		}
		faithfulness_row(t, cells_text(arm, "name"), "cross block", n, json_object_get(f, "cross"));
		faithfulness_row(t, "", "rollout", n, json_object_get(f, "rollout"));
	}

	if (rows)
		cells_end(t);
	return rows;
}
