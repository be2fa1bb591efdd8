/*
 * Sharing artifacts with a remote: push and pull are a user's, take and give a stage's (store/stage.c starts
 * them, so that no stage loads a network library).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/args.h"
#include "common/die.h"
#include "remote/beat.h"
#include "remote/entry.h"
#include "remote/kept.h"
#include "remote/pull.h"
#include "remote/push.h"
#include "store/digest.h"
#include "store/errand.h"
#include "store/folder.h"
#include "store/objects.h"
#include "store/publish.h"

#define COMMANDS "push, pull, take, give"

static const char *url, *records;
static const char **tables;
static struct push_way way;
static const struct arg options[] = {
	{"remote", "URL", "the remote (as $EINTHOVEN_REMOTE or store.yaml say)", .text = &url},
	{"alone", NULL, "push: not what the artifact was made of", .flag = &way.is_alone},
	{"all", NULL, "push: look through what is there too, and replace what is damaged",
	 .flag = &way.is_checked},
	{"table", "NAME", "pull: of an artifact only this table; may repeat", .list = &tables},
	{"records", "A..B", "pull: only records A to B", .text = &records},
	{0}};

static const struct args args = {
	.purpose = "Share artifacts and what made them with a remote: a folder or a server",
	.synopsis =
		"remote push [--all] ID... | pull ID... | pull ID [--table NAME] [--records A..B] |\n"
		"              take KEY | give KEY\n\n"
		"  push ID        send artifacts, all they were made of, and the entries that say so\n"
		"  pull ID        bring artifacts into the store; a part becomes an artifact of its own,\n"
		"                 whose id is printed\n"
		"  take KEY       bring what an action gave, and its entry; exit 3: it is not there\n"
		"  give KEY       send what an action gave, and its entry\n\n"
		"take and give print a dot for each piece that is through\n",
	.options = options,
	.example = "remote push build/runs/default/probe.id --remote /mnt/team/ecg",
	.see_also = "docs/sharing.md"};

static void read_sharing(struct sharing *s)
{
	struct error e = {0};
	if (url) {
		*s = (struct sharing){.url = die_strdup(url), .can_write = true, .timeout_s = 5};
		return;
	}
	if (sharing_read(s, &e) < 0)
		die("%s", error_text(&e));
	if (!s->url)
		die_usage("needs --remote URL, $EINTHOVEN_REMOTE or a store.yaml that names one");
}

static void resolve(char id[DIGEST_HEX], const char *name)
{
	struct error e = {0};
	if (objects_resolve(id, name, &e) < 0)
		die("%s", error_text(&e));
}

static void tell_refused(const struct push_sum *sum)
{
	if (sum->n_refused)
		warn("%llu entries of the remote are not taken here, nor are this store's, so they stay: the "
		     "first %s",
		     (unsigned long long)sum->n_refused, sum->why);
}

static int run_push(const struct sharing *remote, char **operands)
{
	struct push_sum sum = {0};
	struct error e = {0};
	size_t n = 0;
	while (operands[n])
		n++;
	char(*ids)[DIGEST_HEX] = die_malloc((n + 1) * sizeof *ids);
	for (size_t i = 0; i < n; i++)
		resolve(ids[i], operands[i]);
	int status = push_chain(remote, ids, n, &way, &sum, &e);
	if (status < 0 && !sum.n_lost)
		die("%s", error_text(&e));
	printf("%llu artifacts, %llu were there; %llu of %llu segments sent; %llu of %llu entries; %llu "
	       "bytes sent "
	       "of %llu\n",
	       (unsigned long long)sum.n_artifacts, (unsigned long long)sum.n_present,
	       (unsigned long long)sum.n_segments_sent, (unsigned long long)sum.n_segments,
	       (unsigned long long)sum.n_entries_sent, (unsigned long long)sum.n_entries,
	       (unsigned long long)sum.n_sent, (unsigned long long)sum.n_bytes);
	tell_refused(&sum);
	free(ids);
	if (status < 0)
		die("%s", error_text(&e));
	return 0;
}

/* "17..40", "17" */
static void read_range(struct pull_part *part, const char *text)
{
	char *end;
	errno = 0;
	part->has_range = true;
	part->from = part->to = strtoull(text, &end, 10);
	if (!strncmp(end, "..", 2) && end[2] >= '0' && end[2] <= '9')
		part->to = strtoull(end + 2, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || part->to < part->from)
		die_usage("--records takes A..B with A not above B, got '%s'", text);
}

