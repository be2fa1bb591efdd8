#include "store/removal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "store/folder.h"
#include "store/show.h"

/* What is removed: `name` in the folder that is open as `above`; messages call it `path`. */
struct place {
	int above;
	const char *name, *path;
};

static void print_gone(struct removal *r, const char *what, const char *path, const struct stat *s)
{
	char size[16];
	unsigned long long n_bytes = S_ISREG(s->st_mode) ? (unsigned long long)s->st_size : 0;
	fprintf(r->out, "%s %s  %s\n", what, path, show_size(size, n_bytes));
	r->n_files++;
	r->n_bytes += n_bytes;
}

static void remove_one(struct removal *r, const char *what, const struct place *p, const struct stat *s)
{
	if (r->is_delete && unlinkat(p->above, p->name, S_ISDIR(s->st_mode) ? AT_REMOVEDIR : 0) < 0) {
		if (errno == ENOENT) /* another was faster */
			return;
		die("%s: cannot remove: %s", p->path, strerror(errno));
	}
	print_gone(r, what, p->path, s);
}

static void remove_tree(struct removal *r, const char *what, const struct place *p);

/* All that is in a folder; what has become a link since is none. */
static void remove_inner(struct removal *r, const char *what, const struct place *p)
{
	int fd = openat(p->above, p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	for (struct dirent *entry; d && (entry = readdir(d));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		char *path = die_printf("%s/%s", p->path, entry->d_name);
		remove_tree(r, what, &(struct place){fd, entry->d_name, path});
		free(path);
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
}

static void remove_tree(struct removal *r, const char *what, const struct place *p)
{
	struct stat s;
	if (fstatat(p->above, p->name, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISDIR(s.st_mode))
		remove_inner(r, what, p);
	remove_one(r, what, p, &s);
}

void removal_file(struct removal *r, const char *what, const char *path)
{
	struct stat s;
	struct place p = {.path = path};
	p.above = folder_open_above(&p.name, path);
	if (p.above < 0)
		return;
	if (fstatat(p.above, p.name, &s, AT_SYMLINK_NOFOLLOW) == 0)
		remove_one(r, what, &p, &s);
	close(p.above);
}

void removal_tree(struct removal *r, const char *what, const char *folder)
{
	struct place p = {.path = folder};
	p.above = folder_open_above(&p.name, folder);
	if (p.above < 0)
		return;
	remove_tree(r, what, &p);
	close(p.above);
}

void removal_sum(const struct removal *r, const char *how)
{
	char size[16];
	fprintf(r->out, "%llu files, %s %s\n", r->n_files, show_size(size, r->n_bytes),
		r->is_delete ? "removed" : how);
}
