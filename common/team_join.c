/* Finding out who started us, and opening the transport. */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/die.h"
#include "common/mpi/team_mpi.h"
#include "common/team_transport.h"

/* Who starts several processes tells each in its environment how many they are. A batch script of Slurm has
 * SLURM_NTASKS too, but only what srun started has SLURM_STEP_NUM_TASKS. mpirun uses srun to start its own
 * daemons: it comes first. */
static const struct launcher {
	const char *name, *size,
		*mark; /* mark: also set where its processes can find one another; NULL: always */
} launchers[] = {{"mpirun", "OMPI_COMM_WORLD_SIZE", NULL},
		 {"mpiexec", "PMI_SIZE", NULL},
		 {"srun", "SLURM_STEP_NUM_TASKS", "PMIX_RANK"}};

static struct team *joined;
static int exit_status = 1;

static int count_of(const char *name)
{
	const char *text = getenv(name);
	char *end;
	if (!text || !*text)
		return 1;
	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno || *end || n < 1 || n > TEAM_MOST)
		die("%s=%s: expected a number of processes from 1 to %d", name, text, TEAM_MOST);
	return (int)n;
}

/* The first launcher that has left its mark; *size: how many it started. NULL: nobody. */
static const struct launcher *find_launcher(int *size)
{
	*size = 1;
	for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
		if (getenv(launchers[i].size)) {
			*size = count_of(launchers[i].size);
			return &launchers[i];
		}
	return NULL;
}

/* <folder of this program>/../lib/team_mpi.so; yours to free. */
static char *library_path(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	if (length < 0)
		die("/proc/self/exe: %s", strerror(errno));
	path[length] = 0;
	char *slash = strrchr(path, '/');
	*slash = 0;
	return die_printf("%s/../lib/team_mpi.so", path);
}

static struct team *open_mpi(const char *launcher, int size)
{
	static const struct team_host host = {die};
	char *path = library_path();
	if (access(path, R_OK) < 0)
		die("one of %d processes that %s started, but %s is not there: they cannot work together; "
		    "install MPI (./setup --mpi) and run make again",
		    size, launcher, path);
	void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL); /* MPI's own plugins look for its symbols */
	void *symbol = library ? dlsym(library, "team_mpi_join") : NULL;
	if (!symbol)
		die("%s; install MPI (./setup --mpi) and run make again", dlerror());
	free(path);

	struct team *(*join)(const struct team_host *);
	memcpy(&join, &symbol, sizeof join);
	return join(&host);
}

/* Registered before what removes temporary files and locks, so that it runs after. */
static void end_with_us(void)
{
	if (joined)
		joined->transport->end(joined, exit_status);
}

static bool is_wanted(void)
{
	const char *choice = getenv("EINTHOVEN_TEAM");
	if (choice && *choice && strcmp(choice, "alone") != 0)
		die("EINTHOVEN_TEAM=%s: expected nothing or alone", choice);
	return !choice || !*choice;
}

struct team *team_join(void)
{
	int size;
	const struct launcher *l = find_launcher(&size);
	if (!l || size == 1 || !is_wanted())
		return NULL;
	if (l->mark && !getenv(l->mark))
		die("one of %d processes that %s started, which cannot find one another; use srun --mpi=pmix "
		    "(or EINTHOVEN_TEAM=alone if each shall work alone)",
		    size, l->name);

	struct team *t = open_mpi(l->name, size);
	if (t->size != size)
		die("%s started %d processes, but MPI finds %d: start them with the mpirun of the MPI that "
		    "this was built with, or with srun --mpi=pmix",
		    l->name, size, t->size);
	joined = t;
	atexit(end_with_us);
	return t;
}

struct team *team_joined(void)
{
	return joined;
}

void team_leave(struct team *t)
{
	if (!t || !t->transport->leave)
		return;
	joined = NULL;
	t->transport->leave(t);
}

void team_status(int status)
{
	exit_status = status;
}
