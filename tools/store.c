/* The store's command line: what is in it, where it came from, whether it is sound, what may go. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/args.h"
#include "common/die.h"
#include "common/file.h"
#include "onnx/onnx.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/compare.h"
#include "store/export.h"
#include "store/lineage.h"
#include "store/objects.h"
#include "store/show.h"
#include "store/sweep.h"

static bool is_delete;
static const char *grace_days = "1", *n_records = "3";
static const char **runs;

static const struct arg options[] = {
	{"records", "N", "show, diff: records to print per table (3)", .text = &n_records},
	{"delete", NULL, "gc: remove, do not only list", .flag = &is_delete},
	{"grace-days", "N", "gc: keep what was made or used in the last N days (1)", .text = &grace_days},
	{"runs", "DIR", "gc: keep what runs in DIR need (build/runs); may repeat", .list = &runs},
	{0}};

static const struct args args = {
	.purpose = "Look into the store ($EINTHOVEN_STORE, else .store)",
	.synopsis =
		"store ls | show ID | log ID | diff ID ID | verify [ID ...] | export ID FILE | gc\n\n"
		"  ls             list the objects: id, kind, stage, records, size, last use\n"
		"  show ID        print an object's header, tables and first records\n"
		"  log ID         print how it was made, back to the raw files\n"
		"  diff ID ID     print what differs: params, inputs, code, header, tables, records\n"
		"  verify [ID]    check every digest (of all objects and entries); name what is damaged\n"
		"  export ID FILE embeddings and signals to .npz, network to .safetensors, scores to .csv;\n"
		"                 model and scores to .onnx: encoder and classifier for other programs\n"
		"  gc             list what no run needs, or remove it\n\n"
		"ID: an id, 4 or more of its first digits, or a file that holds it "
		"(build/runs/default/probe.id)",
	.options = options,
	.example = "store log build/runs/default/probe.id",
	.see_also = "docs/artifact.md, docs/stages.md"};

static long number(const char *text, const char *option)
{
	char *end;
	long n = strtol(text, &end, 10);
	if (!*text || *end || n < 0 || n > 1000000)
		die_usage("--%s needs a whole number, got '%s'", option, text);
	return n;
}

static void resolve(char id[DIGEST_HEX], const char *name)
{
	struct error e = {0};
	if (objects_resolve(id, name, &e) < 0)
		die("%s", error_text(&e));
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

static void list_one(const char *id, const struct lineage *l)
{
	struct error e = {0};
	struct stat s = {0};
	char *path = artifact_path(id), size[16], when[32];

	stat(path, &s);
	free(path);
	struct artifact *a = artifact_try(id, &e);
	if (!a) {
		printf("%.12s  damaged: %s\n", id, error_text(&e));
		return;
	}

	const struct lineage_entry *entry = lineage_find(l, id);
	strftime(when, sizeof when, "%Y-%m-%d %H:%M", localtime(&s.st_mtime));
	printf("%.12s  %-11s %-11s %9llu  %8s  %s\n", id, artifact_kind(a), entry ? entry->stage : "-",
	       count_records(a), show_size(size, (unsigned long long)s.st_size), when);
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

static int run_ls(char **operands)
{
	char(*ids)[DIGEST_HEX];
	size_t n = objects_list(&ids);
	struct dated *list = die_malloc(n * sizeof *list);
	struct lineage *l = lineage_open();
	(void)operands;
	for (size_t i = 0; i < n; i++)
		list[i] = (struct dated){date_of(ids[i]), ids[i]};
	qsort(list, n, sizeof *list, compare_dates);
	for (size_t i = 0; i < n; i++)
		list_one(list[i].id, l);
	lineage_close(l);
	free(list);
	free(ids);
	return 0;
}

static int run_show(char **operands)
{
	char id[DIGEST_HEX];
	resolve(id, operands[0]);
	struct artifact *a = artifact_open(id, NULL);
	show_artifact(stdout, a, (int)number(n_records, "records"));
	artifact_close(a);
	return 0;
}

static int run_log(char **operands)
{
	char id[DIGEST_HEX];
	struct lineage *l = lineage_open();
	resolve(id, operands[0]);
	lineage_print(stdout, l, id);
	lineage_close(l);
	return 0;
}

static int run_diff(char **operands)
{
	char first[DIGEST_HEX], second[DIGEST_HEX];
	resolve(first, operands[0]);
	resolve(second, operands[1]);
	struct lineage *l = lineage_open();
	struct artifact *a = artifact_open(first, NULL), *b = artifact_open(second, NULL);
	if (!compare_artifacts(stdout, a, b, l, (int)number(n_records, "records")))
		printf("no difference\n");
	artifact_close(a);
	artifact_close(b);
	lineage_close(l);
	return 0;
}

/* Returns whether the object is sound. */
static bool verify_one(const char *id)
{
	struct error e = {0};
	if (artifact_verify(id, &e) == 0)
		return true;
	printf("%s\n", error_text(&e));
	return false;
}

