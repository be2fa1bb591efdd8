#include "store/runs.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/die.h"
#include "common/file.h"
#include "store/objects.h"

struct visit {
	void (*f)(const char *run, const char *stage, const char id[DIGEST_HEX], void *context);
	void *context;
	struct error *e;
};

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A run may be called like an id file (MODEL=.../probe.id gives such a name): a folder is none. */
static bool is_id_file(const char *folder, const char *name)
{
	struct stat s;
	size_t n = strlen(name);
	if (n <= 3 || strcmp(name + n - 3, ".id") != 0)
		return false;
	char *path = die_printf("%s/%s", folder, name);
	bool is_folder = stat(path, &s) == 0 && S_ISDIR(s.st_mode);
	free(path);
	return !is_folder;
}

static int see(const struct visit *v, const char *run, const char *folder, const char *name)
{
	char id[DIGEST_HEX], *path = die_printf("%s/%s", folder, name);
	int result = objects_resolve(id, path, v->e);
	if (result == 0) {
		char *stage = die_printf("%.*s", (int)strlen(name) - 3, name);
		v->f(run, stage, id, v->context);
		free(stage);
	}
	free(path);
	return result;
}

/* What is not there, or is no folder, has no files. One that cannot be opened may have. */
static int see_run(const struct visit *v, const char *run, const char *folder)
{
	struct dirent **list;
	int n = scandir(folder, &list, is_shown, alphasort), result = 0;
	if (n < 0 && errno != ENOENT && errno != ENOTDIR)
		return error_set(v->e, folder, 0, "cannot open: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		if (result == 0 && is_id_file(folder, list[i]->d_name))
			result = see(v, run, folder, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return result;
}

static int see_runs(const struct visit *v, const char *of, const char *runs);

static int see_arms(const struct visit *v, const char *run, const char *folder)
{
	char *arms = die_printf("%s/arms", folder);
	int result = file_exists(arms) ? see_runs(v, run, arms) : 0;
	free(arms);
	return result;
}

/* of: the run whose arms these are; NULL: they are runs. */
static int see_runs(const struct visit *v, const char *of, const char *runs)
{
	struct dirent **list;
	int n = scandir(runs, &list, is_shown, alphasort), result = 0;
	if (n < 0)
		return error_set(v->e, runs, 0,
				 "cannot open: %s; name the folder that holds your runs with --runs",
				 strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		char *run = of ? die_printf("%s/%s", of, name) : die_strdup(name);
		char *folder = die_printf("%s/%s", runs, name);
		if (result == 0)
			result = see_run(v, run, folder);
		if (result == 0 && !of)
			result = see_arms(v, run, folder);
		free(folder);
		free(run);
		free(list[i]);
	}
	free(list);
	return result;
}

int runs_each(const char *runs,
	      void (*f)(const char *run, const char *stage, const char id[DIGEST_HEX], void *context),
	      void *context, struct error *e)
{
	const struct visit v = {f, context, e};
	int result = see_run(&v, ".", runs);
	return result < 0 ? result : see_runs(&v, NULL, runs);
}
