#include "audit/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/ask.h"
#include "audit/claims.h"
#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "common/progress.h"
#include "store/digest.h"
#include "store/removal.h"

enum { BLOCK = 1 << 20 };

static void say(json_t *one, const char *state, const char *why)
{
	json_object_set_new(one, "state", json_string(state));
	if (why)
		json_object_set_new(one, "why", json_string(why));
}

/* SHA-256 of an open file; -1 and errno. */
static int hash(char hex[DIGEST_HEX], int fd, uint64_t n_bytes)
{
	struct digest_stream *s = digest_open();
	struct progress p;
	char *block = die_malloc(BLOCK);
	ssize_t n;
	progress_start(&p, "audit: raw data", "MB", n_bytes >> 20);
	for (uint64_t done = 0; (n = read(fd, block, BLOCK)) != 0; progress_at(&p, done >> 20)) {
		if (n < 0 && errno != EINTR)
			break;
		if (n < 0)
			continue;
		digest_update(s, block, (size_t)n);
		done += (uint64_t)n;
	}
	progress_end(&p);
	struct digest d = digest_close(s);
	digest_hex(hex, &d);
	free(block);
	return n < 0 ? -1 : 0;
}

/* ---- a folder: its fetch is asked whether it would read the same ---- */

/* The folder of a run that has made this entry; yours to free. NULL: it cannot be made. */
static char *lay_out(const struct lineage_entry *entry)
{
	const char *tmp = getenv("TMPDIR");
	char *folder = die_printf("%s/einthoven-audit.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(folder)) {
		free(folder);
		return NULL;
	}
	char *params = die_printf("%s/params", folder),
	     *slice = die_printf("%s/%s.json", params, entry->stage),
	     *key = die_printf("%s/%s.key.json", folder, entry->stage),
	     *text = json_canonical(claims_params(entry->statement), NULL),
	     *action = json_canonical(entry->action, NULL);
	bool is_there = file_make_folder(params, NULL) == 0 &&
			file_replace(slice, text, strlen(text), NULL) == 0 &&
			file_replace(key, action, strlen(action), NULL) == 0;
	free(action);
	free(text);
	free(key);
	free(slice);
	free(params);
	if (is_there)
		return folder;
	free(folder);
	return NULL;
}

static void ask_fetch(json_t *one, const struct lineage_entry *entry, const char *programs)
{
	char *folder = lay_out(entry), *program = die_printf("%s/%s", programs, entry->stage), *said = NULL;
	size_t n;
	if (!folder || ask_program(&said, &n, (char *[]){program, "--build", folder, "--explain", NULL}) < 0)
		say(one, "not at hand", "it cannot be read now");
	else if (strstr(said, " content"))
		say(one, "differs", "it is not what was read when the records were made");
	else
		say(one, "same", NULL);

	FILE *nowhere = fopen("/dev/null", "w");
	struct removal r = {.out = nowhere, .is_delete = true};
	if (folder)
		removal_tree(&r, "audit", folder);
	if (nowhere)
		fclose(nowhere);
	free(said);
	free(program);
	free(folder);
}

/* ---- a file ---- */

/* A FIFO would be waited for; O_NONBLOCK opens it and fstat says what it is. */
static void compare(json_t *one, const char *path, const struct lineage_entry *entry, const char *programs)
{
	char hex[DIGEST_HEX];
	struct stat st = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		say(one, "not at hand", strerror(errno));
		return;
	}
	bool is_folder = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
	if (is_folder && programs && !strcmp(entry->stage, "fetch"))
		ask_fetch(one, entry, programs);
	else if (is_folder)
		say(one, "unread", "a folder; RERUN=1 reads it again");
	else if (!S_ISREG(st.st_mode))
		say(one, "not at hand", "no regular file");
	else if (hash(hex, fd, (uint64_t)st.st_size) < 0)
		say(one, "not at hand", strerror(errno));
	else if (strcmp(hex, json_string_value(json_object_get(one, "sha256"))))
		say(one, "differs", "it is not what was read when the records were made");
	else
		say(one, "same", NULL);
	close(fd);
}

void raw_check(json_t *list, const struct lineage_entry *entry, bool is_read, const char *programs)
{
	const char *place = json_string_value(json_object_get(claims_params(entry->statement), "source"));
	json_t *raw = claims_raw(entry->statement), *one;
	size_t i;
	if (place && !strcmp(place, "synthetic"))
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", "synthetic", "state",
						      "generated", "made", entry->id));
	json_array_foreach (raw, i, one) {
		json_object_set_new(one, "made", json_string(entry->id));
		json_object_set_new(one, "path", json_string(place ? place : ""));
		if (!is_read)
			say(one, "unread", "not asked for");
		else if (!entry->verdict.is_taken)
			say(one, "unread", "the action entry that names it is not taken");
		else if (place && strstr(place, "://"))
			say(one, "unread", "from a URL; RERUN=1 reads it again");
		else
			compare(one, place ? place : "", entry, programs);
		json_array_append(list, one);
	}
	json_decref(raw);
}
