#include "store/list.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/die.h"
#include "common/printable.h"
#include "store/artifact.h"
#include "store/lineage.h"
#include "store/objects.h"
#include "store/runs.h"
#include "store/show.h"

enum { SHOWN = 3 }; /* runs of an object */

struct listing {
	FILE *out;
	struct lineage *lineage;
	json_t *runs; /* id -> runs and arms that name it */
};

/* A run names an artifact once, whichever of its stages it is. */
static void note_run(const char *run, const char *stage, const char *id, void *context)
{
	json_t *all = context, *list = json_object_get(all, id);
	size_t n = json_array_size(list);
	(void)stage;
	if (n && !strcmp(json_string_value(json_array_get(list, n - 1)), run))
		return;
	if (!list)
		json_object_set_new(all, id, list = json_array());
	json_array_append_new(list, json_string(run));
}

/* "  default other/halves +3"; yours to free. */
static char *runs_text(const json_t *list)
{
	size_t n = json_array_size(list);
	char *text = die_strdup("");
	for (size_t i = 0; i < n && i < SHOWN; i++) {
		char *longer = die_printf("%s%s%s", text, i ? " " : "  ",
					  json_string_value(json_array_get(list, i)));
		free(text);
		text = longer;
	}
	char *all = n > SHOWN ? die_printf("%s +%zu", text, n - SHOWN) : die_strdup(text);
	free(text);
	return all;
}

/* Who says how it was made. */
static const char *signer_of(const struct lineage_entry *entry, char word[96])
{
	return !entry						? "-"
	       : *entry->verdict.who && entry->verdict.is_taken ? entry->verdict.who
								: verdict_word(&entry->verdict, word);
}

static unsigned long long count_records(const struct artifact *a)
{
	unsigned long long n = 0;
	const char *name;
	json_t *table;
	json_object_foreach (json_object_get(artifact_header(a), "tables"), name, table)
		n += (unsigned long long)json_integer_value(json_object_get(table, "count"));
	return n;
}

static void list_one(const struct listing *l, const char *id)
{
	struct error e = {0};
	struct stat s = {0};
	char *path = artifact_path(id), size[16], when[32];

	stat(path, &s);
	free(path);
	struct artifact *a = artifact_try(id, &e);
	if (!a) {
		fprintf(l->out, "%.12s  %s: %s\n", id, e.cause ? "unreadable" : "damaged", error_text(&e));
		return;
	}

	const struct lineage_entry *entry = lineage_find(l->lineage, id);
	strftime(when, sizeof when, "%Y-%m-%d %H:%M", localtime(&s.st_mtime));
	char word[96], *runs = runs_text(json_object_get(l->runs, id));
	char *line = die_printf("%.12s  %-11s %-11s %9llu  %8s  %s  %-11s%s", id, artifact_kind(a),
				entry ? entry->stage : "-", count_records(a),
				show_size(size, (unsigned long long)s.st_size), when, signer_of(entry, word),
				runs);
	fprintf(l->out, "%s\n", printable(line)); /* kinds, and names of runs, are others' */
	free(line);
	free(runs);
	artifact_close(a);
}

struct dated {
	struct timespec made;
	const char *id;
};

/* Newest first. */
static int compare_dates(const void *a, const void *b)
{
	const struct dated *p = a, *q = b;
	if (p->made.tv_sec != q->made.tv_sec)
		return p->made.tv_sec < q->made.tv_sec ? 1 : -1;
	if (p->made.tv_nsec != q->made.tv_nsec)
		return p->made.tv_nsec < q->made.tv_nsec ? 1 : -1;
	return strcmp(p->id, q->id);
}

static struct timespec date_of(const char *id)
{
	struct stat s = {0};
	char *path = artifact_path(id);
	(void)!stat(path, &s);
	free(path);
	return s.st_mtim;
}

void list_objects(FILE *out, const char *const *runs)
{
	char(*ids)[DIGEST_HEX];
	size_t n = objects_list(&ids);
	struct dated *list = die_malloc(n * sizeof *list);
	struct listing l = {out, lineage_open(), json_object()};
	struct error e = {0};

	for (; *runs; runs++)
		if (runs_each(*runs, note_run, l.runs, &e) < 0)
			warn("%s", error_text(&e));
	for (size_t i = 0; i < n; i++)
		list[i] = (struct dated){date_of(ids[i]), ids[i]};
	qsort(list, n, sizeof *list, compare_dates);
	for (size_t i = 0; i < n; i++)
		list_one(&l, list[i].id);

	lineage_close(l.lineage);
	json_decref(l.runs);
	free(list);
	free(ids);
}
