#include "store/pins.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "common/owner.h"
#include "store/artifact.h"
#include "store/aside.h"
#include "store/folder.h"
#include "store/publish.h"

enum { MAX_PIN = 1 << 16 };

/* ---- names ---- */

/* A user's name as a part of a file's: all but letters, digits, '-' and '_' as %XX. Yours to free. */
static char *encode(const char *user)
{
	char *text = die_malloc(3 * strlen(user) + 1), *to = text;
	for (const char *c = user; *c; c++)
		if (isalnum((unsigned char)*c) || *c == '-' || *c == '_')
			*to++ = *c;
		else
			to += sprintf(to, "%%%02X", (unsigned)(unsigned char)*c);
	*to = 0;
	return text;
}

/* The inverse; NULL: encode gives no such text. */
static char *decode(const char *text, size_t n)
{
	char *user = die_malloc(n + 1), *to = user;
	for (size_t i = 0; i < n; to++) {
		char hex[3] = {0};
		bool is_coded = text[i] == '%' && n - i > 2;
		if (is_coded)
			memcpy(hex, text + i + 1, 2);
		*to = is_coded ? (char)strtol(hex, NULL, 16) : text[i];
		i += is_coded ? 3 : 1;
	}
	*to = 0;

	char *again = encode(user);
	bool is_same = *user && strlen(again) == n && !strncmp(again, text, n);
	free(again);
	if (is_same)
		return user;
	free(user);
	return NULL;
}

static char *path_of(const char *id, const char *user)
{
	char *name = encode(user), *path = die_printf("%s/pins/%s.%s.json", artifact_store_path(), id, name);
	free(name);
	return path;
}

/* Of a version before. */
static char *old_path_of(const char *id)
{
	return die_printf("%s/pins/%s.json", artifact_store_path(), id);
}

/* The id and the user that a file's name says; *user NULL: an old one. False: it is no pin's. *user is yours
 * to free. */
static bool read_name(char id[DIGEST_HEX], char **user, const char *name)
{
	struct digest d;
	size_t n = strlen(name), n_end = strlen(".json"), n_id = DIGEST_HEX - 1;
	*user = NULL;
	if (n < n_id + n_end || strcmp(name + n - n_end, ".json") != 0)
		return false;
	memcpy(id, name, n_id);
	id[n_id] = 0;
	if (digest_parse(&d, id) < 0)
		return false;
	if (n == n_id + n_end)
		return true;
	if (name[n_id] == '.')
		*user = decode(name + n_id + 1, n - n_id - 1 - n_end);
	return *user;
}

/* Yours to free. */
static char *own_name(void)
{
	json_t *name = owner_user();
	char *user = die_strdup(json_string_value(name));
	json_decref(name);
	return user;
}

/* ---- writing ---- */

