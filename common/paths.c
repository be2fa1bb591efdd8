#include "common/paths.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"

enum { MAX_PREREQUISITES = 1000, FOLDER_LEVELS = 2 };

struct paths {
	const char *folder;
	char *here;   /* the working folder, which Make calls CURDIR */
	bool is_tied; /* the fragment has names that hold only here */
	FILE *out;
	char *text;
	size_t n_bytes;
	int n_prerequisites;
};

struct paths *paths_new(const char *folder)
{
	struct paths *p = die_calloc(1, sizeof *p);
	p->folder = folder;
	p->here = getcwd(NULL, 0);
	p->out = open_memstream(&p->text, &p->n_bytes);
	if (!p->here)
		die("the working folder is gone");
	if (!p->out)
		die("out of memory");
	fputs("# Local files that stages read; made by build/bin/params.\n", p->out);
	return p;
}

/* Letters that mean nothing to Make, in either a target or a prerequisite; a blank within can be escaped. */
static bool is_expressible(const char *path)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+,@- ";
	const char *end = path;
	while (*end && (strchr(safe, *end) || (*end & 0x80)))
		end++;
	return !*end && (end == path || end[-1] != ' ');
}

static void write_escaped(FILE *out, const char *path)
{
	for (; *path; path++)
		fprintf(out, "%s%c", *path == ' ' ? "\\" : "", *path);
}

/* Absolute: a name such as "clean" or ".IGNORE", also as "./clean", would be a target of the
 * Makefile. Yours to free. */
static char *absolute(struct paths *p, const char *path)
{
	p->is_tied |= *path != '/';
	return *path == '/' ? die_strdup(path) : die_printf("%s/%s", p->here, path);
}

static void write_rule(struct paths *p, const char *stage, const char *path)
{
	if (p->n_prerequisites++ >= MAX_PREREQUISITES)
		return;
	char *name = absolute(p, path);
	fprintf(p->out, "%s/%s.stamp: ", p->folder, stage);
	if (is_expressible(name)) {
		write_escaped(p->out, name);
		fputc('\n', p->out);
		write_escaped(p->out, name);
		fputs(":\n", p->out);
	} else {
		fputs("FORCE\n", p->out);
	}
	free(name);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The folder and its folders down to levels; its own files only at the top. */
static void add_folder(struct paths *p, const char *stage, const char *path, int levels)
{
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, NULL, by_name);

	write_rule(p, stage, path);
	for (int i = 0; i < n; i++) {
		struct stat st;
		char *child = die_printf("%s/%s", path, entries[i]->d_name);
		bool is_listed = entries[i]->d_name[0] != '.' && stat(child, &st) == 0;
		if (is_listed && S_ISDIR(st.st_mode) && levels > 0)
			add_folder(p, stage, child, levels - 1);
		else if (is_listed && S_ISREG(st.st_mode) && levels == FOLDER_LEVELS)
			write_rule(p, stage, child);
		free(child);
		free(entries[i]);
	}

	free(entries);
}

void paths_add(struct paths *p, const char *stage, const char *path)
{
	struct stat st;
	if (!*path || strstr(path, "://"))
		return;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		add_folder(p, stage, path, FOLDER_LEVELS);
	else
		write_rule(p, stage, path);
	if (p->n_prerequisites > MAX_PREREQUISITES)
		fprintf(p->out, "%s/%s.stamp: FORCE\n", p->folder, stage);
}

/* Whether it is there. */
static bool add_file(struct paths *p, const char *stage, const char *folder, const char *name)
{
	struct stat st;
	char *path = die_printf("%s/%s", folder, name);
	bool is_there = stat(path, &st) == 0 && S_ISREG(st.st_mode);
	if (is_there)
		write_rule(p, stage, path);
	free(path);
	return is_there;
}

void paths_add_inside(struct paths *p, const char *stage, const char *folder, const char *name)
{
	struct dirent **entries = NULL;
	if (add_file(p, stage, folder, name))
		return;
	int n = scandir(folder, &entries, NULL, by_name);
	for (int i = 0; i < n; i++) {
		char *child = die_printf("%s/%s", folder, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			add_file(p, stage, child, name);
		free(child);
		free(entries[i]);
	}
	free(entries);
}

/* In a tree that was moved the names are cut anew. */
static void write_guard(struct paths *p)
{
	if (p->is_tied && is_expressible(p->here))
		fprintf(p->out, "ifneq '$(CURDIR)' '%s'\n%s/params.stamp: FORCE\nendif\n", p->here,
			p->folder);
}

char *paths_finish(struct paths *p)
{
	write_guard(p);
	fclose(p->out);
	char *text = p->text;
	free(p->here);
	free(p);
	return text;
}
