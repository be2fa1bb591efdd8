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
	struct error *e; /* of the first that failed */
	bool is_bad;
};

static void fail(struct visit *v, const struct error *e)
{
	if (!v->is_bad)
		*v->e = *e;
	v->is_bad = true;
}

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

static void see(struct visit *v, const char *run, const char *folder, const char *name)
{
	char id[DIGEST_HEX], *path = die_printf("%s/%s", folder, name);
	struct error e = {0};
	if (objects_resolve(id, path, &e) == 0) {
		char *stage = die_printf("%.*s", (int)strlen(name) - 3, name);
		v->f(run, stage, id, v->context);
		free(stage);
	} else {
		fail(v, &e);
	}
	free(path);
}

/* The names in a folder, sorted. What is not there, or is no folder, has none; one that cannot be read might.
 * */
static int names_in(struct visit *v, const char *folder, struct dirent ***list, const char *advice)
{
	struct error e = {0};
	int n = scandir(folder, list, is_shown, alphasort);
	if (n >= 0 || (!advice && (errno == ENOENT || errno == ENOTDIR)))
		return n;
	error_set_cause(&e, folder, errno, "cannot open: %s%s", strerror(errno), advice ? advice : "");
	fail(v, &e);
	return n;
}

static void see_run(struct visit *v, const char *run, const char *folder)
{
	struct dirent **list;
	int n = names_in(v, folder, &list, NULL);
	for (int i = 0; i < n; i++) {
		if (is_id_file(folder, list[i]->d_name))
			see(v, run, folder, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static void see_runs(struct visit *v, const char *of, const char *runs);

static void see_arms(struct visit *v, const char *run, const char *folder)
{
	char *arms = die_printf("%s/arms", folder);
	if (file_exists(arms))
		see_runs(v, run, arms);
	free(arms);
}

/* of: the run whose arms these are; NULL: they are runs. */
static void see_runs(struct visit *v, const char *of, const char *runs)
{
	struct dirent **list;
	int n = names_in(v, runs, &list, "; name the folder that holds your runs with --runs");
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		char *run = of ? die_printf("%s/%s", of, name) : die_strdup(name);
		char *folder = die_printf("%s/%s", runs, name);
		see_run(v, run, folder);
		if (!of)
			see_arms(v, run, folder);
		free(folder);
		free(run);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

int runs_each(const char *runs,
	      void (*f)(const char *run, const char *stage, const char id[DIGEST_HEX], void *context),
	      void *context, struct error *e)
{
	struct visit v = {f, context, e, false};
	see_run(&v, ".", runs);
	see_runs(&v, NULL, runs);
	return v.is_bad ? -1 : 0;
}
