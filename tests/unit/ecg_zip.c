/* Zip files made here byte by byte: what is read, and what is refused with the member's name,
 * within how much memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>

#include "ecg/source.h"
#include "ecg/zip.h"

/* ---- making zips ---- */

struct bytes {
	uint8_t *at;
	size_t n, max;
};

static void put(struct bytes *b, const void *from, size_t n)
{
	while (b->n + n > b->max)
		b->at = realloc(b->at, b->max = b->max ? 2 * b->max : 4096);
	if (n)
		memcpy(b->at + b->n, from, n);
	b->n += n;
}

static void number(struct bytes *b, uint64_t x, int n_bytes)
{
	for (; n_bytes--; x >>= 8)
		put(b, &(uint8_t){(uint8_t)x}, 1);
}

/* A member as its two headers state it. */
struct member {
	const char *name;
	int method, flags, made_by;
	uint32_t crc, mode;
	uint64_t n_packed, n_bytes;
	const void *packed;
	uint64_t n_really; /* packed bytes that are there */
};

struct zipped {
	struct bytes file, directory;
	size_t n;
};

static void add(struct zipped *z, const struct member *m)
{
	size_t name = strlen(m->name), at = z->file.n;
	bool follows = m->flags & 8;
	number(&z->file, 0x04034b50, 4);
	number(&z->file, 20, 2);
	number(&z->file, (uint64_t)m->flags, 2);
	number(&z->file, (uint64_t)m->method, 2);
	number(&z->file, 0, 4);
	number(&z->file, follows ? 0 : m->crc, 4);
	number(&z->file, follows ? 0 : m->n_packed, 4);
	number(&z->file, follows ? 0 : m->n_bytes, 4);
	number(&z->file, name, 2);
	number(&z->file, 0, 2);
	put(&z->file, m->name, name);
	put(&z->file, m->packed, m->n_really);

	struct bytes *d = &z->directory;
	number(d, 0x02014b50, 4);
	number(d, (uint64_t)m->made_by << 8 | 20, 2);
	number(d, 20, 2);
	number(d, (uint64_t)m->flags, 2);
	number(d, (uint64_t)m->method, 2);
	number(d, 0, 4);
	number(d, m->crc, 4);
	number(d, m->n_packed, 4);
	number(d, m->n_bytes, 4);
	number(d, name, 2);
	number(d, 0, 8);
	number(d, (uint64_t)m->mode << 16, 4);
	number(d, at, 4);
	put(d, m->name, name);
	z->n++;
}

static struct member stored(const char *name, const char *text)
{
	size_t n = strlen(text);
	return (struct member){.name = name,
			       .crc = (uint32_t)crc32(0, (const Bytef *)text, (uInt)n),
			       .n_packed = n,
			       .n_bytes = n,
			       .packed = text,
			       .n_really = n};
}

static void add_text(struct zipped *z, const char *name, const char *text)
{
	struct member m = stored(name, text);
	add(z, &m);
}

/* The directory and its end; then a path to read it by, until the next call. */
static const char *finish(struct zipped *z)
{
	static char path[40];
	static int fd = -1;
	size_t at = z->file.n;
	put(&z->file, z->directory.at, z->directory.n);
	number(&z->file, 0x06054b50, 4);
	number(&z->file, 0, 4);
	number(&z->file, z->n, 2);
	number(&z->file, z->n, 2);
	number(&z->file, z->directory.n, 4);
	number(&z->file, at, 4);
	number(&z->file, 0, 2);

	if (fd >= 0)
		close(fd);
	fd = memfd_create("zip", 0);
	assert_int_equal(write(fd, z->file.at, z->file.n), z->file.n);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return path;
}

static void release(struct zipped *z)
{
	free(z->file.at);
	free(z->directory.at);
}

