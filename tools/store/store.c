/* The store's command line: what is in it, where it came from, whether it is sound, what may go. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/bundle.h"
#include "audit/deposit.h"
#include "common/args.h"
#include "common/die.h"
#include "common/file.h"
#include "common/printable.h"
#include "onnx/onnx.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/compare.h"
#include "store/conflicts.h"
#include "store/endorse.h"
#include "store/export.h"
#include "store/folder.h"
#include "store/forget.h"
#include "store/fsck.h"
#include "store/holders.h"
#include "store/lineage.h"
#include "store/list.h"
#include "store/objects.h"
#include "store/pinning.h"
#include "store/show.h"
#include "store/signers.h"
#include "store/signing.h"
#include "store/stats.h"
#include "store/sweep.h"
#include "store/value.h"
#include "tools/store/verify.h"

#define COMMANDS                                                                                             \
	"ls, show, get, log, diff, verify, export, refs, forget, stats, fsck, gc, pin, unpin, pins, "        \
	"keygen, sign, trust, conflicts"

static bool is_delete, is_chain, is_repair;
static const char *grace_days = "1", *n_records = "3", *note = "";
static const char **runs;

static const struct arg options[] = {
	{"records", "N", "show, diff: records to print per table (3)", .text = &n_records},
	{"delete", NULL, "gc, forget: remove, do not only list", .flag = &is_delete},
	{"chain", NULL, "verify: also all that the artifact was made of", .flag = &is_chain},
	{"grace-days", "N", "gc: keep what was made or used in the last N days (1)", .text = &grace_days},
	{"repair", NULL, "fsck: mend what can be mended; nothing is deleted that cannot be had again",
	 .flag = &is_repair},
	{"note", "TEXT", "pin: why", .text = &note},
	{"runs", "DIR", "where runs are, for ls, forget, gc, fsck, stats, pin (build/runs); may repeat",
	 .list = &runs},
	{0}};

static const struct args args = {
	.purpose = "Look into the store ($EINTHOVEN_STORE, else .store)",
	.synopsis =
		"store ls | show ID | get ID TABLE KEY | log ID | diff ID ID | verify [ID ...] |\n"
		"             export ID FILE | refs PATIENT [ID] | forget PATIENT [ID] |\n"
		"             stats | fsck | gc | pin ID|RUN | unpin ID|RUN | pins |\n"
		"             keygen [FILE] | sign [ID ...] | trust | conflicts\n\n"
		"  ls             list the objects: id, kind, stage, records, size, last use, who signed "
		"how\n"
		"                 it was made, runs/arms\n"
		"  show ID        print an object's header, tables and first records\n"
		"  get ID TABLE KEY\n"
		"                 print one value whole; KEY: a record's id or number (with :PART), a name\n"
		"  log ID         print how it was made, back to the raw files\n"
		"  diff ID ID     print what differs: params, inputs, code, header, tables, records\n"
		"  verify [ID]    check every digest (of all objects and entries); name what is damaged;\n"
		"                 with --chain ID all that the artifact was made of, back to the raw data;\n"
		"                 of a bundle (FILE.tar): the chain in it, without a store\n"
		"  export ID FILE embeddings and signals to .npz, network to .safetensors, scores and\n"
		"                 predictions to .csv; model and scores to .onnx: encoder and classifier;\n"
		"                 a chain to .crate (RO-Crate) and .intoto.jsonl, a model to .md (card),\n"
		"                 records to .croissant: docs/audit.md;\n"
		"                 with a key also FILE.sig, which 'model_signing verify key' checks\n"
		"  refs PATIENT   list what holds a patient, as the dataset names one, and what was made of\n"
		"                 that; with an ID only in it and what was made of it\n"
		"  forget PATIENT list all that, with --delete remove it; say what must run again\n"
		"  stats          how much there is of what, and how much of it nobody needs\n"
		"  fsck           check all of the store and name what is damaged, missing or left over;\n"
		"                 with --repair mend it: from the remote, or by what make makes\n"
		"  gc             list what no run, pin or running stage needs; with --delete move it to\n"
		"                 the trash, and remove what has been there for the grace time\n"
		"  pin ID|RUN     keep an artifact, or all that a run has, and what it was made of\n"
		"  unpin ID|RUN   take that back\n"
		"  pins           list the pins, and whose they are\n"
		"  keygen [FILE]  make a key to sign with ($EINTHOVEN_KEY, else\n"
		"                 ~/.config/einthoven/key.pem); print its lines for trust.yaml\n"
		"  sign [ID]      sign the entries that are unsigned, once they and their objects were "
		"found\n"
		"                 sound; of these objects also what others have signed, beside them\n"
		"  trust          print whose signatures are taken here, and which key is ours\n"
		"  conflicts      list actions that gave several results\n\n"
		"ID: an id, 4 or more of its first digits, or a file that holds it "
		"(build/runs/default/probe.id)",
	.options = options,
	.example = "store log build/runs/default/probe.id",
	.see_also = "docs/store.md, docs/artifact.md, docs/stages.md"};

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

static const char *const usual_runs[] = {"build/runs", NULL}, *const no_runs[] = {NULL};

/* The folders of runs: those named, or the usual one if it is there. */
static const char *const *runs_or_none(void)
{
	return runs ? runs : file_exists(usual_runs[0]) ? usual_runs : no_runs;
}

