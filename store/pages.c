#include "store/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"

#define MAGIC	     0xBEEFC0DEu
#define VERSION	     1
#define FLAG_META    0x08
#define NO_PAGE	     UINT64_MAX
#define N_META	     2 /* pages 0 and 1, written in turn; the one with the higher transaction number counts */
#define HEADER_BYTES 16 /* of every page: number u64, pad u16, flags u16, lower u16, upper u16 */
#define META_BYTES   136

/* A meta page's content, as mdb.c's MDB_meta lays it out. */
struct meta {
	uint32_t magic, version;
	uint64_t address, map_bytes;
	struct {
		uint32_t page_bytes; /* in the first only */
		uint16_t flags, depth;
		uint64_t n_branch, n_leaf, n_overflow, n_entries, root;
	} tree[2]; /* free pages, main database */
	uint64_t last_page, transaction;
};
_Static_assert(sizeof(struct meta) == META_BYTES, "MDB_meta of LMDB 0.9 has 136 bytes");

static int check_root(const struct meta *m, int tree, const char *path, struct error *e)
{
	uint64_t root = m->tree[tree].root;
	if (root == NO_PAGE || (root >= N_META && root <= m->last_page))
		return 0;
	return error_set(e, path, 0, "damaged: a root page lies outside the file");
}

static int check_meta(const char *path, int fd, off_t at, uint32_t *page_bytes, uint64_t size,
		      struct error *e)
{
	unsigned char bytes[HEADER_BYTES + META_BYTES];
	struct meta m;
	ssize_t got = pread(fd, bytes, sizeof bytes, at);

	if (got < 0)
		return error_set_cause(e, path, errno, "cannot read: %s", strerror(errno));
	if (got != (ssize_t)sizeof bytes)
		return error_set(e, path, 0, "damaged: the file ends after %ju bytes", (uintmax_t)size);
	memcpy(&m, bytes + HEADER_BYTES, sizeof m);

	uint64_t number;
	memcpy(&number, bytes, sizeof number);
	if (m.magic != MAGIC || m.version != VERSION || !(bytes[10] & FLAG_META) ||
	    (at == 0) != (number == 0))
		return error_set(e, path, 0, "damaged, or not an LMDB 0.9 file");

	uint32_t page = m.tree[0].page_bytes;
	if (page < 4096 || page > 65536 || (page & (page - 1)) || (*page_bytes && page != *page_bytes))
		return error_set(e, path, 0, "damaged: pages of %u bytes", page);
	*page_bytes = page;
	if (m.last_page < 1 || m.last_page >= size / page)
		return error_set(e, path, 0, "damaged: the file has %ju bytes, its pages need %ju",
				 (uintmax_t)size, (uintmax_t)(m.last_page + 1) * page);

	return check_root(&m, 0, path, e) < 0 || check_root(&m, 1, path, e) < 0 ? -1 : 0;
}

int pages_check(const char *path, size_t *n_bytes, struct error *e)
{
	struct stat s;
	uint32_t page_bytes = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &s) < 0 || !S_ISREG(s.st_mode)) {
		if (fd < 0)
			return error_set_cause(e, path, errno, "cannot open: %s", strerror(errno));
		close(fd);
		return error_set(e, path, 0, "is no regular file");
	}

	int status = check_meta(path, fd, 0, &page_bytes, (uint64_t)s.st_size, e);
	if (status == 0)
		status = check_meta(path, fd, (off_t)page_bytes, &page_bytes, (uint64_t)s.st_size, e);
	close(fd);
	*n_bytes = (size_t)s.st_size;

	return status;
}

int pages_read(const char *path)
{
	static const size_t room = 1 << 20;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), why = fd < 0 ? errno : 0;
	char *bytes = die_malloc(room);
	for (ssize_t n = fd < 0 ? 0 : 1; n > 0;) {
		n = read(fd, bytes, room);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			why = errno;
	}
	if (fd >= 0)
		close(fd);
	free(bytes);
	return why;
}
