#include "store/trash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "store/artifact.h"
#include "store/folder.h"
#include "store/objects.h"
#include "store/publish.h"

char *trash_path(const char *id)
{
	return die_printf("%s/trash/%s.mdb", artifact_store_path(), id);
}

static char *since_path(const char *id)
{
	return die_printf("%s/trash/%s.since", artifact_store_path(), id);
}

bool trash_has(const char *id)
{
	char *path = trash_path(id);
	bool has = file_exists(path);
	free(path);
	return has;
}

/* A new file each time: a colleague's old one may not be ours to touch. */
static void note_time(const char *id)
{
	char *path = since_path(id);
	if (folder_unlink(path) < 0 && errno != ENOENT)
		publish_die(path, "replace", errno);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno != EEXIST) /* another gc was faster */
		publish_die(path, "create", errno);
	if (fd >= 0) {
		file_share(fd, path);
		close(fd);
	}
	free(path);
}

bool trash_put(const char *id)
{
	char *folder = die_printf("%s/trash", artifact_store_path());
	char *from = artifact_path(id), *to = trash_path(id);
	publish_folder(folder);
	note_time(id);
	bool is_moved = folder_move(from, to) == 0;
	if (!is_moved && errno != ENOENT)
		die("%s: cannot move to the trash: %s", from, strerror(errno));
	free(folder);
	free(from);
	free(to);
	return is_moved;
}

void trash_forget(const char *id)
{
	char *path = since_path(id);
	(void)!folder_unlink(path);
	free(path);
}

/* Where gc of another host has taken the last object of a folder, the folder is still there: gc removes none.
 * */
bool trash_take_back(const char *id)
{
	char *from = trash_path(id), *to = artifact_path(id);
	bool is_back = folder_move(from, to) == 0;
	if (is_back)
		trash_forget(id);
	free(from);
	free(to);
	return is_back;
}

time_t trash_since(const char *id)
{
	struct stat s;
	char *path = since_path(id);
	time_t now = time(NULL);
	bool is_noted = lstat(path, &s) == 0 && S_ISREG(s.st_mode) && s.st_mtime <= now;
	free(path);
	if (is_noted)
		return s.st_mtime;
	note_time(id);
	return now;
}

bool trash_remove(const char *id)
{
	char *path = trash_path(id);
	bool is_gone = folder_unlink(path) == 0;
	if (!is_gone && errno != ENOENT)
		die("%s: cannot remove: %s", path, strerror(errno));
	free(path);
	return is_gone;
}

static void see(const char *path, const char *name, void *context)
{
	char id[DIGEST_HEX];
	struct digest d;
	(void)path;
	snprintf(id, sizeof id, "%s", name);
	if (digest_parse(&d, id) == 0 && !strcmp(name + DIGEST_HEX - 1, ".since") && !artifact_exists(id))
		json_object_set_new(context, id, json_true());
}

json_t *trash_gone(void)
{
	json_t *ids = json_object();
	folder_each("trash", see, ids);
	return ids;
}

size_t trash_list(char (**ids)[DIGEST_HEX])
{
	return objects_in("trash", ids);
}
