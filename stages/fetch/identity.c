#include "stages/fetch/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "ecg/dataset.h"
#include "ecg/source.h"
#include "ecg/sums.h"
#include "ecg/tree.h"

struct digest identity_of_file(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a pipe would wait */
	if (fd < 0 || fstat(fd, &st) < 0)
		die("source %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		die("source %s: is neither a folder nor a regular file", path);
	struct digest_stream *s = digest_open();
	size_t size = 1 << 20;
	char *bytes = die_malloc(size);

	for (ssize_t n; (n = read(fd, bytes, size)) != 0;) {
		if (n < 0 && errno != EINTR)
			die("source %s: %s", path, strerror(errno));
		if (n > 0)
			digest_update(s, bytes, (size_t)n);
	}

	free(bytes);
	close(fd);
	return digest_close(s);
}

/* A folder without checksums: the digest of the list that sha256sum would write for it. */
static struct digest digest_listing(const char *folder)
{
	struct error e = {0};
	size_t n;
	char **names = tree_list(folder, &n, &e);

	if (!names)
		die("%s", error_text(&e));
	struct digest_stream *s = digest_open();

	for (size_t i = 0; i < n; i++) {
		char *path = die_printf("%s/%s", folder, names[i]), hex[DIGEST_HEX];
		struct digest d = identity_of_file(path);
		digest_hex(hex, &d);
		char *line = die_printf("%s  %s\n", hex, names[i]);
		digest_update(s, line, strlen(line));
		free(line);
		free(path);
	}

	tree_free(names, n);
	return digest_close(s);
}

static struct digest digest_source_file(struct source *s, const char *name)
{
	struct error e = {0};
	struct digest_stream *stream = digest_open();
	struct source_file *f = source_file_open(s, name, &e);
	size_t size = 1 << 16;
	char *bytes = die_malloc(size);
	long n = -1;

	while (f && (n = source_file_read(f, bytes, size, &e)) > 0)
		digest_update(stream, bytes, (size_t)n);
	if (n < 0)
		die("%s", error_text(&e));
	free(bytes);
	source_file_close(f);
	return digest_close(stream);
}

static struct digest digest_tables(struct source *s, const struct layout_choice *choice)
{
	struct digest_stream *stream = digest_open();
	const char *name = SUMS_FILE;
	for (int i = 0; name; name = layout_table(choice, i++)) {
		struct digest file = digest_source_file(s, name);
		digest_update(stream, file.bytes, sizeof file.bytes);
	}
	return digest_close(stream);
}

struct digest identity_of_folder(const char *path, const struct layout_choice *choice, const char **name)
{
	struct error e = {0};
	struct source *s = source_open(path, layout_marker(choice), &e);
	if (!s)
		die("%s", error_text(&e));

	bool has_sums = source_has(s, SUMS_FILE);
	if (!has_sums && layout_needs_sums(choice))
		die("%s/%s: %s", source_folder(s), SUMS_FILE, SUMS_MISSING);
	struct digest d = has_sums ? digest_tables(s, choice) : digest_listing(source_folder(s));
	*name = has_sums ? "sums-and-tables" : "listing";
	source_close(s);
	return d;
}
