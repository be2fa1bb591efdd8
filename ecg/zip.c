#include "ecg/zip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "ecg/path.h"
#include "ecg/zip_file.h"

#define BLOCK_BYTES (1 << 18) /* of the directory at once; the longest entry fits */
#define TAIL_BYTES  (22 + 65535)
#define SHORT_ENTRY 256 /* nearly all are shorter */
#define SAME_MAX    64	/* entries whose names have one hash: more is an attack */

enum { END = 22, END64 = 56, LOCATOR = 20, ENTRY = 46 };
enum { ENCRYPTED = 1, STRONG = 1 << 6, MASKED = 1 << 13 }; /* flags */
enum { MADE_BY_UNIX = 3, MADE_BY_MAC = 19 };

/* An entry of the directory as it lies in a buffer. */
struct entry {
	const uint8_t *head;
	uint64_t at; /* in the file */
	const char *name;
	size_t name_bytes, extra_bytes, n_bytes; /* n_bytes: all of it */
};

static uint64_t number(const uint8_t *at, int n_bytes)
{
	uint64_t x = 0;
	for (int i = n_bytes; i--;)
		x = x << 8 | at[i];
	return x;
}

uint64_t zip_file_number(const uint8_t *at, int n_bytes)
{
	return number(at, n_bytes);
}

int zip_file_read(const struct zip *z, void *bytes, size_t n, uint64_t at, struct error *e)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(z->fd, (char *)bytes + done, n - done, (off_t)(at + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(e, z->path, 0, "%s", strerror(errno));
		if (got == 0)
			return error_set(e, z->path, 0, "damaged: it ends where more should follow");
		done += (size_t)got;
	}
	return 0;
}

/* ---- where the directory is ---- */

static int no_zip(const struct zip *z, struct error *e)
{
	return error_set(e, z->path, 0, "not a zip file, or only part of one");
}

/* Of zip64: what the end record has no room for. `at`: of the end record. */
static int read_end64(struct zip *z, uint64_t at, uint64_t *directory_at, uint64_t *end, struct error *e)
{
	uint8_t locator[LOCATOR], b[END64];
	if (at < LOCATOR + END64)
		return 0;
	if (zip_file_read(z, locator, LOCATOR, at - LOCATOR, e) < 0)
		return -1;
	if (number(locator, 4) != 0x07064b50)
		return 0;

	/* Bytes before the zip shift everything; then it stands right before its locator. */
	*end = number(locator + 8, 8);
	if (*end > at - LOCATOR - END64)
		*end = at - LOCATOR - END64;
	if (zip_file_read(z, b, END64, *end, e) < 0)
		return -1;
	if (number(b, 4) != 0x06064b50) {
		*end = at - LOCATOR - END64;
		if (zip_file_read(z, b, END64, *end, e) < 0)
			return -1;
	}
	if (number(b, 4) != 0x06064b50)
		return no_zip(z, e);
	z->is_64 = true;
	z->n = number(b + 32, 8);
	z->directory_bytes = number(b + 40, 8);
	*directory_at = number(b + 48, 8);
	return 0;
}

/* The end record is the last thing in the file, but for a comment whose length it knows. */
static const uint8_t *find_end(const uint8_t *tail, size_t n)
{
	for (size_t at = n >= END ? n - END + 1 : 0; at--;)
		if (number(tail + at, 4) == 0x06054b50 && at + END + number(tail + at + 20, 2) == n)
			return tail + at;
	return NULL;
}

static int find_directory(struct zip *z, struct error *e)
{
	size_t n = z->file_bytes < TAIL_BYTES ? (size_t)z->file_bytes : TAIL_BYTES;
	uint8_t *tail = die_malloc(n + 1);
	uint64_t directory_at = 0, end = 0;
	int result = zip_file_read(z, tail, n, z->file_bytes - n, e);
	const uint8_t *b = result == 0 ? find_end(tail, n) : NULL;

	if (b) {
		uint64_t at = end = z->file_bytes - n + (uint64_t)(b - tail);
		z->n = number(b + 10, 2);
		z->directory_bytes = number(b + 12, 4);
		directory_at = number(b + 16, 4);
		if (number(b + 4, 2) || number(b + 6, 2))
			result = error_set(e, z->path, 0, "one part of a zip file in several");
		else
			result = read_end64(z, at, &directory_at, &end, e);
	}

	free(tail);
	if (result < 0)
		return -1;
	if (!b || z->directory_bytes > end || directory_at > end - z->directory_bytes)
		return no_zip(z, e);
	z->directory_at = end - z->directory_bytes;
	z->shift = z->directory_at - directory_at;
	return 0;
}

/* ---- walking through the directory ---- */

