#include "common/args.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/die.h"

/* A closed descriptor 0, 1 or 2 would be given to the next file that is opened, and what is printed
 * would go into it. */
static void open_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
			_exit(1); /* nobody could be told */
}

/* Who starts us may ignore SIGCHLD, and that is inherited: then a child's exit code cannot be had. */
static void keep_exit_codes(void)
{
	signal(SIGCHLD, SIG_DFL);
}

static void print_option(const char *name, const char *value, const char *help)
{
	char left[64];
	snprintf(left, sizeof left, "--%s%s%s", name, value ? " " : "", value ? value : "");
	printf("  %-22s %s\n", left, help);
}

static _Noreturn void print_help(const struct args *args)
{
	printf("%s\n\nusage: %s\n\noptions:\n", args->purpose, args->synopsis);
	for (const struct arg *a = args->options; a && a->name; a++)
		print_option(a->name, a->value, a->help);
	print_option("help", NULL, "print this and exit");
	if (args->notes)
		printf("\n%s", args->notes);
	if (args->example)
		printf("\nexample:\n  %s\n", args->example);
	if (args->see_also)
		printf("\nsee also: %s\n", args->see_also);
	if (fflush(stdout))
		die("cannot write the help to stdout");
	exit(0);
}

static const struct arg *find(const struct arg *options, const char *name, size_t n_bytes)
{
	for (const struct arg *a = options; a && a->name; a++)
		if (strlen(a->name) == n_bytes && !memcmp(a->name, name, n_bytes))
			return a;
	die_usage("unknown option --%.*s", (int)n_bytes, name);
}

static void append(const char ***list, const char *item)
{
	size_t n = 0;
	while (*list && (*list)[n])
		n++;
	*list = die_realloc(*list, (n + 2) * sizeof **list);
	(*list)[n] = item;
	(*list)[n + 1] = NULL;
}

/* One option, argv[i]; returns how many words of argv it took. */
static int take_option(const struct arg *options, char **argv, int i)
{
	const char *name = argv[i] + 2, *equals = strchr(name, '=');
	const struct arg *a = find(options, name, equals ? (size_t)(equals - name) : strlen(name));

	if (!a->value) {
		if (equals)
			die_usage("option --%s takes no value", a->name);
		*a->flag = true;
		return 1;
	}

	const char *value = equals ? equals + 1 : argv[i + 1];
	if (!value)
		die_usage("option --%s needs a value: --%s %s", a->name, a->name, a->value);
	if (a->list)
		append(a->list, value);
	else
		*a->text = value;

	return equals ? 1 : 2;
}

int args_parse(int argc, char **argv, const struct args *args)
{
	open_standard();
	keep_exit_codes();
	if (argc < 1)
		return 0;
	const char *slash = strrchr(argv[0], '/');
	die_program(slash ? slash + 1 : argv[0]);

	int n = 0, i = 1;
	while (i < argc) {
		if (!strcmp(argv[i], "--help"))
			print_help(args);
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		if (argv[i][0] == '-' && argv[i][1] && argv[i][1] != '-')
			die_usage("unknown option %s (options have long names only)", argv[i]);
		if (argv[i][0] == '-' && argv[i][1] == '-')
			i += take_option(args->options, argv, i);
		else
			argv[n++] = argv[i++];
	}

	while (i < argc)
		argv[n++] = argv[i++];
	argv[n] = NULL;
	return n;
}
