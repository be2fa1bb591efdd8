#include "store/stats.h"

#include <ftw.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "common/die.h"
#include "store/artifact.h"
#include "store/needed.h"
#include "store/objects.h"
#include "store/roots.h"
#include "store/show.h"

enum { MAX_LINES = 64 }; /* stages and kinds */

struct line {
	char what[48]; /* "fetch       records" */
	unsigned long long n, n_bytes, free_bytes;
	time_t last;
};

struct stats {
	const struct needed *needed;
	struct line line[MAX_LINES], sum;
	int n_lines;
	json_t *users; /* id -> {run: true} */
	unsigned long long n_shared, shared_bytes;
};

/* ---- objects ---- */

static struct line *line_of(struct stats *s, const struct lineage_entry *entry)
{
	char what[48];
	const char *kind = entry ? json_string_value(json_object_get(entry->action, "kind")) : NULL;
	snprintf(what, sizeof what, "%-11.20s  %-11.20s", entry ? entry->stage : "-", kind ? kind : "-");
	for (int i = 0; i < s->n_lines; i++)
		if (!strcmp(s->line[i].what, what))
			return &s->line[i];
	if (s->n_lines == MAX_LINES)
		return &s->line[MAX_LINES - 1];
	strcpy(s->line[s->n_lines].what, what);
	return &s->line[s->n_lines++];
}

static void count(struct line *l, unsigned long long n_bytes, bool is_needed, time_t used)
{
	l->n++;
	l->n_bytes += n_bytes;
	l->free_bytes += is_needed ? 0 : n_bytes;
	l->last = used > l->last ? used : l->last;
}

static void count_object(struct stats *s, const char *id)
{
	struct stat st;
	char *path = artifact_path(id);
	if (stat(path, &st) == 0) {
		unsigned long long n_bytes = (unsigned long long)st.st_size;
		bool is_needed = needed_why(s->needed, id) != NULL;
		time_t used = artifact_used(id);
		count(line_of(s, lineage_find(needed_lineage(s->needed), id)), n_bytes, is_needed, used);
		count(&s->sum, n_bytes, is_needed, used);
		if (json_object_size(json_object_get(s->users, id)) > 1) {
			s->n_shared++;
			s->shared_bytes += n_bytes;
		}
	}
	free(path);
}

static void print_line(FILE *out, const struct line *l)
{
	char size[16], unneeded[16], when[32] = "";
	if (l->n)
		strftime(when, sizeof when, "%Y-%m-%d %H:%M", localtime(&l->last));
	fprintf(out, "%-24s  %7llu  %9s  ", l->what, l->n, show_size(size, l->n_bytes));
	fprintf(out, "%9s  %s\n", show_size(unneeded, l->free_bytes), when);
}

static int compare(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	return x->n_bytes != y->n_bytes ? (x->n_bytes < y->n_bytes ? 1 : -1) : strcmp(x->what, y->what);
}

/* ---- who uses them ---- */

static void note_user(struct stats *s, const char *id, const char *run)
{
	json_t *runs = json_object_get(s->users, id);
	if (!runs)
		json_object_set_new(s->users, id, runs = json_object());
	json_object_set_new(runs, run, json_true());
}

static void note_root(const struct root *root, void *context)
{
	if (roots_counts(root))
		note_user(context, *root->id_now ? root->id_now : root->id, root->folder);
}

/* ---- the other folders ---- */

static unsigned long long n_files, n_bytes; /* nftw passes no context */

static int add(const char *path, const struct stat *s, int type, struct FTW *where)
{
	(void)path, (void)where;
	n_files += type == FTW_F;
	n_bytes += type == FTW_F ? (unsigned long long)s->st_size : 0;
	return 0;
}

static void print_folder(FILE *out, const char *name, const char *what)
{
	char size[16], *path = die_printf("%s/%s", artifact_store_path(), name);
	n_files = n_bytes = 0;
	nftw(path, add, 16, FTW_PHYS);
	if (n_files)
		fprintf(out, "%-24s  %7llu  %9s  %s\n", name, n_files, show_size(size, n_bytes), what);
	free(path);
}

static void print_folders(FILE *out)
{
	static const struct {
		const char *name, *what;
	} folders[] = {{"actions", "what made them"},
		       {"arriving", "of pulls that were ended; the next goes on with it"},
		       {"checkpoints", "of stages that can go on after a stop"},
		       {"conflicts", "other results of the same action"},
		       {"damaged", "moved aside by fsck; gc removes it after a month"},
		       {"downloads", "whole or begun"},
		       {"forgotten", "ids that are taken from no remote"},
		       {"locks", "of stages that run, or were killed"},
		       {"pins", "'store pins' lists them"},
		       {"roots", "runs that use the store"},
		       {"tmp", "files in the making, or of killed processes"},
		       {"trash", "gc removes it after the grace time"}};
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		print_folder(out, folders[i].name, folders[i].what);
}

static void print_disk(FILE *out)
{
	struct statvfs disk;
	char available[16], all[16];
	if (statvfs(artifact_store_path(), &disk) == 0)
		fprintf(out, "disk: %s of %s are free\n",
			show_size(available, (unsigned long long)disk.f_bavail * disk.f_frsize),
			show_size(all, (unsigned long long)disk.f_blocks * disk.f_frsize));
}

void stats_print(FILE *out, const char *const *runs, double grace_s)
{
	struct needed *needed = needed_find(runs, grace_s, false);
	struct stats s = {.needed = needed, .users = json_object(), .sum = {.what = "all"}};
	char(*ids)[DIGEST_HEX], size[16];
	size_t n = objects_in("objects", &ids);

	roots_each(note_root, NULL, &s);
	for (size_t i = 0; i < n; i++)
		count_object(&s, ids[i]);
	qsort(s.line, (size_t)s.n_lines, sizeof *s.line, compare);
	fprintf(out, "%-24s  %7s  %9s  %9s  %s\n", "stage        kind", "objects", "size", "unneeded",
		"last use");
	for (int i = 0; i < s.n_lines; i++)
		print_line(out, &s.line[i]);
	print_line(out, &s.sum);
	if (s.n_shared)
		fprintf(out, "%llu objects, %s are used by more than one run\n", s.n_shared,
			show_size(size, s.shared_bytes));
	print_folders(out);
	print_disk(out);

	free(ids);
	json_decref(s.users);
	needed_free(needed);
}
