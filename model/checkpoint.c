#include "model/checkpoint.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/sha256.h"

static const char magic[] = "einthoven-checkpoint/2\n";
#define MAGIC_BYTES (sizeof magic - 1)
#define KEY_BYTES   64
#define SUM_AT	    (MAGIC_BYTES + KEY_BYTES)
#define HEAD_BYTES  (SUM_AT + SHA256_BYTES)

static size_t body_bytes(const struct checkpoint_part *parts)
{
	size_t n = 0;
	for (; parts->bytes; parts++)
		n += sizeof(uint64_t) + parts->n_bytes;
	return n;
}

/* The folder may be gone: another host that made the same result first has removed it. */
static void write_file(const char *path, const char *bytes, size_t n_bytes)
{
	struct error e = {0};
	char *folder = die_strdup(path), *slash = strrchr(folder, '/');
	if (slash)
		*slash = 0;
	if ((slash && file_make_folder(folder, &e) < 0) || file_replace(path, bytes, n_bytes, &e) < 0)
		die("checkpoint: %s", error_text(&e));
	free(folder);
}

void checkpoint_save(const char *path, const char *key, const struct checkpoint_part *parts)
{
	size_t n = body_bytes(parts);
	char *file = die_malloc(HEAD_BYTES + n), *at = file + HEAD_BYTES;

	for (const struct checkpoint_part *p = parts; p->bytes; p++) {
		uint64_t size = p->n_bytes;
		memcpy(at, &size, sizeof size);
		memcpy(at + sizeof size, p->bytes, p->n_bytes);
		at += sizeof size + p->n_bytes;
	}

	memcpy(file, magic, MAGIC_BYTES);
	memcpy(file + MAGIC_BYTES, key, KEY_BYTES);
	sha256_of((uint8_t *)file + SUM_AT, file + HEAD_BYTES, n);

	write_file(path, file, HEAD_BYTES + n);
	free(file);
}

/* Why these bytes cannot be used, or NULL. */
static const char *refuse(const char *file, size_t n_bytes, const char *key,
			  const struct checkpoint_part *parts)
{
	uint8_t sum[SHA256_BYTES];
	if (n_bytes < HEAD_BYTES || memcmp(file, magic, MAGIC_BYTES) != 0)
		return "is not a checkpoint of this version";
	if (memcmp(file + MAGIC_BYTES, key, KEY_BYTES) != 0)
		return "belongs to another training";
	if (n_bytes != HEAD_BYTES + body_bytes(parts))
		return "has another size than this training's state";
	sha256_of(sum, file + HEAD_BYTES, n_bytes - HEAD_BYTES);
	if (memcmp(sum, file + SUM_AT, sizeof sum) != 0)
		return "is damaged";

	for (const char *at = file + HEAD_BYTES; parts->bytes; parts++) {
		uint64_t size;
		memcpy(&size, at, sizeof size);
		if (size != parts->n_bytes)
			return "has parts of other sizes";
		at += sizeof size + size;
	}

	return NULL;
}

bool checkpoint_load(const char *path, const char *key, const struct checkpoint_part *parts)
{
	char *file;
	size_t n_bytes;
	struct error e = {0};

	if (!file_exists(path))
		return false;
	if (file_read(&file, &n_bytes, path, HEAD_BYTES + body_bytes(parts), &e) < 0) {
		warn("%s; starting anew", error_text(&e));
		return false;
	}

	const char *reason = refuse(file, n_bytes, key, parts);
	if (reason)
		warn("checkpoint %s %s; starting anew", path, reason);
	const char *at = file + HEAD_BYTES;

	for (const struct checkpoint_part *p = parts; p->bytes && !reason; p++) {
		memcpy(p->bytes, at + sizeof(uint64_t), p->n_bytes);
		at += sizeof(uint64_t) + p->n_bytes;
	}

	free(file);
	return !reason;
}
