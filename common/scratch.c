#include "common/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/die.h"

#define ALIGN ((size_t)64)

/* A file that goes when we do, however we end. */
static int open_nameless(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	char *name = die_printf("%s/scratch-XXXXXX", folder);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	free(name);
	return fd;
}

/* Its blocks are claimed now: a full disk at a later access would be a signal, not an error. */
static void *map_file(size_t n_bytes)
{
	const char *folder = getenv("TMPDIR");
	folder = folder && *folder ? folder : "/var/tmp";
	int fd = open_nameless(folder), why = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)n_bytes);
	void *x = MAP_FAILED;

	if (!why) {
		x = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		why = x == MAP_FAILED ? errno : 0;
	}
	if (fd >= 0)
		close(fd);
	if (why)
		die("scratch file of %zu bytes in %s: %s; set TMPDIR to a folder with room for it", n_bytes,
		    folder, strerror(why));
	return x;
}

void *scratch_new(size_t n_bytes)
{
	if (n_bytes >= SCRATCH_FROM)
		return map_file(n_bytes);
	size_t n = (n_bytes + ALIGN - 1) / ALIGN * ALIGN;
	void *x = aligned_alloc(ALIGN, n);
	if (!x)
		die("out of memory: %zu bytes", n);
	return memset(x, 0, n);
}

void scratch_free(void *x, size_t n_bytes)
{
	if (x && n_bytes >= SCRATCH_FROM)
		munmap(x, n_bytes);
	else
		free(x);
}
