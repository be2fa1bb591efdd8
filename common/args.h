/*
 * Command lines in git's manner: long options only, no abbreviations, `--name VALUE` or `--name=VALUE`, `--`
 * ends options. `--help` prints to stdout and exits 0; a wrong option prints one line to stderr and exits 2.
 *
 *	static const char *build; static bool is_quiet;
 *	static const struct arg options[] = {
 *		{"build", "DIR", "folder of this run", .text = &build},
 *		{"quiet", NULL, "say nothing", .flag = &is_quiet},
 *		{0}};
 *	argc = args_parse(argc, argv, &(struct args){.purpose = "...", .synopsis = "...",
 *						       .options = options, .example = "..."});
 */
#ifndef COMMON_ARGS_H
#define COMMON_ARGS_H

#include <stdbool.h>

struct arg {
	const char *name;   /* without the dashes; NULL ends the list */
	const char *value;  /* what stands for its value in the help; NULL: a flag */
	const char *help;   /* one line */
	const char **text;  /* where a value goes (borrowed from argv) */
	bool *flag;	    /* where a flag goes */
	const char ***list; /* for an option that may repeat: NULL-terminated array, grown with realloc */
};

struct args {
	const char *purpose;  /* one line */
	const char *synopsis; /* after "usage: " */
	const struct arg *options;
	const char *example;  /* may be NULL */
	const char *see_also; /* may be NULL */
	const char *notes;    /* further text of the help, after the options; may be NULL */
};

/* Removes options from argv and returns the number of operands left; argv[0] is the first operand, argv[n] is
 * NULL. Also sets the program's name for die(), and opens /dev/null where standard input, output or error is
 * closed: call it before any file is opened. Exits on --help and on errors. */
int args_parse(int argc, char **argv, const struct args *args);

#endif
