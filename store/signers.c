#include "store/signers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/yaml.h"
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

/* Where in trust.yaml a new key's lines go. */
struct place {
	bool has_keys; /* below its keys; else they are a new section */
	bool is_flow;  /* these stand in braces, where no lines can be added */
	bool is_last;  /* of the file's sections: what is appended to the file comes under it */
	int indent;    /* of the names under keys */
	char name[48]; /* one that is free */
};

/* Blanks that a line of the file begins with; lines are counted from 1. */
static int indent_of(const char *path, long line)
{
	char *text = NULL;
	size_t n;
	int indent = 2;
	if (file_read(&text, &n, path, YAML_MAX_BYTES, NULL) == 0) {
		const char *at = text;
		for (long i = 1; i < line && at; i++)
			at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
		indent = at ? (int)strspn(at, " ") : indent;
	}
	free(text);
	return indent;
}

static bool has_name(const struct yaml_value *keys, const char *name)
{
	for (const struct yaml_value *v = keys ? keys->first : NULL; v; v = v->next)
		if (!strcmp(v->key, name))
			return true;
	return false;
}

/* A shell that appends to a new trust.yaml has just made it: then it is empty, and has no keys. */
static struct place find_place(const char *path, const struct yaml_value *root)
{
	struct place p = {.is_last = true, .indent = 2};
	const struct yaml_value *keys = root ? root->first : NULL;
	while (keys && strcmp(keys->key, "keys"))
		keys = keys->next;
	p.has_keys = keys;
	p.is_last = !keys || !keys->next;
	if (keys && keys->kind == YAML_MAP)
		p.is_flow = !keys->first || keys->first->line == keys->line;
	if (keys && keys->first && !p.is_flow)
		p.indent = indent_of(path, keys->first->line);
	snprintf(p.name, sizeof p.name, "%s", usual_name());
	for (int k = 2; has_name(keys, p.name); k++)
		snprintf(p.name, sizeof p.name, "%s-%d", usual_name(), k);
	return p;
}

/* Whether what a shell appends to the file would come into its last line. */
static bool ends_in_line(const char *path)
{
	char *text = NULL;
	size_t n = 0;
	bool is = path && file_read(&text, &n, path, YAML_MAX_BYTES, NULL) == 0 && n && text[n - 1] != '\n';
	free(text);
	return is;
}

/* What of it cannot be read is said, and who made a key has its lines all the same. */
static struct yaml *open_trust(const char *path)
{
	struct error e = {0};
	struct yaml *y = path ? yaml_open(path, &e) : NULL;
	if (path && !y)
		warn("%s", error_text(&e));
	return y;
}

void signers_print_new(FILE *out, const char *key_path)
{
	struct error e = {0};
	struct key *key = key_open(key_path, &e);
	if (!key)
		die("%s", error_text(&e));
	const char *path = signing_policy_path();
	struct yaml *y = open_trust(path);
	struct place p = find_place(path, y ? yaml_root(y) : NULL);
	char *models = key_model_line(key);

	if (!p.has_keys)
		fprintf(stderr, "These lines go into trust.yaml of the repository:\n");
	else
		fprintf(stderr, "These lines go under 'keys:' of %s%s:\n", path,
			p.is_flow   ? ", in place of what stands there in braces"
			: p.is_last ? ""
				    : ", which is not at its end");
	fprintf(out, "%s%s%*s%s:\n%*s  key: %s\n%*s  models: %s\n", ends_in_line(path) ? "\n" : "",
		p.has_keys ? "" : "keys:\n", p.indent, "", p.name, p.indent, "", key_line(key), p.indent, "",
		models);
	free(models);
	yaml_close(y);
	key_close(key);
}
