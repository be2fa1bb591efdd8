#include "remote/arrival.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"

/* Open the part, a plain file and no link to somewhere else. */
static void open_part(struct arrival *a, struct stat *s)
{
	a->fd = open(a->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
	if (a->fd < 0 || fstat(a->fd, s) < 0)
		die("%s: %s", a->part, strerror(errno));
	if (!S_ISREG(s->st_mode))
		die("%s: not a plain file; remove it", a->part);
	if (s->st_nlink > 1)
		die("%s: has another name, maybe elsewhere; remove it", a->part);
	file_share(a->fd, a->part); /* a colleague may continue what we began */
}

/* Open and lock the part. The name may have gone to another file while waiting (the first one finished), so
 * look again. */
static void take_part(struct arrival *a)
{
	struct stat ours, named;
	for (;;) {
		open_part(a, &ours);
		if (flock(a->fd, LOCK_EX | LOCK_NB) < 0) {
			warn("waiting for another download of the same file");
			if (flock(a->fd, LOCK_EX) < 0)
				die("%s: %s", a->part, strerror(errno));
		}
		if (fstat(a->fd, &ours) < 0)
			die("%s: %s", a->part, strerror(errno));
		if (lstat(a->part, &named) == 0 && named.st_ino == ours.st_ino && named.st_dev == ours.st_dev)
			break;
		close(a->fd);
	}

	a->have = ours.st_size;
}

/* "<validator>\n<total>\n"; what has come of nobody knows what begins anew. */
static void load_origin(struct arrival *a)
{
	struct error e = {0};
	char *text, *end;
	size_t n;
	if (file_exists(a->from) && file_read(&text, &n, a->from, REPLY_VALUE + 24, &e) == 0) {
		char *line = strchr(text, '\n');
		if (line && line - text < REPLY_VALUE && strlen(text) == n) {
			*line = '\0';
			strcpy(a->validator, text);
			a->total = strtoll(line + 1, &end, 10);
			if (end == line + 1 || strcmp(end, "\n") || a->total < -1)
				a->validator[0] = '\0';
		}
		free(text);
	}

	if (!a->validator[0] || (a->total >= 0 && a->have > a->total))
		arrival_restart(a);
}

static void save_origin(const struct arrival *a)
{
	struct error e = {0};
	char *text = die_printf("%s\n%lld\n", a->validator, (long long)a->total);
	if (file_replace(a->from, text, strlen(text), &e) < 0)
		die("%s", error_text(&e));
	free(text);
}

bool arrival_open(struct arrival *a, const char *file)
{
	*a = (struct arrival){.file = die_strdup(file),
			      .part = die_printf("%s.part", file),
			      .from = die_printf("%s.from", file),
			      .total = -1};
	take_part(a);
	if (file_exists(a->file)) {
		unlink(a->part); /* whole since an earlier run, or since we waited */
		return false;
	}

	load_origin(a);
	return true;
}

void arrival_begin(struct arrival *a, const char *validator, int64_t total)
{
	arrival_restart(a);
	strcpy(a->validator, validator);
	a->total = total;
	save_origin(a);
}

void arrival_learn(struct arrival *a, int64_t total)
{
	if (a->total == total)
		return;
	a->total = total;
	save_origin(a);
}

void arrival_add(struct arrival *a, const void *bytes, size_t n)
{
	const char *from = bytes;
	while (n > 0) {
		ssize_t got = pwrite(a->fd, from, n, a->have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			die("%s: %s: make room and run again, what has come is kept", a->part,
			    strerror(errno));
		from += got;
		n -= (size_t)got;
		a->have += got;
	}
}

void arrival_restart(struct arrival *a)
{
	if (ftruncate(a->fd, 0) < 0)
		die("%s: %s", a->part, strerror(errno));
	a->have = 0;
	a->total = -1;
	a->validator[0] = '\0';
}

bool arrival_is_whole(const struct arrival *a)
{
	return a->total >= 0 && a->have == a->total;
}

int64_t arrival_room(const struct arrival *a)
{
	struct statvfs fs;
	if (fstatvfs(a->fd, &fs) < 0)
		return INT64_MAX;
	double room = (double)fs.f_bavail * (double)fs.f_frsize;
	return room < 9e18 ? (int64_t)room : INT64_MAX;
}

void arrival_finish(struct arrival *a)
{
	struct error e = {0};
	if (fsync(a->fd) < 0 || rename(a->part, a->file) < 0)
		die("%s: %s", a->file, strerror(errno));
	if (file_sync_folder(a->file, &e) < 0)
		die("%s", error_text(&e));
	unlink(a->from);
}

void arrival_remove(struct arrival *a)
{
	unlink(a->part);
	unlink(a->from);
}

void arrival_close(struct arrival *a)
{
	close(a->fd);
	free(a->file);
	free(a->part);
	free(a->from);
}
