#include "tests/faults/model/hand.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"

#define DAY_S 86401

static void lose(char *path)
{
	if (unlink(path) < 0 && errno != ENOENT)
		die("%s: %s", path, strerror(errno));
	free(path);
}

/* The manifest that a place names. */
static void lose_manifest(const char *place)
{
	char hex[DIGEST_HEX] = "", *path = die_printf("team/ac/%s", place);
	FILE *f = fopen(path, "r");
	if (f && fread(hex, 1, DIGEST_HEX - 1, f) == DIGEST_HEX - 1)
		lose(die_printf("team/cas/%s", hex));
	if (f)
		fclose(f);
	free(path);
}

static void drop_id(const struct op *op, const char *suffix)
{
	static const char *const names[] = {"root", "mid", "leaf"};
	lose(die_printf("s%d-runs/r%d/%s.%s", op->store, op->run, names[op->stage], suffix));
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *where)
{
	(void)s, (void)type, (void)where;
	return remove(path);
}

static int shift_one(const char *path, const struct stat *s, int type, struct FTW *where)
{
	struct timespec times[2] = {s->st_atim, s->st_mtim};
	(void)where;
	times[1].tv_sec -= DAY_S;
	return type == FTW_F ? utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) : 0;
}

static void walk(char *folder, int (*f)(const char *, const struct stat *, int, struct FTW *))
{
	if (nftw(folder, f, 16, FTW_PHYS | FTW_DEPTH) < 0 && errno != ENOENT)
		die("%s: %s", folder, strerror(errno));
	free(folder);
}

void hand_do(const struct op *op)
{
	int artifact = op->action == NONE ? NONE : artifact_index(op->action);
	switch (op->kind) {
	case LOSE_OBJECT:
		lose(die_printf("s%d/objects/%.2s/%s.mdb", op->store, ids[artifact], ids[artifact]));
		break;
	case LOSE_HEADER:
		lose(die_printf("team/cas/%s", ids[artifact]));
		break;
	case LOSE_MANIFEST:
		lose_manifest(places[artifact]);
		break;
	case LOSE_ENTRY:
		lose(die_printf("team/ac/%s", keys[op->action]));
		break;
	case DROP_ID:
		drop_id(op, "id");
		drop_id(op, "stamp");
		break;
	case DROP_RUN:
		walk(die_printf("s%d-runs/r%d", op->store, op->run), remove_one);
		break;
	case ALLOW_AGAIN:
		lose(die_printf("s%d/forgotten/%s.json", op->store, ids[artifact]));
		break;
	default:
		walk(die_printf("s%d", op->store), shift_one);
	}
}
