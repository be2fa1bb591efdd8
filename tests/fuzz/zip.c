/* A zip file of a dataset: its names, then every file of them whole, twice, or there is a reason; and never
 * more of a file than the directory lists. */
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
#include "ecg/zip.h"

#define MAX_BYTES (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

struct seen {
	size_t n_files, n_bytes;
	uint64_t sum; /* of all bytes, in the order of names met */
};

struct names {
	char **name;
	size_t n;
};

static void see(void *context, const char *name)
{
	struct names *w = context;
	if (!path_is_inside(name))
		abort();
	w->name = die_realloc(w->name, (w->n + 1) * sizeof *w->name);
	w->name[w->n++] = die_strdup(name);
}

static void read_one(struct seen *seen, const struct source *s, const char *name)
{
	struct error e = {0};
	char *text;
	size_t n;

	if (source_read(s, name, &text, &n, MAX_BYTES, &e) < 0) {
		if (!e.text[0] || text)
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

/* The same file a few bytes at a time. */
static void read_pieces(const struct zip *z, const char *name)
{
	struct error e = {0};
	struct zip_member m;
	int found = zip_find(z, &m, name, &e);
	if (found == 0 || (found < 0 && !e.text[0]))
		abort(); /* it is among the names */
	struct zip_stream *s = found > 0 ? zip_stream_open(z, &m, &e) : NULL;
	uint64_t n = 0;
	char bytes[7];

	long got = -1;
	while (s && n < MAX_BYTES && (got = zip_stream_read(s, bytes, sizeof bytes, &e)) > 0)
		n += (uint64_t)got;
	if (n > m.n_bytes || (s && got == 0 && n != m.n_bytes) || (got < 0 && !e.text[0]))
		abort();
	zip_stream_close(s);
}

static struct seen read_zip(const char *path)
{
	struct seen seen = {0};
	struct names names = {0};
	struct error e = {0}, no_root = {0};
	struct zip *z = zip_open(path, &e);

	if (z ? zip_names(z, see, &names, &e) < 0 : !e.text[0])
		abort(); /* opening has walked through them already */
	struct source *s = source_open(path, "t.csv", &no_root);
	if (!s && !no_root.text[0])
		abort();
	for (size_t i = 0; z && i < names.n; i++) {
		read_pieces(z, names.name[i]);
		if (s)
			read_one(&seen, s, names.name[i]);
	}

	for (size_t i = 0; i < names.n; i++)
		free(names.name[i]);
	free(names.name);
	source_close(s);
	zip_close(z);

	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	char path[40];
	int fd = memfd_create("zip", MFD_CLOEXEC);
	if (fd < 0 || write(fd, bytes, n_bytes) != (ssize_t)n_bytes)
		die("cannot write to memory");
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	struct seen once = read_zip(path), again = read_zip(path);
	close(fd);
	if (once.n_files != again.n_files || once.n_bytes != again.n_bytes || once.sum != again.sum)
		abort();
	return 0;
}
