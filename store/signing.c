#include "store/signing.h"

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "common/die.h"
#include "common/file.h"

/* The variable's value; else the file by default. NULL: none. */
static const char *chosen(const char *variable, const char *usual)
{
	const char *given = getenv(variable);
	if (given)
		return *given ? given : NULL;
	return usual;
}

/* ~/.config/einthoven/key.pem */
static const char *usual_key(void)
{
	static char *path;
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	if (path)
		return path;
	if (config && *config == '/')
		path = die_printf("%s/einthoven/key.pem", config);
	else if (home && *home)
		path = die_printf("%s/.config/einthoven/key.pem", home);
	return path;
}

const char *signing_key_path(void)
{
	const char *given = getenv("EINTHOVEN_KEY");
	return !given ? usual_key() : *given ? given : NULL;
}

const struct key *signing_key(void)
{
	static struct key *key;
	static bool is_read;
	const char *usual = usual_key();
	const char *path =
		is_read ? NULL : chosen("EINTHOVEN_KEY", usual && file_is_named(usual) ? usual : NULL);
	struct error e = {0};
	if (path && !(key = key_open(path, &e)))
		die("%s; with an empty EINTHOVEN_KEY nothing is signed", error_text(&e));
	is_read = true;
	return key;
}

const char *signing_policy_path(void)
{
	return chosen("EINTHOVEN_TRUST", file_is_named("trust.yaml") ? "trust.yaml" : NULL);
}

const struct policy *signing_policy(void)
{
	static struct policy *policy;
	static bool is_read;
	const char *path = is_read ? NULL : signing_policy_path();
	struct error e = {0};
	if (path && !(policy = policy_open(path, &e)))
		die("%s", error_text(&e));
	is_read = true;
	return policy;
}

void signing_check(const char *stage)
{
	const struct key *key = signing_key();
	const struct policy *policy = signing_policy();
	struct verdict v;
	char now[32];
	time_t t = time(NULL);
	struct tm utc;
	if (!policy)
		return;
	if (!key) {
		warn("there is a trust.yaml but no key to sign with, so this result will be no hit later; "
		     "'store "
		     "keygen' makes one");
		return;
	}
	gmtime_r(&t, &utc);
	strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%S", &utc);
	policy_judge_key(&v, policy, key_line(key), stage, now);
	if (!v.is_taken)
		warn("this result will be no hit later: what we sign %s", v.why);
}
