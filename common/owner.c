#include "common/owner.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/die.h"

enum { HOST_BYTES = 65 };

/* Letters that a file's name may have; "unknown" if the host has none. */
static void get_host(char host[HOST_BYTES])
{
	if (gethostname(host, HOST_BYTES) < 0 || !*host)
		strcpy(host, "unknown");
	host[HOST_BYTES - 1] = 0;
	for (char *p = host; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '.')
			*p = '_';
}

char *owner_name(void)
{
	static atomic_uint number;
	char host[HOST_BYTES];
	get_host(host);
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

enum owner owner_of(const char *name)
{
	const char *at = strrchr(name, '@');
	pid_t pid = at ? pid_before(name, at) : 0;
	char host[HOST_BYTES];
	if (pid <= 0)
		return OWNER_NONE;

	get_host(host);
	size_t n = strlen(host);
	const char *end = at + 1 + n;
	if (strncmp(at + 1, host, n) || (*end && strcmp(end, ".new") && strcmp(end, "\n")))
		return OWNER_ELSEWHERE;
	return kill(pid, 0) < 0 && errno == ESRCH ? OWNER_GONE : OWNER_LIVES;
}
