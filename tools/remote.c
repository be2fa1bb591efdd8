/*
 * Sharing artifacts with a remote: push and pull are a user's, take and give a stage's (store/stage.c starts
 * them, so that no stage loads a network library).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/args.h"
#include "common/die.h"
#include "remote/pull.h"
#include "remote/push.h"
#include "store/objects.h"
#include "store/publish.h"

#define COMMANDS "push, pull"

static const char *url;
static const struct arg options[] = {
	{"remote", "URL", "the remote (as $EINTHOVEN_REMOTE or store.yaml say)", .text = &url}, {0}};

static const struct args args = {
	.purpose = "Share artifacts and what made them with a remote: a folder or a server",
	.synopsis = "remote push ID... | pull ID...\n\n"
		    "  push ID        send artifacts\n"
		    "  pull ID        bring artifacts into the store\n",
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

static int run_push(const struct sharing *remote, char **operands)
{
	struct push_sum sum = {0};
	for (; *operands; operands++) {
		char id[DIGEST_HEX];
		struct error e = {0};
		resolve(id, *operands);
		if (push_artifact(remote, id, &sum, &e) < 0)
			die("%s", error_text(&e));
	}
	printf("%llu artifacts, %llu were there; %llu of %llu segments sent, %llu of %llu bytes\n",
	       (unsigned long long)sum.n_artifacts, (unsigned long long)sum.n_present,
	       (unsigned long long)sum.n_segments_sent, (unsigned long long)sum.n_segments,
	       (unsigned long long)sum.n_sent, (unsigned long long)sum.n_bytes);
	return 0;
}

static int run_pull(const struct sharing *remote, char **operands)
{
	struct pull_sum sum = {0};
	for (; *operands; operands++) {
		char id[DIGEST_HEX];
		struct error e = {0};
		resolve(id, *operands);
		int status = pull_artifact(remote, id, &sum, &e);
		if (status < 0)
			die("%s", error_text(&e));
		if (!status)
			die("the remote %s has no artifact %.12s", remote->url, id);
	}
	return 0;
}

static const struct command {
	const char *name;
	int (*run)(const struct sharing *remote, char **operands);
} commands[] = {{"push", run_push}, {"pull", run_pull}};

int main(int argc, char **argv)
{
	argc = args_parse(argc, argv, &args);
	if (argc < 1)
		die_usage("needs a command: " COMMANDS);

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(argv[0], commands[i].name))
			continue;
		struct sharing remote;
		read_sharing(&remote);
		publish_clean();
		int status = commands[i].run(&remote, argv + 1);
		sharing_release(&remote);
		if (fflush(stdout) || ferror(stdout))
			die("cannot write to stdout");
		return status;
	}

	die_usage("unknown command '%s'; there are " COMMANDS, argv[0]);
}