struct count {
	size_t n, n_bad;
};

static void verify_action(const char *key, const char *id, const json_t *statement, void *context)
{
	struct count *c = context;
	(void)id;
	c->n++;
	if (action_is_keyed(key, statement))
		return;
	printf("action entry %s is damaged: its action does not hash to its key; remove "
	       "%s/actions/%.2s/%s.json\n",
	       key, artifact_store_path(), key, key);
	c->n_bad++;
}

static void note_bad_action(const char *why, void *context)
{
	struct count *c = context;
	printf("action entry is damaged: %s; remove it\n", why);
	c->n++;
	c->n_bad++;
}

static int run_verify(char **operands)
{
	char(*ids)[DIGEST_HEX] = NULL;
	struct count objects = {0}, actions = {0};
	if (!operands[0])
		objects.n = objects_list(&ids);

	for (; operands[0] && operands[objects.n]; objects.n++) {
		ids = die_realloc(ids, (objects.n + 1) * sizeof *ids);
		resolve(ids[objects.n], operands[objects.n]);
	}

	for (size_t i = 0; i < objects.n; i++)
		objects.n_bad += !verify_one(ids[i]);
	if (!operands[0])
		action_each(verify_action, note_bad_action, &actions);
	if (actions.n_bad)
		printf("%zu action entries verified, %zu damaged\n", actions.n, actions.n_bad);
	printf("%zu objects verified, %zu damaged\n", objects.n, objects.n_bad);
	free(ids);

	return objects.n_bad + actions.n_bad > 0;
}

static int run_export(char **operands)
{
	char id[DIGEST_HEX];
	struct error e = {0};
	resolve(id, operands[0]);
	struct artifact *a = artifact_open(id, NULL);
	if ((onnx_is_name(operands[1]) ? onnx_export : export_artifact)(a, operands[1], &e) < 0)
		die("%s", error_text(&e));
	artifact_close(a);
	return 0;
}

static int run_gc(char **operands)
{
	static const char *const usual[] = {"build/runs", NULL};
	struct sweep s = {runs ? runs : usual, 86400.0 * (double)number(grace_days, "grace-days"), is_delete};
	(void)operands;
	sweep_store(stdout, &s);
	return 0;
}

static const struct command {
	const char *name;
	int least, most; /* operands */
	int (*run)(char **operands);
} commands[] = {
	{"ls", 0, 0, run_ls},	  {"show", 1, 1, run_show},	      {"log", 1, 1, run_log},
	{"diff", 2, 2, run_diff}, {"verify", 0, 1 << 20, run_verify}, {"export", 2, 2, run_export},
	{"gc", 0, 0, run_gc},
};

int main(int argc, char **argv)
{
	argc = args_parse(argc, argv, &args);
	if (argc < 1)
		die_usage("needs a command: ls, show, log, diff, verify, export or gc");

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		const struct command *c = &commands[i];
		if (strcmp(argv[0], c->name))
			continue;
		if (argc - 1 < c->least || argc - 1 > c->most)
			die_usage("%s takes %s, got %d", c->name,
				  c->most == 0		 ? "no operand"
				  : c->most == 1	 ? "one ID"
				  : c->run == run_export ? "an ID and a FILE"
							 : "two IDs",
				  argc - 1);
		if (!file_exists(artifact_store_path()))
			die("%s: no store there; EINTHOVEN_STORE names it, the first stage makes it",
			    artifact_store_path());
		int status = c->run(argv + 1);
		if (fflush(stdout) || ferror(stdout))
			die("cannot write to stdout");
		free(runs);
		return status;
	}

	die_usage("unknown command '%s'; there are ls, show, log, diff, verify, export and gc", argv[0]);
}
