/* Prints the code identity of a stage (store/code.h) from the trace of its link (--trace given twice: newer
 * linkers name only the archives otherwise). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/args.h"
#include "common/die.h"
#include "common/file.h"
#include "store/code.h"

static bool is_list;

static const struct arg options[] = {
	{"list", NULL, "print the text that is hashed: a digest and path per source", .flag = &is_list}, {0}};

static const struct args args = {
	.purpose = "Print the SHA-256 of the sources in a stage's link, without comments and layout",
	.synopsis = "codeid [--list] < TRACE",
	.options = options,
	.example = "build/bin/codeid --list < build/code/pretrain.trace",
	.see_also = "docs/stages.md"};

static void add_trace(struct code *c)
{
	struct error e = {0};
	char *line = NULL;
	size_t room = 0;
	bool has_members = false;
	while (getline(&line, &room, stdin) >= 0) {
		line[strcspn(line, "\n")] = 0;
		has_members |= strstr(line, ".a(") || line[0] == '(';
		if (code_add_object(c, line, &e) < 0)
			die("%s (needed by '%s'); run it from the root of the sources", error_text(&e), line);
	}
	if (!has_members)
		die("the trace names no member of an archive; give the linker --trace twice");
	free(line);
}

int main(int argc, char **argv)
{
	struct code c = {0};
	struct error e = {0};
	char hex[DIGEST_HEX], *list = NULL;

	argc = args_parse(argc, argv, &args);
	if (argc != 0)
		die_usage("takes no arguments: the trace comes on stdin");
	add_trace(&c);
	if (!c.n)
		die("no source of ours in the trace");
	if (code_identity(&c, hex, &list, &e) < 0)
		die("%s", error_text(&e));
	fputs(is_list ? list : hex, stdout);
	if (!is_list)
		putchar('\n');
	if (fflush(stdout))
		die("cannot write to stdout");
	free(list);
	code_release(&c);

	return 0;
}
