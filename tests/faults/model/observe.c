/* What is there, by the names of files alone: no code of the store is asked. */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "remote/manifest.h"
#include "tests/faults/model/world.h"

#define DAY_S 86401

char ids[N][DIGEST_HEX], keys[N][DIGEST_HEX], places[N][DIGEST_HEX];

static const char *const stage_names[] = {"root", "mid", "leaf"};

/* The index of what a name begins with; NONE. */
static int find(char (*list)[DIGEST_HEX], const char *name)
{
	for (int i = 0; i < N; i++)
		if (*list[i] && !strncmp(list[i], name, DIGEST_HEX - 1) && artifact_index(i) == i)
			return i;
	return NONE;
}

static int find_key(const char *name)
{
	for (int i = 0; i < N; i++)
		if (*keys[i] && !strncmp(keys[i], name, DIGEST_HEX - 1))
			return i;
	return NONE;
}

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), n_end = strlen(end);
	return n > n_end && !strcmp(name + n - n_end, end);
}

static bool begins(const char *path, const char *with)
{
	return !strncmp(path, with, strlen(with));
}

/* ---- a store ---- */

static struct {
	struct store_state *to;
	const char *folder;
	time_t now;
} walking; /* nftw passes no context */

static int8_t age_of(const struct stat *s)
{
	int64_t age = ((int64_t)walking.now - s->st_mtime) / DAY_S;
	return (int8_t)(age < 0 ? -2 : age > 100 ? 100 : age);
}

static void see_note(const char *path, const struct stat *s)
{
	json_error_t unused;
	json_t *note = json_load_file(path, 0, &unused);
	const char *folder = json_string_value(json_object_get(note, "folder"));
	const char *stage = json_string_value(json_object_get(note, "stage"));
	const char *id = json_string_value(json_object_get(note, "id"));
	int run = folder ? folder[strlen(folder) - 1] - '0' : NONE, i = 0;
	while (stage && i < STAGES && strcmp(stage, stage_names[i]) != 0)
		i++;
	if (!id || run < 0 || run >= RUNS || i == STAGES)
		die("%s: no note of ours", path);
	walking.to->run[run].note[i] = (int8_t)find(ids, id);
	walking.to->run[run].note_age[i] = age_of(s);
	json_decref(note);
}

static void see_file(const char *path, const char *name, const struct stat *s)
{
	struct store_state *to = walking.to;
	int artifact = find(ids, name), action = find_key(name);
	const char *in = path + strlen(walking.folder) + 1;
	bool is_object = artifact != NONE && ends_in(name, ".mdb");
	if (begins(in, "objects/") && is_object)
		to->object[artifact] = age_of(s);
	else if (begins(in, "trash/") && is_object)
		to->trash[artifact] = age_of(s);
	else if (begins(in, "trash/") && artifact != NONE && ends_in(name, ".since"))
		to->since[artifact] = age_of(s);
	else if (begins(in, "actions/") && action != NONE && ends_in(name, ".json"))
		to->entry[action] = 1;
	else if (begins(in, "arriving/") && action != NONE && ends_in(name, ".doubt"))
		to->doubt[action] = age_of(s);
	else if (begins(in, "pins/") && artifact != NONE && ends_in(name, ".json"))
		to->pin[artifact] = 1;
	else if (begins(in, "forgotten/") && artifact != NONE && ends_in(name, ".json"))
		to->forgotten[artifact] = 1;
	else if (begins(in, "roots/") && ends_in(name, ".json"))
		see_note(path, s);
	else
		to->n_left++;
}

static int see(const char *path, const struct stat *s, int type, struct FTW *where)
{
	if (type != FTW_D)
		see_file(path, path + where->base, s);
	return 0;
}

static void read_hex(char hex[DIGEST_HEX], const char *path)
{
	FILE *f = fopen(path, "r");
	*hex = 0;
	if (f && fread(hex, 1, DIGEST_HEX - 1, f) == DIGEST_HEX - 1)
		hex[DIGEST_HEX - 1] = 0;
	if (f)
		fclose(f);
}

static void see_ids(struct store_state *to, int store)
{
	char path[64], hex[DIGEST_HEX];
	for (int r = 0; r < RUNS; r++)
		for (int i = 0; i < STAGES; i++) {
			snprintf(path, sizeof path, "s%d-runs/r%d/%s.id", store, r, stage_names[i]);
			read_hex(hex, path);
			to->run[r].id[i] = (int8_t)(*hex ? find(ids, hex) : NONE);
		}
}

/* ---- the remote ---- */

static bool is_there(const char *folder, const char *name)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

static bool has_manifest(const char *place)
{
	char path[128], hex[DIGEST_HEX];
	snprintf(path, sizeof path, "team/ac/%s", place);
	read_hex(hex, path);
	return *hex && is_there("team/cas", hex);
}

static int8_t count_in(const char *folder)
{
	DIR *d = opendir(folder);
	int8_t n = 0;
	for (struct dirent *entry; d && (entry = readdir(d));)
		n += entry->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

static void see_remote(struct world *w)
{
	for (int i = 0; i < N; i++) {
		w->entry[i] = is_there("team/ac", keys[i]);
		if (artifact_index(i) != i)
			continue;
		w->header[i] = is_there("team/cas", ids[i]);
		w->manifest[i] = has_manifest(places[i]);
	}
	w->n_left = count_in("team/tmp");
}

void observe(struct world *w)
{
	world_init(w);
	for (int s = 0; s < STORES; s++) {
		char folder[16];
		snprintf(folder, sizeof folder, "s%d", s);
		walking.to = &w->store[s];
		walking.folder = folder;
		walking.now = time(NULL);
		if (nftw(folder, see, 16, FTW_PHYS) < 0 && errno != ENOENT)
			die("%s: %s", folder, strerror(errno));
		see_ids(&w->store[s], s);
	}
	see_remote(w);
}

/* ---- learning ---- */

static int find_new_key(const char *path, const struct stat *s, int type, struct FTW *where)
{
	const char *name = path + where->base;
	(void)s;
	if (type != FTW_F || !ends_in(name, ".json") || find_key(name) != NONE)
		return 0;
	for (int i = 0; i < N; i++)
		if (!*keys[i]) {
			memcpy(keys[i], name, DIGEST_HEX - 1);
			return 1;
		}
	return -1;
}

/* In the order of actions: root 0, root 1, ... */
static void learn(int action)
{
	int way[STAGES], n = 0;
	char path[64];
	for (int a = action; a != NONE; a = input_of(a))
		way[n++] = a;
	while (n-- > 0) {
		int a = way[n], from = input_of(a);
		struct op op = {.kind = MAKE, .store = STORES, .stage = stage_of(a), .action = a};
		op.number = a - action_index(op.stage, from, 0);
		if (perform(&op) != 0)
			die("%s cannot be made", action_name(a));
	}
	snprintf(path, sizeof path, "s%d/actions", STORES);
	if (nftw(path, find_new_key, 16, FTW_PHYS) != 1)
		die("%s left no entry", action_name(action));
	snprintf(path, sizeof path, "s%d-runs/r0/%s.id", STORES, stage_names[stage_of(action)]);
	read_hex(ids[action], path);
	struct digest place = manifest_key(ids[action]);
	digest_hex(places[action], &place);
}

void universe_learn(void)
{
	for (int a = 0; a < N; a++) {
		learn(a);
		if (artifact_index(a) != a && strcmp(ids[a], ids[artifact_index(a)]) != 0)
			die("%s is not as its sister", action_name(a));
	}
}