/* A deflate stream of n_mb MiB of zeros: one MiB, packed once, over and over. */
static struct bytes zeros(int n_mb)
{
	struct bytes out = {0};
	static uint8_t plain[1 << 20], packed[1 << 16];
	z_stream s = {0};
	assert_int_equal(deflateInit2(&s, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
	for (int flush = Z_FULL_FLUSH;; flush = Z_FINISH) {
		s.next_in = plain;
		s.avail_in = flush == Z_FINISH ? 0 : sizeof plain;
		s.next_out = packed;
		s.avail_out = sizeof packed;
		deflate(&s, flush);
		for (int i = 0; i < (flush == Z_FINISH ? 1 : n_mb); i++)
			put(&out, packed, sizeof packed - s.avail_out);
		if (flush == Z_FINISH)
			break;
	}
	deflateEnd(&s);
	return out;
}

/* ---- reading them ---- */

/* The text of a member, or why not. */
static const char *read_member(const char *path, const char *name)
{
	static struct error e;
	static char text[256];
	char *bytes;
	size_t n;
	e = (struct error){0};
	struct source *s = source_open(path, "t", &e);
	int result = s ? source_read(s, name, &bytes, &n, sizeof text - 1, &e) : -1;
	source_close(s);
	if (result < 0)
		return strncmp(e.text, path, strlen(path)) ? e.text : e.text + strlen(path) + 2;
	memcpy(text, bytes, n + 1);
	free(bytes);
	return text;
}

/* A zip with file t and one more member, which is called "x" unless it says otherwise. */
static void refuses(struct member m, const char *expected)
{
	struct zipped z = {0};
	add_text(&z, "t", "");
	m.name = m.name ? m.name : "x";
	add(&z, &m);
	assert_string_equal(read_member(finish(&z), m.name), expected);
	release(&z);
}

static void members_are_read_by_name(void **state)
{
	(void)state;
	struct zipped z = {0};
	struct bytes mib = zeros(1);
	char *plain = calloc(1 << 20, 1);
	add_text(&z, "./set/t", "table");
	add_text(&z, "set/deep/er/a", "A");
	struct member m = stored("set/b", "BB");
	m.flags = 8; /* sizes follow */
	add(&z, &m);
	add(&z, &(struct member){.name = "set/mib",
				 .method = 8,
				 .n_packed = mib.n,
				 .n_bytes = 1 << 20,
				 .packed = mib.at,
				 .n_really = mib.n,
				 .crc = (uint32_t)crc32(0, (const Bytef *)plain, 1 << 20)});
	free(plain);
	const char *path = finish(&z);
	assert_string_equal(read_member(path, "t"), "table");
	assert_string_equal(read_member(path, "deep/er/a"), "A");
	assert_string_equal(read_member(path, "b"), "BB");
	assert_string_equal(read_member(path, "c"), "c is not in this zip");
	assert_string_equal(read_member(path, "../set/t"),
			    "'../set/t' is not the path of a file inside the dataset");
	assert_string_equal(read_member(path, "mib"), "mib: 1048576 bytes, at most 255 expected");

	struct error e = {0};
	char *bytes;
	size_t n;
	struct source *s = source_open(path, "t", &e);
	assert_int_equal(source_read(s, "mib", &bytes, &n, 1 << 20, &e), 0);
	assert_int_equal(n, 1 << 20);
	free(bytes);
	source_close(s);
	free(mib.at);
	release(&z);
}

static void the_root_is_where_the_marker_lies_least_deep(void **state)
{
	(void)state;
	struct zipped deep = {0}, two = {0}, twice = {0};
	add_text(&deep, "a/b/t", "deeper");
	add_text(&deep, "a/t", "shallow");
	add_text(&deep, "a/c/t", "deeper");
	assert_string_equal(read_member(finish(&deep), "t"), "shallow");
	add_text(&two, "a/t", "1");
	add_text(&two, "b/t", "2");
	assert_string_equal(read_member(finish(&two), "t"), "t is in several of its folders: name one");
	add_text(&twice, "t", "1");
	add_text(&twice, "t", "2");
	assert_string_equal(read_member(finish(&twice), "t"), "t stands there twice");
	release(&deep);
	release(&two);
	release(&twice);
}

/* Names that no path can have, and kinds of files that cannot be read, beside those that are asked for. */
static void what_nobody_asks_for_does_not_matter(void **state)
{
	(void)state;
	struct zipped z = {0};
	char longest[600];
	memset(longest, 'n', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	static const char *const names[] = {"../t",
					    "/t",
					    "Icon\r",
					    ("\xdc"
					     "bersicht"),
					    "a\\t",
					    "f/",
					    ""};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		add_text(&z, names[i], "no");
	add_text(&z, longest, "no");
	add_text(&z, "twice", "1");
	add_text(&z, "twice", "2");
	struct member secret = stored("secret", "?");
	secret.flags = 1;
	add(&z, &secret);
	add_text(&z, "t", "yes");
	const char *path = finish(&z);
	assert_string_equal(read_member(path, "t"), "yes");
	assert_string_equal(read_member(path, "twice"), "twice stands there twice");
	assert_string_equal(read_member(path, "secret"), "secret: encrypted");
	release(&z);
}

static void members_that_cannot_be_read_are_named(void **state)
{
	(void)state;
	struct member m = stored(NULL, "text");
	m.made_by = 3;
	m.mode = 0120777;
	refuses(m, "x: not a regular file");

	m = stored(NULL, "text");
	m.method = 93;
	refuses(m, "x: packed by method 93, but only stored (0) and deflated (8) files are read; unpack the "
		   "zip, or pack it anew with zip");

	m = stored(NULL, "text");
	m.crc ^= 1;
	refuses(m, "x: damaged: its CRC is wrong");

	m = stored(NULL, "text");
	m.n_bytes = 3;
	refuses(m, "x: damaged: its entry in the zip's directory makes no sense");

	m = stored(NULL, "text");
	m.n_packed = m.n_bytes = 30;
	refuses(m, "x: damaged: its data reaches into the zip's directory");

	m = stored(NULL, "no deflate stream");
	m.method = 8;
	m.packed = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
	refuses(m, "x: damaged: it cannot be inflated");
}

static long most_kb(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

/* A MiB of zip that inflates to a GiB. If the directory says so, not a byte is inflated; if it says less,
 * no more than that. */
static void bombs_cost_no_memory(void **state)
{
	(void)state;
	struct bytes gib = zeros(1024);
	struct member m = {
		.method = 8, .n_packed = gib.n, .n_bytes = 1 << 30, .packed = gib.at, .n_really = gib.n};
	assert_in_range(gib.n, 1 << 19, 1300000);
	refuses(m, "x: 1073741824 bytes, at most 255 expected");
	long before_kb = most_kb();

	m.n_bytes = 255;
	m.crc = (uint32_t)crc32(0, (const Bytef *)(char[255]){0}, 255);
	refuses(m, "x: holds more than the 255 bytes that the zip's directory lists");
	m.flags = 8;
	refuses(m, "x: holds more than the 255 bytes that the zip's directory lists");
	assert_in_range(most_kb(), before_kb, before_kb + 8192);

	m.flags = 0;
	m.n_packed = gib.n / 2; /* the other half is there, but not listed */
	refuses(m, "x: holds more than the 255 bytes that the zip's directory lists");
	free(gib.at);
}

static void streams_that_end_too_soon_are_refused(void **state)
{
	(void)state;
	struct bytes mib = zeros(1);
	struct member m = {.method = 8, .n_packed = 8, .n_bytes = 250, .packed = mib.at, .n_really = 8};
	m.n_packed = m.n_really = 2;
	refuses(m, "x: damaged: its packed data ends too soon");
	m.packed = "\x03"; /* an empty stream */
	m.n_packed = m.n_really = 2;
	m.packed = "\x03\x00";
	refuses(m, "x: damaged: it holds fewer bytes than the zip's directory lists");
	free(mib.at);
}

/* Every end of a zip, and every byte of its directory and ends changed: read or refused, never a crash. */
static void damaged_zips_are_refused(void **state)
{
	(void)state;
	struct zipped z = {0};
	add_text(&z, "t", "table");
	finish(&z);
	for (size_t n = 0; n < z.file.n; n++) {
		struct error e = {0};
		char path[40];
		int fd = memfd_create("zip", 0);
		assert_int_equal(write(fd, z.file.at, n), n);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		assert_null(zip_open(path, &e));
		assert_non_null(strstr(e.text, "not a zip file, or only part of one"));
		close(fd);
	}
	for (size_t i = 0; i < z.file.n; i++)
		for (int bit = 0; bit < 8; bit++) {
			char path[40];
			int fd = memfd_create("zip", 0);
			z.file.at[i] ^= (uint8_t)(1 << bit);
			assert_int_equal(write(fd, z.file.at, z.file.n), z.file.n);
			z.file.at[i] ^= (uint8_t)(1 << bit);
			snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
			assert_non_null(read_member(path, "t"));
			close(fd);
		}
	release(&z);
}

/* Bytes before the zip (a program that unpacks itself), a comment behind it, and the long form of its end. */
static void other_forms_of_the_end_are_read(void **state)
{
	(void)state;
	struct zipped z = {0};
	add_text(&z, "t", "table");
	size_t at = z.file.n;
	finish(&z);
	for (int form = 0; form < 3; form++) {
		struct bytes b = {0};
		if (form == 1)
			put(&b, "#!/bin/sh\n", 10);
		size_t before = b.n;
		put(&b, z.file.at, form == 2 ? at + z.directory.n : z.file.n);
		if (form == 2) {
			size_t end = b.n;
			number(&b, 0x06064b50, 4);
			number(&b, 44, 8);
			number(&b, 45, 2);
			number(&b, 45, 2);
			number(&b, 0, 8);
			number(&b, 1, 8);
			number(&b, 1, 8);
			number(&b, z.directory.n, 8);
			number(&b, at, 8);
			number(&b, 0x07064b50, 4);
			number(&b, 0, 4);
			number(&b, end, 8);
			number(&b, 1, 4);
			number(&b, 0x06054b50, 4);
			number(&b, 0, 4);
			number(&b, UINT32_MAX, 4);
			number(&b, UINT32_MAX, 8);
			number(&b, 0, 2);
		}
		if (form == 0) {
			b.at[b.n - 2] = 5;
			put(&b, "hello", 5);
		}
		char path[40];
		int fd = memfd_create("zip", 0);
		assert_int_equal(write(fd, b.at, b.n), b.n);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		assert_string_equal(read_member(path, "t"), "table");
		assert_true(before == 0 || form == 1);
		close(fd);
		free(b.at);
	}
	release(&z);
}

/* 60,000 entries, and the ends of many blocks of the directory between them: all are found,
 * at 16 bytes each. */
static void many_entries_are_found(void **state)
{
	(void)state;
	enum { MANY = 60000 };
	struct zipped z = {0};
	char name[40], text[16];
	add_text(&z, "t", "table");
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "folder/%d/%05d", i % 7, i);
		snprintf(text, sizeof text, "%d", i);
		add_text(&z, name, text);
	}
	struct error e = {0};
	struct source *s = source_open(finish(&z), "t", &e);
	assert_non_null(s);
	for (int i = 0; i < MANY; i += 97) {
		char *bytes;
		size_t n;
		snprintf(name, sizeof name, "folder/%d/%05d", i % 7, i);
		snprintf(text, sizeof text, "%d", i);
		assert_int_equal(source_read(s, name, &bytes, &n, 100, &e), 0);
		assert_string_equal(bytes, text);
		free(bytes);
	}
	assert_false(source_has(s, "folder/0/60000"));
	source_close(s);
	release(&z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_read_by_name),
		cmocka_unit_test(the_root_is_where_the_marker_lies_least_deep),
		cmocka_unit_test(what_nobody_asks_for_does_not_matter),
		cmocka_unit_test(members_that_cannot_be_read_are_named),
		cmocka_unit_test(bombs_cost_no_memory),
		cmocka_unit_test(streams_that_end_too_soon_are_refused),
		cmocka_unit_test(damaged_zips_are_refused),
		cmocka_unit_test(other_forms_of_the_end_are_read),
		cmocka_unit_test(many_entries_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
