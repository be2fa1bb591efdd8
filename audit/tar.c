#include "audit/tar.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/die.h"

enum { BLOCK = 512 };

/* POSIX.1-1988, ustar interchange format. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6],
		version[2], owner[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

static const char plain = '0';

/* ---- names ---- */

/* One part between slashes: not empty, not of dots only. */
static bool is_part(const char *part, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@+";
	return n && strspn(part, letters) >= n && strspn(part, ".") < n;
}

int tar_is_name(const char *name)
{
	if (strlen(name) >= TAR_NAME)
		return false;
	for (const char *part = name;; part = strchr(part, '/') + 1) {
		if (!is_part(part, strcspn(part, "/")))
			return false;
		if (!strchr(part, '/'))
			return true;
	}
}

/* ---- checksums ---- */

/* The sum of the header's bytes, its own place taken for blanks. */
static unsigned checksum(const struct header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	unsigned sum = 0;
	for (size_t i = 0; i < BLOCK; i++)
		sum += p[i];
	for (size_t i = 0; i < sizeof h->checksum; i++)
		sum += ' ' - (unsigned)(unsigned char)h->checksum[i];
	return sum;
}

/* Octal digits up to a NUL or a blank; false if there is anything else. */
static bool read_octal(uint64_t *x, const char *field, size_t n)
{
	size_t i = 0;
	for (*x = 0; i < n && field[i] >= '0' && field[i] <= '7'; i++)
		*x = *x << 3 | (uint64_t)(field[i] - '0');
	return i && i < n && (field[i] == 0 || field[i] == ' ');
}

/* ---- writing ---- */

static void write_octal(char *field, size_t n, uint64_t x)
{
	char text[32];
	snprintf(text, sizeof text, "%0*" PRIo64, (int)n - 1, x);
	memcpy(field, text, n);
}

static void pad(struct bytes *b)
{
	static const char zeros[BLOCK];
	bytes_add(b, zeros, (BLOCK - b->n % BLOCK) % BLOCK);
}

void tar_add(struct bytes *b, const char *name, const void *bytes, size_t n_bytes)
{
	struct header h = {.type = plain, .magic = "ustar", .version = {'0', '0'}};
	if (!tar_is_name(name) || n_bytes >> 33)
		BUG("a member that tar cannot hold");
	memcpy(h.name, name, strlen(name));
	write_octal(h.mode, sizeof h.mode, 0644);
	write_octal(h.uid, sizeof h.uid, 0);
	write_octal(h.gid, sizeof h.gid, 0);
	write_octal(h.size, sizeof h.size, n_bytes);
	write_octal(h.mtime, sizeof h.mtime, 0);
	write_octal(h.checksum, sizeof h.checksum - 1, checksum(&h));
	h.checksum[7] = ' ';
	bytes_add(b, &h, sizeof h);
	bytes_add(b, bytes, n_bytes);
	pad(b);
}

void tar_end(struct bytes *b)
{
	static const char zeros[2 * BLOCK];
	bytes_add(b, zeros, sizeof zeros);
}

/* ---- reading ---- */

struct tar tar_open(const void *bytes, size_t n_bytes, const char *path)
{
	return (struct tar){.bytes = bytes, .n_bytes = n_bytes, .path = path};
}

static bool is_zero(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return true;
}

/* At the first block of zeros: nothing else may follow, and two of them must. */
static int end(const struct tar *t, struct error *e)
{
	if (t->n_bytes - t->at < 2 * (size_t)BLOCK)
		return error_set(e, t->path, 0, "cut short: the end of the archive is missing");
	if (!is_zero(t->bytes + t->at, t->n_bytes - t->at))
		return error_set(e, t->path, 0, "there are bytes after the end of the archive");
	return 0;
}

/* The fields that say what the member is; it is not yet known to have a name that can be printed. */
static int check_kind(const struct tar *t, const struct header *h, uint64_t *n, struct error *e)
{
	uint64_t sum;
	if (memcmp(h->magic, "ustar", 6) || memcmp(h->version, "00", 2))
		return error_set(e, t->path, 0, "byte %zu: no header of a tar file (ustar)", t->at);
	if (!read_octal(&sum, h->checksum, sizeof h->checksum) || sum != checksum(h))
		return error_set(e, t->path, 0, "byte %zu: the header's checksum is wrong", t->at);
	if (h->type != plain)
		return error_set(
			e, t->path, 0,
			"byte %zu: a member that is no plain file (type %d); links, folders and devices "
			"are refused",
			t->at, (int)(unsigned char)h->type);
	if (!is_zero(h->prefix, sizeof h->prefix) || !is_zero(h->link, sizeof h->link))
		return error_set(e, t->path, 0, "byte %zu: a member with a prefix or a link is refused",
				 t->at);
	if (!read_octal(n, h->size, sizeof h->size))
		return error_set(e, t->path, 0, "byte %zu: the member's size is no octal number", t->at);
	return 0;
}

static int check_name(const struct tar *t, char name[TAR_NAME], const struct header *h, struct error *e)
{
	memcpy(name, h->name, sizeof h->name);
	name[sizeof h->name] = 0;
	if (!tar_is_name(name))
		return error_set(
			e, t->path, 0,
			"byte %zu: a member's name is not one of letters, digits and ._-@+/ that stays "
			"inside",
			t->at);
	if (strcmp(name, t->last) <= 0)
		return error_set(e, t->path, 0, "member %s: names must ascend, each once; before it is %s",
				 name, t->last);
	return 0;
}

int tar_next(struct tar *t, struct tar_member *m, struct error *e)
{
	struct header h;
	uint64_t n = 0;
	size_t left = t->n_bytes - t->at;
	if (left < BLOCK)
		return error_set(e, t->path, 0, "cut short: the end of the archive is missing");
	memcpy(&h, t->bytes + t->at, sizeof h);
	if (is_zero((const char *)&h, sizeof h))
		return end(t, e);
	if (check_kind(t, &h, &n, e) < 0 || check_name(t, m->name, &h, e) < 0)
		return -1;

	left -= BLOCK;
	size_t padded = (size_t)((n + BLOCK - 1) / BLOCK * BLOCK);
	if (n > left || padded > left)
		return error_set(e, t->path, 0, "member %s: cut short, it should have %" PRIu64 " bytes",
				 m->name, n);
	m->bytes = t->bytes + t->at + BLOCK;
	m->n_bytes = (size_t)n;
	if (!is_zero(m->bytes + n, padded - (size_t)n))
		return error_set(e, t->path, 0, "member %s: there are bytes behind its end", m->name);
	memcpy(t->last, m->name, sizeof m->name);
	t->at += BLOCK + padded;
	return 1;
}
