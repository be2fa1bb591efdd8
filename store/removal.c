#include "store/removal.h"

#include <errno.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

#include "common/die.h"
#include "store/show.h"

void removal_file(struct removal *r, const char *what, const char *path)
{
	struct stat s;
	char size[16];
	if (lstat(path, &s) < 0)
		return;
	if (r->is_delete && remove(path) < 0) {
		if (errno == ENOENT) /* another was faster */
			return;
		die("%s: cannot remove: %s", path, strerror(errno));
	}
	unsigned long long n_bytes = S_ISREG(s.st_mode) ? (unsigned long long)s.st_size : 0;
	fprintf(r->out, "%s %s  %s\n", what, path, show_size(size, n_bytes));
	r->n_files++;
	r->n_bytes += n_bytes;
}

static struct removal *removing; /* nftw passes no context */
static const char *removed;

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *where)
{
	(void)s, (void)type, (void)where;
	removal_file(removing, removed, path);
	return 0;
}

void removal_tree(struct removal *r, const char *what, const char *folder)
{
	removing = r;
	removed = what;
	nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void removal_sum(const struct removal *r, const char *how)
{
	char size[16];
	fprintf(r->out, "%llu files, %s %s\n", r->n_files, show_size(size, r->n_bytes),
		r->is_delete ? "removed" : how);
}
