#include "store/mend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "store/artifact.h"
#include "store/aside.h"
#include "store/forgotten.h"
#include "store/helper.h"
#include "store/lineage.h"
#include "store/runs.h"
#include "store/sharing.h"

struct mend {
	const char *const *runs;
	bool is_repair;
	struct lineage *lineage;
};

struct mend *mend_open(const char *const *runs, bool is_repair)
{
	struct mend *m = die_calloc(1, sizeof *m);
	*m = (struct mend){runs, is_repair, lineage_open()};
	return m;
}

void mend_close(struct mend *m)
{
	lineage_close(m->lineage);
	free(m);
}

/* ---- which make ---- */

struct search {
	const char *id;
	char *run, *stage; /* who names it; NULL: not found yet */
};

static void see(const char *run, const char *stage, const char *id, void *context)
{
	struct search *s = context;
	if (s->run || strcmp(id, s->id) != 0)
		return;
	s->run = die_strdup(run);
	s->stage = die_strdup(stage);
}

/* The text behind `before` up to `end`, taken out of text; "" if there is none. Borrowed from text. */
static char *cut(char *text, const char *before, char end)
{
	char *at = text ? strstr(text, before) : NULL;
	if (!at)
		return "";
	at += strlen(before);
	char *stop = strchr(at, end);
	if (stop)
		*stop = 0;
	return at;
}

/* " PARAMS=... SET=..." as pipeline.mk noted them for the run; of an arm without its SET. Yours to free. */
static char *options_of(const char *runs, const char *run)
{
	char *path = die_printf("%s/%s/params/given", runs, run), *text = NULL;
	size_t n;
	(void)!file_read(&text, &n, path, 1 << 16, NULL);
	char *set = cut(text, "report.set=\"", '"'), *params = cut(text, "", ' ');
	char *options = die_printf("%s%s%s%s%s", *params ? " PARAMS=" : "", params, *set ? " SET=\"" : "",
				   set, *set ? "\"" : "");
	free(text);
	free(path);
	return options;
}

/* " B=other" of other/runs; "" of build/runs, and where no B gives such a folder. Yours to free. */
static char *build_of(const char *runs)
{
	static const char end[] = "/runs";
	size_t n = strlen(runs);
	while (n && runs[n - 1] == '/')
		n--;
	bool is_of_build = n >= sizeof end && !strncmp(runs + n - strlen(end), end, strlen(end));
	char *build = die_printf("%.*s", is_of_build ? (int)(n - strlen(end)) : 0, runs);
	char *option = *build && strcmp(build, "build") != 0 ? die_printf(" B=%s", build) : die_strdup("");
	free(build);
	return option;
}

/* "make -f pipeline.mk probe PARAMS=... RUN=... B=...", an arm's as compare knows it; NULL: these runs do not
 * name it. */
static char *command_in(const char *runs, const char *id)
{
	struct search s = {id, NULL, NULL};
	struct error e = {0};
	(void)!runs_each(runs, see, &s, &e);
	if (!s.run)
		return NULL;

	char *slash = strchr(s.run, '/'), *options = options_of(runs, s.run), *build = build_of(runs);
	if (slash)
		*slash = 0;
	char *command =
		slash ? die_printf("make -f pipeline.mk arm ARM=%s%s RUN=%s%s", slash + 1, options, s.run,
				   build)
		      : die_printf("make -f pipeline.mk %s%s RUN=%s%s", s.stage, options, s.run, build);
	free(build);
	free(options);
	free(s.run);
	free(s.stage);
	return command;
}

static char *command_for(const struct mend *m, const char *id)
{
	char *command = NULL;
	for (const char *const *runs = m->runs; *runs && !command; runs++)
		command = command_in(*runs, id);
	return command;
}

static void advise(struct mend *m, struct findings *found, const char *id)
{
	const struct lineage_entry *entry = lineage_find(m->lineage, id);
	char *command = command_for(m, id);
	if (command)
		findings_advise(found, "%s makes it again", command);
	else if (entry)
		findings_advise(found,
				"stage %s makes it again, with the parameters that 'store log %.12s' prints",
				entry->stage, id);
	else
		findings_advise(found, "no run or entry says what makes it");
	free(command);
}

/* ---- the remote ---- */

static bool has_remote(void)
{
	struct sharing s;
	struct error e = {0};
	if (sharing_read(&s, &e) < 0)
		die("%s", error_text(&e));
	bool has = s.url != NULL;
	sharing_release(&s);
	return has;
}

static bool pull(const char *id)
{
	const char *const command[] = {"remote", "pull", id, NULL};
	fflush(NULL);
	return has_remote() && helper_run(command, 0, &(const volatile bool){false}) == 0;
}

/* ---- objects, entries ---- */

static bool is_sound(const char *id)
{
	struct error e = {0};
	return artifact_exists(id) && artifact_verify(id, &e) == 0;
}

/* What lies in the object's place, or in the trash; a link that leads nowhere lies there, too. NULL: nothing.
 * Yours to free. */
static char *place_of(const char *id)
{
	char *place = artifact_place(id), *path = place ? place : artifact_path(id);
	if (place || file_is_named(path))
		return path;
	free(path);
	return NULL;
}

static bool clear(struct findings *found, const char *id)
{
	char *path = place_of(id), *to = path ? aside_move(path) : NULL;
	bool is_clear = !path || to;
	if (to)
		findings_advise(found, "moved to %s", to);
	else if (path)
		findings_advise(found, "%s cannot be moved: %s", path, strerror(errno));
	free(to);
	free(path);
	return is_clear;
}

void mend_object(struct mend *m, struct findings *found, enum finding kind, const char *id)
{
	struct error e = {0};
	bool is_forgotten = forgotten_has(id, &e);
	if (is_forgotten)
		findings_advise(found, "%s", error_text(&e));
	else if (!m->is_repair)
		findings_advise(found,
				"'store fsck --repair' takes it from the remote, or moves it out of the way");
	if (m->is_repair && clear(found, id) && !is_forgotten && pull(id) && is_sound(id))
		findings_mend(found, kind, "the remote had it");
	else
		advise(m, found, id);
}

void mend_entry(struct mend *m, struct findings *found, const char *path)
{
	if (!m->is_repair) {
		findings_advise(found,
				"'store fsck --repair' moves it out of the way; the stage then runs again");
		return;
	}
	char *to = aside_move(path);
	if (to)
		findings_mend(found, FINDING_DAMAGED,
			      "moved to %s; the next make that asks runs the stage again", to);
	else
		findings_advise(found, "%s cannot be moved: %s", path, strerror(errno));
	free(to);
}