static void write_pin(const char *id, const char *user, const char *note, time_t when)
{
	char text_of_time[32], *folder = die_printf("%s/pins", artifact_store_path());
	char *path = path_of(id, user);
	size_t n;
	struct error e = {0};

	strftime(text_of_time, sizeof text_of_time, "%Y-%m-%dT%H:%M:%SZ", gmtime(&when));
	json_t *pin =
		json_pack("{s:s, s:s, s:s, s:s}", "id", id, "note", note, "time", text_of_time, "user", user);
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

static bool remove_file(const char *path)
{
	bool was_there = folder_unlink(path) == 0;
	if (!was_there && errno != ENOENT)
		die("%s: cannot remove: %s", path, strerror(errno));
	return was_there;
}

/* Whether the user has one by the old name: then there is no other of that artifact by that name. */
static bool has_old(const char *path, const char *user)
{
	char *text = NULL;
	const char *named = NULL;
	size_t n;
	json_t *pin = file_read(&text, &n, path, MAX_PIN, NULL) == 0 ? json_read(text, n, path, NULL) : NULL;
	bool has = json_unpack(pin, "{s:s}", "user", &named) == 0 && !strcmp(named, user);
	json_decref(pin);
	free(text);
	return has;
}

void pins_add(const char *id, const char *note)
{
	char *user = own_name(), *old = old_path_of(id);
	write_pin(id, user, note, time(NULL));
	if (has_old(old, user))
		remove_file(old);
	free(old);
	free(user);
}

bool pins_remove(const char *id)
{
	char *user = own_name(), *path = path_of(id, user), *old = old_path_of(id);
	bool was_there = remove_file(path);
	if (has_old(old, user))
		was_there |= remove_file(old);
	free(old);
	free(path);
	free(user);
	return was_there;
}

/* Who made the file, of one whose name does not say. */
static char *owner_name_of(const struct stat *s)
{
	const struct passwd *owner = getpwuid(s->st_uid);
	return owner ? die_strdup(owner->pw_name) : die_printf("%ld", (long)s->st_uid);
}

char *pins_restore(const char *path, struct error *e)
{
	const char *slash = strrchr(path, '/');
	char id[DIGEST_HEX], *user, *kept = NULL;
	struct stat s;
	bool is_pin = read_name(id, &user, slash ? slash + 1 : path), is_old = !user;
	if (!is_pin) {
		error_set(e, NULL, 0,
			  "what it kept its name does not say, so gc removes nothing while it is there: pin "
			  "that again, then remove it");
	} else if (lstat(path, &s) < 0 || !(kept = aside_copy(path))) {
		error_set(
			e, NULL, 0,
			"it cannot be kept aside (%s), and gc removes nothing while it is there: move it out "
			"of the store, then pin %.12s again",
			strerror(errno), id);
	} else {
		if (is_old)
			user = owner_name_of(&s);
		char *own = path_of(id, user);
		if (!is_old || !file_is_named(own)) /* one of the same user's that is newer says more */
			write_pin(id, user, "its note was damaged", s.st_mtime);
		if (is_old)
			remove_file(path);
		free(own);
	}
	free(user);
	return kept;
}

/* ---- reading ---- */

struct visit {
	void (*f)(const struct pin *pin, void *context);
	void (*bad)(const char *path, const struct error *e, void *context);
	void *context;
	char *own;
};

/* Whether a pin says what its file's name says. */
static bool is_named(const struct pin *p, const char *name)
{
	char id[DIGEST_HEX], *user;
	bool is = read_name(id, &user, name) && !strcmp(id, p->id) && (!user || !strcmp(user, p->user));
	free(user);
	return is;
}

static bool fill(struct pin *p, json_t *pin)
{
	const char *id;
	struct digest d;
	if (json_unpack(pin, "{s:s, s:s, s:s, s:s}", "id", &id, "note", &p->note, "time", &p->time, "user",
			&p->user) < 0 ||
	    digest_parse(&d, id) < 0)
		return false;
	memcpy(p->id, id, DIGEST_HEX);
	return true;
}

static void visit_one(const char *path, const char *name, void *context)
{
	const struct visit *v = context;
	struct error e = {0};
	struct pin p = {.path = path};
	char *text;
	size_t n, length = strlen(name);
	if (length < 5 || strcmp(name + length - 5, ".json") != 0)
		return; /* one in the making */
	if (file_read(&text, &n, path, MAX_PIN, &e) < 0) {
		if (v->bad && file_is_named(path))
			v->bad(path, &e, v->context);
		return;
	}

	json_t *pin = json_read(text, n, path, &e);
	if (pin && fill(&p, pin) && is_named(&p, name)) {
		p.is_own = !strcmp(p.user, v->own);
		v->f(&p, v->context);
	} else if (v->bad) {
		if (pin)
			error_set(&e, path, 0, "is no pin");
		v->bad(path, &e, v->context);
	}
	json_decref(pin);
	free(text);
}

void pins_each(void (*f)(const struct pin *pin, void *context),
	       void (*bad)(const char *path, const struct error *e, void *context), void *context)
{
	struct visit v = {f, bad, context, own_name()};
	folder_each("pins", visit_one, &v);
	free(v.own);
}
