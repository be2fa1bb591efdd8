#include "store/errand.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "store/artifact.h"
#include "store/helper.h"
#include "store/sharing.h"

#define SILENT_S 600 /* a remote that was not there is not asked again by the same make */

/* ---- whether the remote was there ---- */

/* <store>/remote.down: who found it so. */
static char *mark_path(void)
{
	return die_printf("%s/remote.down", artifact_store_path());
}

/* Stages of one make have one parent. */
static char *mark_text(const struct sharing *s)
{
	return die_printf("%ld %s\n", (long)getppid(), s->url);
}

static void mark_down(const struct sharing *s)
{
	char *path = mark_path(), *text = mark_text(s);
	file_replace(path, text, strlen(text), NULL); /* not writable: then it is said again */
	free(path);
	free(text);
}

static void forget_mark(void)
{
	char *path = mark_path();
	unlink(path);
	free(path);
}

/* A mark that is old, or of another make or remote, says nothing any more. */
static bool is_down(const struct sharing *s)
{
	char *path = mark_path(), *text = mark_text(s), *found = NULL;
	size_t n;
	struct stat st;
	bool is_fresh = stat(path, &st) == 0 && st.st_mtime > time(NULL) - SILENT_S;
	bool is = is_fresh && file_read(&found, &n, path, 8192, NULL) == 0 && !strcmp(found, text);
	if (!is_fresh)
		unlink(path);
	free(path);
	free(text);
	free(found);
	return is;
}

/* ---- the helper ---- */

static void tell_late(const struct sharing *s, const char *command)
{
	warn("remote %s: %s did not move for %d s, or end in %d times that (patience_s in store.yaml); going "
	     "on without the remote",
	     s->url, command, s->patience_s, HELPER_PATIENCES);
}

/* What an errand that nobody interrupted says of the remote. */
static void note_remote(const struct sharing *s, const char *command, int code)
{
	if (code == HELPER_LATE)
		tell_late(s, command);
	if (code == ERRAND_UNREACHABLE || code == HELPER_LATE)
		mark_down(s);
	else if (code == 0 || code == ERRAND_ABSENT)
		forget_mark();
}

static int outcome_of(int code)
{
	if (code == HELPER_LATE)
		return ERRAND_UNREACHABLE;
	return code == 0 || code == ERRAND_ABSENT || code == ERRAND_UNREACHABLE ? code : ERRAND_FAILED;
}

/* As errand_take. */
static int send_helper(const char *command, const char *key, bool is_writing,
		       const volatile bool *is_interrupted)
{
	struct sharing s;
	struct error e = {0};
	if (sharing_read(&s, &e) < 0)
		die("%s", error_text(&e));
	int outcome = ERRAND_ABSENT;
	if (s.url && (s.can_write || !is_writing) && is_down(&s)) {
		outcome = ERRAND_UNREACHABLE;
	} else if (s.url && (s.can_write || !is_writing)) {
		const char *const helper[] = {"remote", command, key, NULL};
		int code = helper_run(helper, s.patience_s, is_interrupted);
		outcome = *is_interrupted ? ERRAND_FAILED : outcome_of(code);
		if (!*is_interrupted)
			note_remote(&s, command, code);
	}
	sharing_release(&s);
	return outcome;
}

int errand_take(const char *key, const volatile bool *is_interrupted)
{
	return send_helper("take", key, false, is_interrupted);
}

void errand_give(const char *key, const volatile bool *is_interrupted)
{
	send_helper("give", key, true, is_interrupted);
}
