#include "kernels/extension.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/die.h"
#include "common/library.h"
#include "common/team.h"
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

/* Finds function `symbol` of the library of `name`. */
static void find(const char *name, const struct extension_host *host, const char *symbol, void *function)
{
	char *path = path_of(name);
	if (access(path, R_OK) < 0)
		die("%s: %s is not there; build it (make %s; ./setup --%s says what that needs) or %s",
		    host->asked, path, name, name, host->otherwise);
	library_find(library_open(path, path), path, symbol, function);
	free(path);
}

/* The library keeps it. */
static struct extension_host *host_of(const char *asked, const char *otherwise)
{
	struct extension_host *host = die_calloc(1, sizeof *host);
	*host = (struct extension_host){
		.die = die,
		.pow = dmath_pow,
		.asked = asked,
		.otherwise = otherwise,
		.team = team_joined(),
		.team_die = team_die,
		.rank = team_rank,
		.size = team_size,
		.share = team_share,
		.gather = team_gather,
		.exchange = team_exchange,
	};
	return host;
}

/* For tests, which start it often: large sizes would take it seconds. */
static bool is_emulated(const char *name)
{
	return strcmp(name, "emulated") == 0;
}

const struct ops *extension_open(const char *name, bool is_of_params, const struct ops *scalar)
{
	const struct ops *(*open)(const struct extension_host *);
	struct extension_host *host =
		host_of(die_printf(is_of_params ? "device: %s" : "EINTHOVEN_DEVICE=%s", name),
			is_of_params ? "set device: cpu to compute on the CPU, with the same results"
				     : "unset EINTHOVEN_DEVICE to compute on the CPU, with the same results");
	find(name, host, "extension_table", &open);
	const struct ops *o = open(host);
	const char *failed = selftest_run(o, scalar);
	if (!failed && !is_emulated(name))
		failed = selftest_run_large(o, scalar, 0);
	if (!failed)
		failed = selftest_order_team(o, team_joined());
	if (failed)
		die("self-test: %s on %s differs from its plain definition; %s, and please report it", failed,
		    o->name, host->otherwise);
	return o;
}

const struct extension_class *extension_open_fast(const char *name, const char *asked,
						  enum ops_numbers numbers)
{
	struct extension_host *host = host_of(asked, "set numerics: exact to compute on any device");
	host->numbers = numbers;
	const struct extension_class *(*open)(const struct extension_host *);
	find(name, host, "extension_fast", &open);
	return open(host);
}

void extension_check_fast(const struct extension_class *c, const struct ops *scalar)
{
	const char *failed = selftest_run_near(c->ops, scalar, c->near);
	if (!failed)
		failed = selftest_run_large(c->ops, scalar, c->near);
	if (!failed)
		failed = selftest_order_team(c->ops, team_joined());
	if (failed)
		die("self-test: %s on %s is not near its plain definition, or not the same twice; set "
		    "numerics: exact, and please report it",
		    failed, c->numerics);
}
