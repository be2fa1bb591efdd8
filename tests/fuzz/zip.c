/* A zip file of a dataset: found, gathered and read whole, or there is a reason. However its threads take turns, they read
 * the same. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/die.h"
#include "ecg/path.h"
#include "ecg/source.h"

#define MAX_BYTES (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

struct seen {
	bool is_read;
	size_t n_files, n_bytes;
	uint64_t sum; /* of all bytes, in the order of names met */
};

struct names {
	char **name;
	size_t n;
};

static bool wants(void *context, const char *name)
{
	struct names *w = context;
	if (!path_is_inside(name))
		abort();
	w->name = die_realloc(w->name, (w->n + 1) * sizeof *w->name);
	w->name[w->n++] = die_strdup(name);
	return true;
}

static void read_one(struct seen *seen, const struct source *s, const char *name)
{
	struct error e = {0};
	char *text;
	size_t n;

	if (source_read(s, name, &text, &n, MAX_BYTES, &e) < 0) {
		if (!e.text[0])
			abort();
		return;
	}

	if (text[n])
		abort();
	seen->n_files++;
	seen->n_bytes += n;
	for (size_t i = 0; i < n; i++)
		seen->sum = seen->sum * 31 + (uint8_t)text[i];
	free(text);
}

static struct seen read_zip(const char *path)
{
	static const char *const tables[] = {"t.csv", "u.csv", NULL};
	struct seen seen = {0};
	struct names names = {0};
	struct error e = {0};
	struct source *s = source_open(path, tables, "/tmp", &e);

	if (s && source_gather(s, wants, &names, &e) == 0) {
		seen.is_read = true;
		read_one(&seen, s, tables[0]);
		for (size_t i = 0; i < names.n; i++)
			read_one(&seen, s, names.name[i]);
	} else if (!e.text[0]) {
		abort();
	}

	for (size_t i = 0; i < names.n; i++)
		free(names.name[i]);
	free(names.name);
	source_close(s);

	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	char path[40];
	setenv("EINTHOVEN_THREADS", "4", 1);
	int fd = memfd_create("zip", MFD_CLOEXEC);
	if (fd < 0 || write(fd, bytes, n_bytes) != (ssize_t)n_bytes)
		die("cannot write to memory");
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	struct seen once = read_zip(path), again = read_zip(path);
	close(fd);
	if (once.is_read != again.is_read || once.n_files != again.n_files || once.n_bytes != again.n_bytes ||
	    once.sum != again.sum)
		abort();
	return 0;
}