/* Fill t from n bytes at b; 1, or 0 if more bytes are needed, -1 if it is no entry. */
static int parse_entry(struct entry *t, const uint8_t *b, size_t n)
{
	if (n < ENTRY)
		return 0;
	if (number(b, 4) != 0x02014b50)
		return -1;
	*t = (struct entry){.head = b,
			    .name = (const char *)b + ENTRY,
			    .name_bytes = number(b + 28, 2),
			    .extra_bytes = number(b + 30, 2)};
	t->n_bytes = ENTRY + t->name_bytes + t->extra_bytes + number(b + 32, 2);
	return t->n_bytes <= n;
}

/* The entry's name as it is asked for: no "./" before it. False for folders and for what no path can be. */
static bool plain_name(const struct entry *t, char name[PATH_BYTES + 1])
{
	const char *from = t->name;
	size_t n = t->name_bytes;
	for (; n > 2 && from[0] == '.' && from[1] == '/'; n -= 2)
		from += 2;
	if (n > PATH_BYTES || memchr(from, '\0', n))
		return false;
	memcpy(name, from, n);
	name[n] = '\0';
	return path_is_inside(name);
}

/* Bytes of the directory, some of them in memory. */
struct window {
	uint8_t *bytes;
	size_t from, n; /* bytes[from..n-1] are still to be looked at */
	uint64_t at;	/* in the file, of what follows them */
};

/* More bytes behind those that are left; 0 if there are none, -1 with e filled. */
static int slide(const struct zip *z, struct window *w, struct error *e)
{
	uint64_t more = z->directory_at + z->directory_bytes - w->at;
	memmove(w->bytes, w->bytes + w->from, w->n -= w->from);
	w->from = 0;
	if (more > BLOCK_BYTES - w->n)
		more = BLOCK_BYTES - w->n;
	if (zip_file_read(z, w->bytes + w->n, (size_t)more, w->at, e) < 0)
		return -1;
	w->n += (size_t)more;
	w->at += more;
	return more > 0;
}

static int walk(const struct zip *z, void (*see)(void *context, const struct entry *t), void *context,
		struct error *e)
{
	struct window w = {.bytes = die_malloc(BLOCK_BYTES), .at = z->directory_at};
	uint64_t seen = 0;
	int more = 1;

	while (more > 0) {
		struct entry t;
		int got = parse_entry(&t, w.bytes + w.from, w.n - w.from);
		if (got > 0 && seen++ < ZIP_MEMBERS_MAX) {
			t.at = w.at - (w.n - w.from);
			see(context, &t);
			w.from += t.n_bytes;
		} else {
			more = got == 0 ? slide(z, &w, e) : 0;
		}
	}

	free(w.bytes);
	if (more < 0)
		return -1;
	if (seen > ZIP_MEMBERS_MAX)
		return error_set(e, z->path, 0, "holds more than %d files", ZIP_MEMBERS_MAX);
	if (z->is_64 ? seen == z->n : (uint16_t)seen == z->n)
		return 0;
	return error_set(e, z->path, 0, "damaged: its directory should have %llu entries, found %llu",
			 (unsigned long long)z->n, (unsigned long long)seen);
}

struct names {
	void (*see)(void *context, const char *name);
	void *context;
};

static void see_name(void *context, const struct entry *t)
{
	const struct names *n = context;
	char name[PATH_BYTES + 1];
	if (plain_name(t, name))
		n->see(n->context, name);
}

int zip_names(const struct zip *z, void (*see)(void *context, const char *name), void *context,
	      struct error *e)
{
	return walk(z, see_name, &(struct names){see, context}, e);
}

/* ---- the index ---- */

static uint64_t hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	return h;
}

static void add_slot(void *context, const struct entry *t)
{
	struct zip *z = context;
	char name[PATH_BYTES + 1];
	if (!plain_name(t, name))
		return;
	if (z->n_slots == z->max_slots)
		z->slots = die_realloc(z->slots, (z->max_slots = z->max_slots ? 2 * z->max_slots : 1024) *
							 sizeof *z->slots);
	z->slots[z->n_slots++] = (struct zip_slot){hash(name), t->at};
}

static int order(const void *a, const void *b)
{
	const struct zip_slot *x = a, *y = b;
	return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash)
				  : (x->at > y->at) - (x->at < y->at);
}

struct zip *zip_open(const char *path, struct error *e)
{
	struct stat s;
	struct zip *z = die_calloc(1, sizeof *z);
	z->path = path;
	z->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (z->fd < 0 || fstat(z->fd, &s) < 0) {
		error_set(e, path, 0, "%s", strerror(errno));
		goto fail;
	}

	z->file_bytes = (uint64_t)s.st_size;
	if (find_directory(z, e) < 0 || walk(z, add_slot, z, e) < 0)
		goto fail;
	if (z->n_slots)
		qsort(z->slots, z->n_slots, sizeof *z->slots, order);
	return z;
fail:
	zip_close(z);

	return NULL;
}

void zip_close(struct zip *z)
{
	if (!z)
		return;
	if (z->fd >= 0)
		close(z->fd);
	free(z->slots);
	free(z);
}

