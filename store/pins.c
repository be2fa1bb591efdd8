#include "store/pins.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "common/owner.h"
#include "store/artifact.h"
#include "store/folder.h"
#include "store/publish.h"

enum { MAX_PIN = 1 << 16 };

static char *path_of(const char *id)
{
	return die_printf("%s/pins/%s.json", artifact_store_path(), id);
}

void pins_add(const char *id, const char *note)
{
	char when[32], *folder = die_printf("%s/pins", artifact_store_path()), *path = path_of(id);
	time_t now = time(NULL);
	size_t n;
	struct error e = {0};

	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	json_t *pin =
		json_pack("{s:s, s:s, s:s, s:o}", "id", id, "note", note, "time", when, "user", owner_user());
	if (!pin)
		die_usage("--note must be UTF-8 text");
	char *text = json_canonical(pin, &n);
	publish_folder(folder);
	if (file_replace(path, text, n, &e) < 0)
		die("%s", error_text(&e));
	json_decref(pin);
	free(text);
	free(path);
	free(folder);
}

bool pins_remove(const char *id)
{
	char *path = path_of(id);
	bool was_there = unlink(path) == 0;
	if (!was_there && errno != ENOENT)
		die("%s: cannot remove: %s", path, strerror(errno));
	free(path);
	return was_there;
}

bool pins_has(const char *id)
{
	char *path = path_of(id);
	bool has = file_exists(path);
	free(path);
	return has;
}

struct visit {
	void (*f)(const struct pin *pin, void *context);
	void (*bad)(const char *path, const char *why, void *context);
	void *context;
};

static void visit_one(const char *path, const char *name, void *context)
{
	const struct visit *v = context;
	struct error e = {0};
	struct pin p = {.path = path};
	const char *id = NULL;
	struct digest d;
	char *text;
	size_t n, length = strlen(name);
	if (length < 5 || strcmp(name + length - 5, ".json") != 0)
		return; /* one in the making */
	if (file_read(&text, &n, path, MAX_PIN, &e) < 0) {
		if (v->bad && file_exists(path))
			v->bad(path, error_text(&e), v->context);
		return;
	}

	json_t *pin = json_read(text, n, path, &e);
	bool is_pin = pin &&
		      json_unpack(pin, "{s:s, s:s, s:s, s:s}", "id", &id, "note", &p.note, "time", &p.time,
				  "user", &p.user) == 0 &&
		      digest_parse(&d, id) == 0 && !strncmp(name, id, DIGEST_HEX - 1);
	if (is_pin) {
		memcpy(p.id, id, DIGEST_HEX);
		v->f(&p, v->context);
	} else if (v->bad) {
		if (pin)
			error_set(&e, path, 0, "is no pin");
		v->bad(path, error_text(&e), v->context);
	}
	json_decref(pin);
	free(text);
}

void pins_each(void (*f)(const struct pin *pin, void *context),
	       void (*bad)(const char *path, const char *why, void *context), void *context)
{
	folder_each("pins", visit_one, &(struct visit){f, bad, context});
}
