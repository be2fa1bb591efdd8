#include "audit/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/claims.h"
#include "common/die.h"
#include "common/progress.h"
#include "store/digest.h"

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

/* A FIFO would be waited for; O_NONBLOCK opens it and fstat says what it is. */
static void compare(json_t *one, const char *path, const char *sha256)
{
	char hex[DIGEST_HEX];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		say(one, "not at hand", strerror(errno));
		return;
	}
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		say(one, "unread", "a folder; RERUN=1 reads it again");
	else if (!S_ISREG(st.st_mode))
		say(one, "not at hand", "no regular file");
	else if (hash(hex, fd, (uint64_t)st.st_size) < 0)
		say(one, "not at hand", strerror(errno));
	else if (strcmp(hex, sha256))
		say(one, "differs", "it is not what was read when the records were made");
	else
		say(one, "same", NULL);
	close(fd);
}

static void check_one(json_t *one, const char *place, bool is_read)
{
	json_object_set_new(one, "path", json_string(place));
	if (strstr(place, "://"))
		say(one, "unread", "from a URL; RERUN=1 reads it again");
	else if (!is_read)
		say(one, "unread", "not asked for");
	else
		compare(one, place, json_string_value(json_object_get(one, "sha256")));
}

void raw_check(json_t *list, const json_t *statement, const char *id, bool is_read)
{
	const char *place = json_string_value(json_object_get(claims_params(statement), "source"));
	json_t *raw = claims_raw(statement), *one;
	size_t i;
	if (place && !strcmp(place, "synthetic"))
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", "synthetic", "state",
						      "generated", "made", id));
	json_array_foreach (raw, i, one) {
		json_object_set_new(one, "made", json_string(id));
		check_one(one, place ? place : "", is_read);
		json_array_append(list, one);
	}
	json_decref(raw);
}
