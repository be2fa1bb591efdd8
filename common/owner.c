#include "common/owner.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
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

char *owner_name(void)
{
	static atomic_uint number;
	char host[OWNER_HOST_BYTES];
	owner_host(host);
	return die_printf("%ld-%u@%s", (long)getpid(), atomic_fetch_add(&number, 1), host);
}

/* The process in "...<pid>-<number>@", at being the place of the @; 0 if that is not what stands there. */
static pid_t pid_before(const char *name, const char *at)
{
	const char *number = at, *pid;
	while (number > name && isdigit((unsigned char)number[-1]))
		number--;
	if (number == at || number == name || number[-1] != '-')
		return 0;
	for (pid = number - 1; pid > name && isdigit((unsigned char)pid[-1]);)
		pid--;
	return pid == name || pid[-1] == '.' ? (pid_t)atol(pid) : 0;
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
	pid_t pid = at ? pid_before(name, at) : 0;
	char host[OWNER_HOST_BYTES];
	if (pid <= 0)
		return OWNER_NONE;

	owner_host(host);
	size_t n = strlen(host);
	const char *end = at + 1 + n;
	if (strncmp(at + 1, host, n) || (*end && strcmp(end, ".new") && strcmp(end, "\n")))
		return OWNER_ELSEWHERE;
	return kill(pid, 0) < 0 && errno == ESRCH ? OWNER_GONE : OWNER_LIVES;
}
