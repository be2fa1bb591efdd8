#include "store/signers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/die.h"
#include "store/signing.h"

static void print_stages(FILE *out, const struct signer *s)
{
	fprintf(out, "%s", s->stages ? "" : "all stages");
	for (char **stage = s->stages; stage && *stage; stage++)
		fprintf(out, "%s%s", stage == s->stages ? "" : " ", *stage);
}

static void print_signer(FILE *out, const struct signer *s, const char *ours)
{
	fprintf(out, "%-12s %s  ", s->name, s->key);
	if (s->revoked)
		fprintf(out, "REVOKED: %s", s->revoked);
	else
		print_stages(out, s);
	if (s->from)
		fprintf(out, ", from %s", s->from);
	if (s->until)
		fprintf(out, ", until %s", s->until);
	fprintf(out, "%s%s%s\n", *s->who ? "  " : "", s->who,
		ours && !strcmp(ours, s->key) ? "  (our key)" : "");
}

void signers_print(FILE *out)
{
	const struct policy *p = signing_policy();
	const struct key *key = signing_key();
	const char *ours = key ? key_line(key) : NULL;
	bool is_listed = false;
	size_t n = 0;
	const struct signer *s = p ? policy_signers(p, &n) : NULL;

	if (!p)
		fprintf(out, "no trust.yaml: every entry that is whole is taken, signed or not\n");
	for (size_t i = 0; i < n; i++) {
		print_signer(out, &s[i], ours);
		is_listed |= ours && !strcmp(ours, s[i].key);
	}
	if (!ours)
		fprintf(out, "no key here: what this user makes is unsigned\n");
	else if (!is_listed)
		fprintf(out, "our key %s%s\n", ours, p ? " is not listed" : "");
}

/* A name for trust.yaml: the user's, if it can stand there. */
static const char *usual_name(void)
{
	const char *user = getenv("USER"), *c = user;
	while (c && (isalnum((unsigned char)*c) || (*c && strchr("._-", *c))))
		c++;
	return c && c != user && !*c && c - user < 32 ? user : "me";
}

/* A shell that appends to a new trust.yaml has just made it: then it is empty. */
static bool has_trust_file(void)
{
	const char *given = getenv("EINTHOVEN_TRUST");
	struct stat s;
	return stat(given ? given : "trust.yaml", &s) == 0 && s.st_size > 0;
}

void signers_print_new(FILE *out, const char *key_path)
{
	struct error e = {0};
	struct key *key = key_open(key_path, &e);
	if (!key)
		die("%s", error_text(&e));
	char *models = key_model_line(key);
	fprintf(out, "%s  %s:\n    key: %s\n    models: %s\n", has_trust_file() ? "" : "keys:\n",
		usual_name(), key_line(key), models);
	free(models);
	key_close(key);
}
