#include "stages/study/times.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/die.h"
#include "common/json.h"
#include "report/cells.h"
#include "report/text.h"
#include "stages/study/setting.h"
#include "stages/study/table.h"
#include "store/lineage.h"

const char times_place[] = "<!-- times -->\n";

/* Seconds between two times as entries have them; negative: it says none. */
static double seconds(const json_t *entry)
{
	const json_t *metadata = json_object_get(
		json_object_get(json_object_get(entry, "predicate"), "runDetails"), "metadata");
	struct tm began = {0}, ended = {0};
	const char *from = json_text(metadata, "startedOn"), *to = json_text(metadata, "finishedOn");
	if (!from || !to || !strptime(from, "%Y-%m-%dT%H:%M:%S", &began) ||
	    !strptime(to, "%Y-%m-%dT%H:%M:%S", &ended))
		return -1;
	return difftime(timegm(&ended), timegm(&began));
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void write_row(struct text *t, const struct lineage *l, const json_t *setting)
{
	const json_t *models = json_object_get(setting, "models"), *id;
	double *s = die_malloc((json_array_size(models) + 1) * sizeof *s);
	size_t n = 0, i;
	json_array_foreach (models, i, id) {
		const struct lineage_entry *entry = lineage_find(l, json_string_value(id));
		double own = entry ? seconds(entry->statement) : -1;
		if (own >= 0)
			s[n++] = own;
	}
	qsort(s, n, sizeof *s, ascending);
	setting_row(t, setting);
	text_add(t, "<td>%zu</td>", n);
	if (n)
		text_add(t, "<td>%.0f</td><td>%.0f</td><td>%.0f</td></tr>\n", s[n / 2], s[0], s[n - 1]);
	else
		text_add(t, "<td>&ndash;</td><td>&ndash;</td><td>&ndash;</td></tr>\n");
	free(s);
}

static void write_times(struct text *t, const struct artifact *study)
{
	static const char *const titles[] = {"setting", "trainings", "median s", "least", "most", NULL};
	json_t *all = table_read(study), *setting;
	struct lineage *l = lineage_open();
	size_t i;
	text_add(t, "<p>Wall-clock seconds of a training, beside whatever else its machine did.</p>\n");
	cells_begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach (json_object_get(all, "settings"), i, setting)
		write_row(t, l, setting);
	cells_end(t);
	lineage_close(l);
	json_decref(all);
}

char *times_put_out(const struct artifact *study, const char *name, const void *bytes, size_t *n_bytes)
{
	struct text t = {0};
	if (strcmp(name, "index.html"))
		return NULL;
	char *page = die_printf("%.*s", (int)*n_bytes, (const char *)bytes), *at = strstr(page, times_place);
	if (!at)
		BUG("a page without a place for its times");
	text_add(&t, "%.*s", (int)(at - page), page);
	write_times(&t, study);
	text_add(&t, "%s", at + strlen(times_place));
	free(page);
	*n_bytes = t.n;
	return t.bytes;
}
