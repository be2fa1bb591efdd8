#include "common/owner.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/die.h"

/* Letters that a file's name may have; "unknown" if the host has none. */
void owner_host(char host[OWNER_HOST_BYTES])
{
	if (gethostname(host, OWNER_HOST_BYTES) < 0 || !*host)
		strcpy(host, "unknown");
	host[OWNER_HOST_BYTES - 1] = 0;
	for (char *p = host; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '.')
			*p = '_';
}

/* What the kernel says of a process. */
struct process {
	pid_t pid;
	char state;		  /* Z: it has ended, and its parent has not asked for its exit code */
	unsigned long long start; /* clock ticks since the machine started */
};

/* which: "self" or a number. False if /proc does not tell. proc(5): "pid (name) state", start is field 22;
 * the name may hold anything, also a parenthesis. */
static bool process_read(struct process *p, const char *which)
{
	char path[64], text[1024];
	snprintf(path, sizeof path, "/proc/%s/stat", which);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;

	const char *field = strrchr(text, ')');
	if (!field || sscanf(field, ") %c", &p->state) != 1)
		return false;
	for (int i = 2; i < 22 && field; i++)
		field = strchr(field + 1, ' ');
	p->pid = (pid_t)atol(text);
	return field && sscanf(field, "%llu", &p->start) == 1;
}

/* This process; false also if /proc is of another namespace, where numbers mean others. */
static bool process_self(struct process *p)
{
	return process_read(p, "self") && p->pid == getpid();
}

char *owner_name(void)
{
	static atomic_uint number;
	char host[OWNER_HOST_BYTES];
	struct process self;
	unsigned n = atomic_fetch_add(&number, 1);
	owner_host(host);
	return process_self(&self) ? die_printf("%ld-%llu-%u@%s", (long)getpid(), self.start, n, host)
				   : die_printf("%ld-%u@%s", (long)getpid(), n, host);
}

/* The digits that end at `end` in name; end itself if there are none. */
static const char *digits_before(const char *name, const char *end)
{
	while (end > name && isdigit((unsigned char)end[-1]))
		end--;
	return end;
}

/* The process in "...<pid>[-<start>]-<number>@", at being the place of the @; false if that is not what
 * stands there. No start is 0: of a version that did not write it, or without /proc. */
static bool process_before(struct process *p, const char *name, const char *at)
{
	const char *number = digits_before(name, at), *start = NULL;
	if (number == at || number == name || number[-1] != '-')
		return false;
	const char *end = number - 1, *pid = digits_before(name, end);
	if (pid < end && pid > name && pid[-1] == '-') {
		start = pid;
		end = pid - 1;
		pid = digits_before(name, end);
	}
	if (pid == end || (pid > name && pid[-1] != '.'))
		return false;
	*p = (struct process){(pid_t)atol(pid), 0, start ? strtoull(start, NULL, 10) : 0};
	return p->pid > 0;
}

/* One that has ended keeps its number until its parent has asked for it; then another may have it. */
static bool is_gone(const struct process *owner)
{
	struct process self, p;
	char which[32];
	if (kill(owner->pid, 0) < 0 && errno == ESRCH)
		return true;
	snprintf(which, sizeof which, "%ld", (long)owner->pid);
	return process_self(&self) && process_read(&p, which) &&
	       (strchr("ZX", p.state) || (owner->start && p.start != owner->start));
}

json_t *owner_user(void)
{
	const struct passwd *user = getpwuid(getuid());
	json_t *name = user ? json_string(user->pw_name) : NULL;
	return name ? name : json_sprintf("%ld", (long)getuid());
}

enum owner owner_of(const char *name)
{
	const char *at = strrchr(name, '@');
	char host[OWNER_HOST_BYTES];
	struct process owner;
	if (!at || !process_before(&owner, name, at))
		return OWNER_NONE;

	owner_host(host);
	size_t n = strlen(host);
	const char *end = at + 1 + n;
	if (strncmp(at + 1, host, n) || (*end && strcmp(end, ".new") && strcmp(end, "\n")))
		return OWNER_ELSEWHERE;
	return is_gone(&owner) ? OWNER_GONE : OWNER_LIVES;
}