static void pull_one(const struct sharing *remote, const char *id, struct pull_sum *sum)
{
	struct pull_part part = {.tables = tables, .to = UINT64_MAX};
	struct error e = {0};
	char own[DIGEST_HEX];
	if (records)
		read_range(&part, records);
	bool is_part = tables || records;
	int status =
		is_part ? pull_part(remote, id, &part, own, sum, &e) : pull_artifact(remote, id, sum, &e);
	if (status < 0)
		die("artifact %.12s from %s: %s", id, remote->url, error_text(&e));
	if (!status)
		die("the remote %s has no artifact %.12s", remote->url, id);
	if (is_part)
		printf("%s\n", own);
}

static int run_pull(const struct sharing *remote, char **operands)
{
	struct pull_sum sum = {0};
	for (; *operands; operands++) {
		char id[DIGEST_HEX];
		resolve(id, *operands);
		pull_one(remote, id, &sum);
	}
	return 0;
}

static int fail(bool is_reached, const struct error *e)
{
	warn("%s%s", error_text(e), is_reached ? "" : "; going on without the remote");
	return is_reached ? 1 : ERRAND_UNREACHABLE;
}

static void check_key(const char *key)
{
	struct digest d;
	if (digest_parse(&d, key) < 0)
		die_usage("needs a KEY of 64 hexadecimal digits, got '%s'", key);
}

static int run_take(const struct sharing *remote, char **operands)
{
	struct pull_sum sum = {0};
	struct error e = {0};
	bool is_reached = false;
	check_key(operands[0]);
	beat_turn_on();
	int status = entry_take(remote, operands[0], &is_reached, &sum, &e);
	return status < 0 ? fail(is_reached, &e) : status ? 0 : ERRAND_ABSENT;
}

static int run_give(const struct sharing *remote, char **operands)
{
	struct push_sum sum = {0};
	struct error e = {0};
	bool is_reached = false;
	check_key(operands[0]);
	beat_turn_on();
	int status = entry_give(remote, operands[0], false, &is_reached, &sum, &e);
	tell_refused(&sum);
	return status < 0 ? fail(is_reached, &e) : 0;
}

static const struct command {
	const char *name;
	int most; /* operands; 1 at least */
	int (*run)(const struct sharing *remote, char **operands);
} commands[] = {{"push", 1 << 20, run_push},
		{"pull", 1 << 20, run_pull},
		{"take", 1, run_take},
		{"give", 1, run_give}};

int main(int argc, char **argv)
{
	argc = args_parse(argc, argv, &args);
	if (argc < 1)
		die_usage("needs a command: " COMMANDS);

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(argv[0], commands[i].name))
			continue;
		if (argc < 2 || argc - 1 > commands[i].most)
			die_usage("%s takes %s, got %d", argv[0],
				  commands[i].most > 1 ? "one ID or more" : "one KEY", argc - 1);
		struct sharing remote;
		read_sharing(&remote);
		folder_refuse_links();
		publish_clean();
		kept_clean();
		int status = commands[i].run(&remote, argv + 1);
		sharing_release(&remote);
		if (fflush(stdout) || ferror(stdout))
			die("cannot write to stdout");
		return status;
	}

	die_usage("unknown command '%s'; there are " COMMANDS, argv[0]);
}
