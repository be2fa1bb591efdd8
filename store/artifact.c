#include "store/artifact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "store/artifact_layout.h"
#include "store/folder.h"
#include "store/trash.h"

struct artifact_key artifact_key(uint64_t record)
{
	struct artifact_key key;
	for (int i = 0; i < 8; i++)
		key.bytes[i] = (uint8_t)(record >> (56 - 8 * i));
	return key;
}

uint64_t artifact_record(const void *key)
{
	const uint8_t *bytes = key;
	uint64_t record = 0;
	for (int i = 0; i < 8; i++)
		record = record << 8 | bytes[i];
	return record;
}

struct artifact_part_key artifact_part_key(uint64_t record, int part)
{
	struct artifact_part_key key;
	memcpy(key.bytes, artifact_key(record).bytes, 8);
	key.bytes[8] = (uint8_t)part;
	return key;
}

const char *artifact_store_path(void)
{
	const char *store = getenv("EINTHOVEN_STORE");
	return store && store[0] ? store : ".store";
}

char *artifact_path(const char *id)
{
	return die_printf("%s/objects/%.2s/%s.mdb", artifact_store_path(), id, id);
}

/* It may be on its way to the trash or back while we look. */
char *artifact_place(const char *id)
{
	char *path = artifact_path(id), *other = trash_path(id);
	bool is_there = file_exists(path), is_other = !is_there && file_exists(other);
	if (is_other || (!is_there && !file_exists(path))) {
		free(path);
		path = NULL;
	}
	if (is_other)
		return other;
	free(other);
	return path;
}

bool artifact_exists(const char *id)
{
	char *path = artifact_place(id);
	free(path);
	return path != NULL;
}

bool artifact_revive(const char *id)
{
	if (trash_has(id))
		trash_take_back(id);
	return artifact_exists(id);
}

/* ---- use ---- */

static char *used_path(const char *id)
{
	return die_printf("%s/used/%.2s/%s", artifact_store_path(), id, id);
}

/* Of a colleague's object: what may be in a folder of the group's. Who may write nothing leaves no trace. */
static void stamp(const char *id)
{
	struct stat s;
	struct error e = {0};
	char *path = used_path(id), *folder = die_printf("%s/used/%.2s", artifact_store_path(), id);
	const int how = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	int fd = folder_make(folder, &e) == 0 ? open(path, how, 0666) : -1;
	if (fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_nlink <= 1) {
		file_share(fd, path);
		(void)!futimens(fd, NULL);
	}
	if (fd >= 0)
		close(fd);
	free(folder);
	free(path);
}

/* Not what has a second name: it may be somebody's own file, elsewhere. */
static int touch(const char *path)
{
	struct stat s;
	const char *name;
	int above = folder_open_above(&name, path);
	int status = above < 0 ? -1 : fstatat(above, name, &s, AT_SYMLINK_NOFOLLOW), why;
	if (status == 0 && (!S_ISREG(s.st_mode) || s.st_nlink > 1)) {
		errno = EPERM;
		status = -1;
	} else if (status == 0) {
		status = utimensat(above, name, NULL, AT_SYMLINK_NOFOLLOW);
	}
	why = errno;
	if (above >= 0)
		close(above);
	errno = why;
	return status;
}

void artifact_touch(const char *id)
{
	artifact_revive(id);
	char *path = artifact_path(id);
	if (touch(path) < 0 && errno != ENOENT)
		stamp(id);
	free(path);
}

time_t artifact_used(const char *id)
{
	struct stat s;
	char *path = artifact_place(id), *used = used_path(id);
	time_t last = path && stat(path, &s) == 0 ? s.st_mtime : 0;
	if (path && lstat(used, &s) == 0 && s.st_mtime > last)
		last = s.st_mtime;
	free(used);
	free(path);
	return last;
}

bool artifact_ascends(const void *before, size_t before_bytes, const void *after, size_t after_bytes)
{
	int order = memcmp(before, after, before_bytes < after_bytes ? before_bytes : after_bytes);
	return order < 0 || (order == 0 && before_bytes < after_bytes);
}

/* ---- what the header says ---- */

const char *artifact_kind(const struct artifact *a)
{
	return json_string_value(json_object_get(artifact_header(a), "kind"));
}

const json_t *artifact_get_attribute(const struct artifact *a, const char *name)
{
	return json_object_get(json_object_get(artifact_header(a), "attributes"), name);
}

static const json_t *typed_attribute(const struct artifact *a, const char *name, bool is_right,
				     const char *type)
{
	const json_t *value = artifact_get_attribute(a, name);
	if (!value)
		die("object %s (%s) has no attribute %s; it was written by another version", artifact_id(a),
		    artifact_kind(a), name);
	if (!is_right)
		die("object %s (%s): attribute %s is not %s", artifact_id(a), artifact_kind(a), name, type);
	return value;
}

int64_t artifact_integer(const struct artifact *a, const char *name)
{
	bool is_right = json_is_integer(artifact_get_attribute(a, name));
	return json_integer_value(typed_attribute(a, name, is_right, "an integer"));
}

double artifact_number(const struct artifact *a, const char *name)
{
	bool is_right = json_is_number(artifact_get_attribute(a, name));
	return json_number_value(typed_attribute(a, name, is_right, "a number"));
}

const char *artifact_text(const struct artifact *a, const char *name)
{
	bool is_right = json_is_string(artifact_get_attribute(a, name));
	return json_string_value(typed_attribute(a, name, is_right, "a text"));
}
