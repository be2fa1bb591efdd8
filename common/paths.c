#include "common/paths.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/die.h"

enum { MAX_PREREQUISITES = 1000, FOLDER_LEVELS = 2 };

struct paths {
	const char *folder;
	FILE *out;
	char *text;
	size_t n_bytes;
	int n_prerequisites;
};

struct paths *paths_new(const char *folder)
{
	struct paths *p = die_calloc(1, sizeof *p);
	p->folder = folder;
	p->out = open_memstream(&p->text, &p->n_bytes);
	if (!p->out)
		die("out of memory");
	fputs("# Local files that stages read; made by build/bin/params.\n", p->out);
	return p;
}

/* Letters that mean nothing to Make, in either a target or a prerequisite; a blank can be escaped. */
static bool is_expressible(const char *path)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+,@- ";
	return path[strspn(path, safe)] == '\0';
}

static void write_escaped(FILE *out, const char *path)
{
	for (; *path; path++)
		fprintf(out, "%s%c", *path == ' ' ? "\\" : "", *path);
}

static void write_rule(struct paths *p, const char *stage, const char *path)
{
	if (p->n_prerequisites++ >= MAX_PREREQUISITES)
		return;
	fprintf(p->out, "%s/%s.stamp: ", p->folder, stage);
	if (!is_expressible(path)) {
		fputs("FORCE\n", p->out);
		return;
	}
	write_escaped(p->out, path);
	fputc('\n', p->out);
	write_escaped(p->out, path);
	fputs(":\n", p->out);
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

char *paths_finish(struct paths *p)
{
	fclose(p->out);
	char *text = p->text;
	free(p);
	return text;
}
