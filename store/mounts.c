#include "store/mounts.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/die.h"
#include "common/file.h"
#include "common/owner.h"

#define HEX_DIGITS "0123456789abcdef"

/* Undo "\040" for a blank and the like, in place. */
static void unescape(char *text)
{
	char *to = text;
	for (const char *c = text; *c; to++) {
		if (c[0] == '\\' && strspn(c + 1, "01234567") >= 3) {
			*to = (char)((c[1] - '0') << 6 | (c[2] - '0') << 3 | (c[3] - '0'));
			c += 4;
		} else {
			*to = *c++;
		}
	}
	*to = 0;
}

/* A line of the list. */
struct mount {
	char *root, *point, *type, *source;
};

/* "ID PARENT DEVICE ROOT POINT OPTIONS... - TYPE SOURCE OPTIONS" (proc_pid_mountinfo(5)), taken apart in
 * place. False: it says something else. */
static bool parse(struct mount *m, char *line)
{
	char *dash = strstr(line, " - "), *rest = line, *end = dash ? dash + 3 : NULL;
	if (!dash)
		return false;
	*dash = 0;
	for (int i = 0; i < 3; i++)
		strsep(&rest, " ");
	m->root = strsep(&rest, " ");
	m->point = strsep(&rest, " ");
	m->type = strsep(&end, " ");
	m->source = strsep(&end, " ");
	if (!m->root || !m->point || !m->type || !m->source)
		return false;
	unescape(m->point);
	return true;
}

/* Call f for each mount until it says true. False: it never did. */
static bool any(bool (*f)(const struct mount *m, void *context), void *context, bool *is_read)
{
	FILE *list = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;
	bool is_found = false;
	struct mount m;
	*is_read = list != NULL;
	while (list && !is_found && getline(&line, &room, list) > 0)
		is_found = parse(&m, line) && f(&m, context);
	free(line);
	if (list)
		fclose(list);
	return is_found;
}

/* The deepest mount of a path; its strings are the search's. */
struct search {
	const char *path;
	struct mount deepest;
};

static void forget(struct mount *m)
{
	free(m->root);
	free(m->point);
	free(m->type);
	free(m->source);
}

static bool keep_deepest(const struct mount *m, void *context)
{
	struct search *s = context;
	size_t n = strlen(m->point);
	bool is_above = !strcmp(m->point, "/") ||
			(!strncmp(s->path, m->point, n) && (s->path[n] == '/' || !s->path[n]));
	if (is_above && (!s->deepest.point || n >= strlen(s->deepest.point))) {
		forget(&s->deepest); /* of two at one point the later is seen */
		s->deepest = (struct mount){die_strdup(m->root), die_strdup(m->point), die_strdup(m->type),
					    die_strdup(m->source)};
	}
	return false;
}

static bool find(struct search *s, const char *path)
{
	bool is_read;
	*s = (struct search){.path = path};
	any(keep_deepest, s, &is_read);
	return s->deepest.point != NULL;
}

static bool is_among(const char *type, const char *const *types)
{
	while (*types && strcmp(type, *types) != 0)
		types++;
	return *types != NULL;
}

/* This machine, whatever it is called today; by its name where it has no id (machine-id(5)). */
static char *machine(void)
{
	char host[OWNER_HOST_BYTES], *text = NULL;
	size_t n = 0;
	struct error e = {0};
	if (file_read(&text, &n, "/etc/machine-id", 64, &e) == 0 && strspn(text, HEX_DIGITS) == 32) {
		text[32] = 0;
		return text;
	}
	free(text);
	owner_host(host);
	return die_strdup(host);
}

/* " 17321.004", when the folder that is mounted was made: containers of one image have its machine-id, but
 * each its own folder, and it is as old after a reboot or a mount anew. "" where the file system says nothing
 * of it, or is made by being mounted. Yours to free. */
static char *birth(const struct mount *m)
{
	static const char *const fleeting[] = {"tmpfs", "ramfs", NULL};
	struct statx s;
	if (is_among(m->type, fleeting) || statx(AT_FDCWD, m->point, AT_NO_AUTOMOUNT, STATX_BTIME, &s) < 0 ||
	    !(s.stx_mask & STATX_BTIME) || !s.stx_btime.tv_sec)
		return die_strdup("");
	return die_printf(" %lld.%09u", (long long)s.stx_btime.tv_sec, s.stx_btime.tv_nsec);
}

static char *host_of(const struct mount *m)
{
	static const char *const shared[] = {"nfs",  "nfs4", "lustre", "gpfs",	"beegfs", "ceph",
					     "cifs", "smb3", "afs",    "pvfs2", "panfs",  NULL};
	if (is_among(m->type, shared))
		return die_printf("%s %s", m->type, m->source);
	char *id = machine(), *born = birth(m), *own = die_printf("%s%s", id, born);
	free(born);
	free(id);
	return own;
}

char *mounts_place(const char *path)
{
	struct search s;
	if (!find(&s, path))
		return NULL;
	const struct mount *m = &s.deepest;
	char *own = host_of(m);
	char *place = die_printf("%s %s %s", own, m->root, m->point);
	free(own);
	forget(&s.deepest);
	return place;
}

bool mounts_remember_names(const char *path)
{
	static const char *const types[] = {"nfs", "nfs4", "cifs", "smb3", "afs", NULL};
	struct search s;
	if (!find(&s, path))
		return false;
	bool is = is_among(s.deepest.type, types) || !strncmp(s.deepest.type, "fuse.", 5);
	forget(&s.deepest);
	return is;
}

static bool is_same(const struct mount *m, void *context)
{
	return !strcmp(m->point, context);
}

bool mounts_has(const char *point)
{
	bool is_read;
	return !strcmp(point, "/") || any(is_same, (void *)(uintptr_t)point, &is_read);
}