/* ---- looking up ---- */

/* zip64: sizes and place that have no room in the entry stand in a field of the extra bytes, in this order.
 * */
static int read_extra(struct zip_member *m, const struct entry *t)
{
	uint64_t *const values[] = {&m->n_bytes, &m->n_packed, &m->at};
	const uint8_t *field = (const uint8_t *)t->name + t->name_bytes, *end = field + t->extra_bytes;

	while (end - field >= 4 && number(field, 2) != 1)
		field += number(field + 2, 2) < (uint64_t)(end - field - 4) ? 4 + number(field + 2, 2)
									    : (uint64_t)(end - field);
	const uint8_t *at = end - field >= 4 ? field + 4 : end;
	if (at < end && number(field + 2, 2) < (uint64_t)(end - at))
		end = at + number(field + 2, 2);

	for (int i = 0; i < 3; i++)
		if (*values[i] == UINT32_MAX) {
			if (end - at < 8)
				return -1;
			*values[i] = number(at, 8);
			at += 8;
		}
	return 0;
}

static bool is_regular(const struct entry *t)
{
	unsigned made_by = t->head[5];
	unsigned mode =
		made_by == MADE_BY_UNIX || made_by == MADE_BY_MAC ? (unsigned)number(t->head + 40, 2) : 0;
	return !(mode & S_IFMT) || S_ISREG(mode);
}

static int examine(const struct zip *z, struct zip_member *m, const struct entry *t, struct error *e)
{
	const uint8_t *b = t->head;
	m->flags = (unsigned)number(b + 8, 2);
	m->method = (unsigned)number(b + 10, 2);
	m->crc = (uint32_t)number(b + 16, 4);
	m->n_packed = number(b + 20, 4);
	m->n_bytes = number(b + 24, 4);
	m->at = number(b + 42, 4);

	if (!is_regular(t))
		return error_set(e, z->path, 0, "%s: not a regular file", m->name);
	if (m->flags & (ENCRYPTED | STRONG | MASKED))
		return error_set(e, z->path, 0, "%s: encrypted", m->name);
	if (m->method != ZIP_STORED && m->method != ZIP_DEFLATED)
		return error_set(
			e, z->path, 0,
			"%s: packed by method %u, but only stored (0) and deflated (8) files are read; "
			"unpack the zip, or pack it anew with zip",
			m->name, m->method);
	if (read_extra(m, t) < 0 || m->at > z->directory_at || m->n_packed > z->directory_at ||
	    (m->method == ZIP_STORED && m->n_packed != m->n_bytes))
		return error_set(e, z->path, 0,
				 "%s: damaged: its entry in the zip's directory makes no sense", m->name);
	m->at += z->shift;
	return 0;
}

/* The entry at `at` with its name and extra bytes, which need not fit into *b, of n bytes; *b is then
 * exchanged. */
static int read_entry(const struct zip *z, struct entry *t, uint8_t **b, size_t n, uint64_t at,
		      struct error *e)
{
	uint64_t left = z->directory_at + z->directory_bytes - at;
	n = n < left ? n : (size_t)left;
	if (zip_file_read(z, *b, n, at, e) < 0)
		return -1;
	int got = parse_entry(t, *b, n);
	size_t needed = n < ENTRY ? SIZE_MAX : ENTRY + t->name_bytes + t->extra_bytes;
	if (got < 0 || needed > left)
		return error_set(e, z->path, 0, "damaged: its directory has changed");
	if (needed <= n)
		return 0;
	*b = die_realloc(*b, needed);
	return read_entry(z, t, b, needed, at, e);
}

/* 1 if the entry at `at` has m's name, and m is filled; 0 if another; -1 with e filled. */
static int match(const struct zip *z, struct zip_member *m, uint64_t at, struct error *e)
{
	char name[PATH_BYTES + 1];
	uint8_t *b = die_malloc(SHORT_ENTRY);
	struct entry t;
	int result = read_entry(z, &t, &b, SHORT_ENTRY, at, e);

	if (result == 0 && plain_name(&t, name) && !strcmp(name, m->name))
		result = examine(z, m, &t, e) < 0 ? -1 : 1;
	free(b);
	return result;
}

int zip_find(const struct zip *z, struct zip_member *m, const char *name, struct error *e)
{
	uint64_t h = hash(name);
	size_t low = 0, high = z->n_slots;
	int n_found = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (z->slots[middle].hash < h)
			low = middle + 1;
		else
			high = middle;
	}

	*m = (struct zip_member){.name = name};
	for (size_t i = low; i < z->n_slots && z->slots[i].hash == h; i++) {
		struct zip_member found = {.name = name};
		int got = i - low < SAME_MAX ? match(z, &found, z->slots[i].at, e) : 1;
		if (got < 0)
			return -1;
		if (got && n_found++)
			return error_set(e, z->path, 0, "%s stands there twice", name);
		if (got)
			*m = found;
	}
	return n_found;
}
