#include "store/artifact.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/die.h"
#include "common/file.h"
#include "store/artifact_layout.h"

struct artifact_key artifact_key(uint64_t record)
{
	struct artifact_key key;
	for (int i = 0; i < 8; i++)
		key.bytes[i] = (uint8_t)(record >> (56 - 8 * i));
	return key;
}

uint64_t artifact_record(const void *key)
{
	const uint8_t *bytes = key;
	uint64_t record = 0;
	for (int i = 0; i < 8; i++)
		record = record << 8 | bytes[i];
	return record;
}

struct artifact_part_key artifact_part_key(uint64_t record, int part)
{
	struct artifact_part_key key;
	memcpy(key.bytes, artifact_key(record).bytes, 8);
	key.bytes[8] = (uint8_t)part;
	return key;
}

const char *artifact_store_path(void)
{
	const char *store = getenv("EINTHOVEN_STORE");
	return store && store[0] ? store : ".store";
}

char *artifact_path(const char *id)
{
	return die_printf("%s/objects/%.2s/%s.mdb", artifact_store_path(), id, id);
}

bool artifact_exists(const char *id)
{
	char *path = artifact_path(id);
	bool is_there = file_exists(path);
	free(path);
	return is_there;
}

void artifact_touch(const char *id)
{
	char *path = artifact_path(id);
	utimensat(AT_FDCWD, path, NULL, 0); /* not ours or read-only: its owner decides */
	free(path);
}

bool artifact_ascends(const void *before, size_t before_bytes, const void *after, size_t after_bytes)
{
	int order = memcmp(before, after, before_bytes < after_bytes ? before_bytes : after_bytes);
	return order < 0 || (order == 0 && before_bytes < after_bytes);
}
