#include "store/strays.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/owner.h"
#include "store/artifact.h"
#include "store/folder.h"

/* Of another host, or of a version that did not say whose it is. */
#define ABANDONED_S (30 * 86400.0)
#define OLD_S	    86400.0

static double age_of(const char *path)
{
	struct stat s;
	return lstat(path, &s) == 0 ? difftime(time(NULL), s.st_mtime) : 0;
}

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), n_end = strlen(end);
	return n > n_end && !strcmp(name + n - n_end, end);
}

/* ".t0-4711", "probe.txt.4711" */
static bool is_of_old(const char *name)
{
	const char *text = strstr(name, ".txt.");
	const char *digits = !strncmp(name, ".t0-", 4) ? name + 4 : text ? text + 5 : "";
	return *digits && digits[strspn(digits, "0123456789")] == 0;
}

bool strays_is(const char *path, const char *name)
{
	if (is_of_old(name))
		return age_of(path) > OLD_S;
	if (!ends_in(name, ".new"))
		return false;
	enum owner owner = owner_of(name);
	return owner == OWNER_GONE || (owner == OWNER_ELSEWHERE && age_of(path) > ABANDONED_S);
}

static struct removal *removing; /* nftw passes no context */

static int see(const char *path, const struct stat *s, int type, struct FTW *where)
{
	(void)s;
	if (type == FTW_F && strays_is(path, path + where->base))
		removal_file(removing, "stray", path);
	return 0;
}

void strays_in_runs(struct removal *r, const char *runs)
{
	removing = r;
	nftw(runs, see, 16, FTW_PHYS);
}

void strays_used(const char *path, const char *name, void *context)
{
	(void)context;
	struct digest d;
	if (digest_parse(&d, name) == 0 && !artifact_exists(name))
		(void)!folder_unlink(path);
}
