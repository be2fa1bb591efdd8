#include "kernels/extension.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/die.h"
#include "common/library.h"
#include "kernels/selftest.h"
#include "numbers/dmath.h"

/* Yours to free. */
static char *path_of(const char *name)
{
	const char *given = getenv("EINTHOVEN_EXTENSION");
	char program[PATH_MAX];
	if (given && *given)
		return die_strdup(given);

	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
	if (length < 0)
		die("/proc/self/exe: %s", strerror(errno));
	program[length] = 0;
	*strrchr(program, '/') = 0;
	return die_printf("%s/../lib/kernels_%s.so", program, name);
}

const struct ops *extension_open(const char *name, const struct ops *scalar)
{
	static const struct extension_host host = {die, dmath_pow};
	const struct ops *(*open)(const struct extension_host *);
	char *path = path_of(name);
	if (access(path, R_OK) < 0)
		die("EINTHOVEN_DEVICE=%s: %s is not there; build it (make %s; ./setup --%s says what that "
		    "needs) "
		    "or unset EINTHOVEN_DEVICE",
		    name, path, name, name);

	library_find(library_open(path, path), path, "extension_table", &open);
	free(path);
	const struct ops *o = open(&host);
	const char *failed = selftest_run(o, scalar);
	if (failed)
		die("self-test: %s on %s differs from its plain definition; unset EINTHOVEN_DEVICE to work "
		    "without "
		    "it, and please report it",
		    failed, o->name);
	return o;
}