static int run_ls(char **operands)
{
	(void)operands;
	list_objects(stdout, runs_or_none());
	return 0;
}

/* One line; what others wrote is in it. Frees it. */
static void print_line(char *line)
{
	printf("%s\n", printable(line));
	free(line);
}

/* Who says how it was made. */
static void show_maker(const char *id)
{
	struct lineage *l = lineage_open();
	const struct lineage_entry *entry = lineage_find(l, id);
	char word[96];
	if (entry)
		print_line(die_printf("made by   %s, action %.12s, %s", entry->stage, entry->key,
				      verdict_word(&entry->verdict, word)));
	lineage_close(l);
}

static int run_show(char **operands)
{
	char id[DIGEST_HEX];
	resolve(id, operands[0]);
	struct artifact *a = artifact_open(id, NULL);
	show_artifact(stdout, a, (int)number(n_records, "records"));
	artifact_close(a);
	show_maker(id);
	return 0;
}

static int run_get(char **operands)
{
	char id[DIGEST_HEX];
	uint8_t key[VALUE_KEY];
	size_t key_bytes;
	struct artifact_value v;
	struct error e = {0};
	resolve(id, operands[0]);
	struct artifact *a = artifact_open(id, NULL);
	if (value_find(&v, key, &key_bytes, a, operands[1], operands[2], &e) < 0)
		die("%s", error_text(&e));
	value_print(stdout, a, operands[1], key, v);
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

static int verify_named(char **operands)
{
	json_t *ids = json_array();
	if (!operands[0])
		die_usage("verify --chain needs an ID");
	for (; *operands; operands++) {
		char id[DIGEST_HEX];
		resolve(id, *operands);
		json_array_append_new(ids, json_string(id));
	}
	bool holds = verify_chains(ids);
	json_decref(ids);
	return !holds;
}

static int run_verify(char **operands)
{
	bool is_all = !operands[0], holds = true;
	if (is_chain)
		return verify_named(operands);
	if (!is_all && bundle_is_name(operands[0])) {
		for (; *operands; operands++)
			holds &= verify_bundle(*operands);
		return !holds;
	}
	char(*ids)[DIGEST_HEX] = NULL;
	size_t n = is_all ? objects_list(&ids) : 0;
	for (; !is_all && operands[n]; n++) {
		ids = die_realloc(ids, (n + 1) * sizeof *ids);
		resolve(ids[n], operands[n]);
	}
	holds = verify_objects((const char(*)[DIGEST_HEX])ids, n, is_all);
	free(ids);
	return !holds;
}

static int run_export(char **operands)
{
	char id[DIGEST_HEX];
	struct error e = {0};
	resolve(id, operands[0]);
	struct artifact *a = artifact_open(id, NULL);
	if (deposit_is_name(operands[1])) {
		if (deposit_export(a, operands[1], &e) < 0)
			die("%s", error_text(&e));
		artifact_close(a);
		return 0; /* what is signed in it are the entries */
	}
	if ((onnx_is_name(operands[1]) ? onnx_export : export_artifact)(a, operands[1], &e) < 0)
		die("%s", error_text(&e));
	if (export_sign(operands[1], id, &e) < 0)
		die("%s", error_text(&e));
	artifact_close(a);
	return 0;
}

static int run_gc(char **operands)
{
	struct sweep s = {runs ? runs : usual_runs, 86400.0 * (double)number(grace_days, "grace-days"),
			  is_delete};
	(void)operands;
	sweep_store(stdout, &s);
	return 0;
}

static int run_stats(char **operands)
{
	(void)operands;
	stats_print(stdout, runs_or_none(), 86400.0 * (double)number(grace_days, "grace-days"));
	return 0;
}

static int run_fsck(char **operands)
{
	struct fsck f = {runs_or_none(), is_repair};
	(void)operands;
	return fsck_store(stdout, &f) > 0;
}

static int run_pin(char **operands)
{
	pinning_add(stdout, operands[0], runs_or_none(), note);
	return 0;
}

static int run_unpin(char **operands)
{
	pinning_remove(stdout, operands[0], runs_or_none());
	return 0;
}

static int run_pins(char **operands)
{
	(void)operands;
	pinning_list(stdout);
	return 0;
}

static int run_refs(char **operands)
{
	char id[DIGEST_HEX];
	struct lineage *l = lineage_open();
	if (operands[1])
		resolve(id, operands[1]);
	struct holders *h = holders_find(operands[0], operands[1] ? id : NULL, l);
	holders_print(stdout, h, l);
	if (h->n)
		printf("%zu artifacts hold patient '%s', %zu are made of these\n", h->n_rows, operands[0],
		       h->n - h->n_rows);
	else
		printf("no artifact holds patient '%s'\n", operands[0]);
	int status = h->n_damaged > 0;
	holders_free(h);
	lineage_close(l);
	return status;
}

static int run_forget(char **operands)
{
	char id[DIGEST_HEX];
	if (operands[1])
		resolve(id, operands[1]);
	struct forget f = {operands[0], operands[1] ? id : NULL, runs_or_none(), is_delete};
	forget_patient(stdout, &f);
	return 0;
}

static int run_keygen(char **operands)
{
	struct error e = {0};
	const char *path = operands[0] ? operands[0] : signing_key_path();
	if (!path)
		die("name a file for the key, or set EINTHOVEN_KEY");
	if (key_make(path, &e) < 0)
		die("%s", error_text(&e));
	fprintf(stderr,
		"store: made the private key %s: show it to nobody, and keep a copy in a safe place.\n",
		path);
	signers_print_new(stdout, path);
	return 0;
}

static int run_sign(char **operands)
{
	char(*ids)[DIGEST_HEX] = NULL;
	size_t n = 0;
	for (; operands[n]; n++) {
		ids = die_realloc(ids, (n + 1) * sizeof *ids);
		resolve(ids[n], operands[n]);
	}
	size_t n_failed = endorse_entries(stdout, (const char(*)[DIGEST_HEX])ids, n);
	free(ids);
	return n_failed > 0;
}

static int run_trust(char **operands)
{
	(void)operands;
	signers_print(stdout);
	return 0;
}

static int run_conflicts(char **operands)
{
	(void)operands;
	conflicts_list(stdout);
	return 0;
}

static const struct command {
	const char *name;
	int least, most; /* operands */
	const char *takes;
	int (*run)(char **operands);
} commands[] = {
	{"ls", 0, 0, "no operand", run_ls},
	{"show", 1, 1, "one ID", run_show},
	{"get", 3, 3, "an ID, a TABLE and a KEY", run_get},
	{"log", 1, 1, "one ID", run_log},
	{"diff", 2, 2, "two IDs", run_diff},
	{"verify", 0, 1 << 20, "IDs", run_verify},
	{"export", 2, 2, "an ID and a FILE", run_export},
	{"refs", 1, 2, "a PATIENT, and maybe an ID", run_refs},
	{"forget", 1, 2, "a PATIENT, and maybe an ID", run_forget},
	{"stats", 0, 0, "no operand", run_stats},
	{"fsck", 0, 0, "no operand", run_fsck},
	{"gc", 0, 0, "no operand", run_gc},
	{"pin", 1, 1, "one ID or RUN", run_pin},
	{"unpin", 1, 1, "one ID or RUN", run_unpin},
	{"pins", 0, 0, "no operand", run_pins},
	{"keygen", 0, 1, "at most one FILE", run_keygen},
	{"sign", 0, 1 << 20, "IDs", run_sign},
	{"trust", 0, 0, "no operand", run_trust},
	{"conflicts", 0, 0, "no operand", run_conflicts},
};

static bool needs_no_store(const struct command *c)
{
	return c->run == run_keygen || c->run == run_trust;
}

int main(int argc, char **argv)
{
	argc = args_parse(argc, argv, &args);
	if (argc < 1)
		die_usage("needs a command: " COMMANDS);

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		const struct command *c = &commands[i];
		if (strcmp(argv[0], c->name))
			continue;
		if (argc - 1 < c->least || argc - 1 > c->most)
			die_usage("%s takes %s, got %d", c->name, c->takes, argc - 1);
		bool is_bundle = argc > 1 && bundle_is_name(argv[1]);
		if (!needs_no_store(c) && !is_bundle && !file_exists(artifact_store_path()))
			die("%s: no store there; EINTHOVEN_STORE names it, the first stage makes it",
			    artifact_store_path());
		if (!needs_no_store(c) && c->run != run_fsck) /* which says more */
			folder_refuse_links();
		int status = c->run(argv + 1);
		if (fflush(stdout) || ferror(stdout))
			die("cannot write to stdout");
		free(runs);
		return status;
	}

	die_usage("unknown command '%s'; there are " COMMANDS, argv[0]);
}
