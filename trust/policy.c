#include "trust/policy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/nearest.h"
#include "common/yaml.h"

struct policy {
	char *name; /* of the file */
	char *since;
	struct signer *signer;
	size_t n;
};

/* ---- reading ---- */

static int refuse_key(const char *file, const struct yaml_value *v, const char *where,
		      const char *const *names, size_t n, struct error *e)
{
	const char *nearest = nearest_name(v->key, names, n);
	return error_set(e, file, v->line, "unknown key '%.80s'%s%s%s%s", v->key, where,
			 nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* A text of one line without control characters, as it will stand in messages. NULL with e filled. */
static char *read_text(const struct yaml_value *v, const char *file, struct error *e)
{
	const char *bad = v->kind == YAML_SCALAR ? v->text : NULL;
	while (bad && *bad && (unsigned char)*bad >= 0x20 && *bad != 0x7f)
		bad++;
	if (!bad || *bad || !*v->text || strlen(v->text) > 200) {
		error_set(e, file, v->line, "%s: expected a text of one line", v->key ? v->key : "an item");
		return NULL;
	}
	return die_strdup(v->text);
}

static bool is_digits(const char *text, const char *shape)
{
	for (; *shape; shape++, text++)
		if (*shape == '0' ? !isdigit((unsigned char)*text) : *text != *shape)
			return false;
	return true;
}

static bool is_date(const char *text)
{
	static const char full[] = "0000-00-00T00:00:00";
	size_t n = strlen(text);
	if ((n != 10 || !is_digits(text, "0000-00-00")) && (n != sizeof full - 1 || !is_digits(text, full)))
		return false;
	int month = atoi(text + 5), day = atoi(text + 8);
	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static char *read_date(const struct yaml_value *v, const char *file, struct error *e)
{
	char *text = v->kind == YAML_SCALAR ? die_strdup(v->text) : die_strdup("");
	size_t n = strlen(text);
	if (n && text[n - 1] == 'Z')
		text[n - 1] = 0;
	if (is_date(text))
		return text;
	error_set(e, file, v->line,
		  "%s: expected a day such as 2026-01-31, or 2026-01-31T12:00:00Z, got '%.40s'", v->key,
		  text);
	free(text);
	return NULL;
}

static char *read_key(const struct yaml_value *v, const char *file, struct error *e)
{
	if (v->kind == YAML_SCALAR && key_is_line(v->text))
		return die_strdup(v->text);
	error_set(e, file, v->line,
		  "key: expected an Ed25519 public key, the %d characters that 'store keygen' "
		  "prints (the middle line of its PEM file)",
		  KEY_LINE - 1);
	return NULL;
}

static char *read_model_key(const struct yaml_value *v, const char *file, struct error *e)
{
	if (v->kind == YAML_SCALAR && key_is_model_line(v->text))
		return die_strdup(v->text);
	error_set(e, file, v->line, "models: expected the 124 characters that 'store keygen' prints there");
	return NULL;
}

static bool is_word(const char *text, const char *more)
{
	const char *c = text;
	while (isalnum((unsigned char)*c) || (*c && strchr(more, *c)))
		c++;
	return c != text && !*c && c - text < 48;
}

static int read_stages(struct signer *s, const struct yaml_value *v, const char *file, struct error *e)
{
	size_t n = 0;
	if (v->kind != YAML_LIST || !v->first)
		return error_set(e, file, v->line,
				 "stages: expected a list such as [fetch, preprocess]; leave it "
				 "out for all");
	s->stages = die_calloc(YAML_MAX_MEMBERS + 1, sizeof *s->stages);
	for (const struct yaml_value *item = v->first; item; item = item->next) {
		if (item->kind != YAML_SCALAR || !is_word(item->text, "_-"))
			return error_set(e, file, item->line, "stages: expected names of stages");
		s->stages[n++] = die_strdup(item->text);
	}
	return 0;
}

/* One line of a signer. */
static int read_member(struct signer *s, const struct yaml_value *v, const char *file, struct error *e)
{
	static const char *const names[] = {"key", "who", "models", "stages", "from", "until", "revoked"};
	if (!strcmp(v->key, "stages"))
		return read_stages(s, v, file, e);
	if (!strcmp(v->key, "key"))
		return (s->key = read_key(v, file, e)) ? 0 : -1;
	if (!strcmp(v->key, "who"))
		return (s->who = read_text(v, file, e)) ? 0 : -1;
	if (!strcmp(v->key, "models"))
		return (s->models = read_model_key(v, file, e)) ? 0 : -1;
	if (!strcmp(v->key, "from"))
		return (s->from = read_date(v, file, e)) ? 0 : -1;
	if (!strcmp(v->key, "until"))
		return (s->until = read_date(v, file, e)) ? 0 : -1;
	if (!strcmp(v->key, "revoked"))
		return (s->revoked = read_text(v, file, e)) ? 0 : -1;
	char where[80];
	snprintf(where, sizeof where, " of %.60s", s->name);
	return refuse_key(file, v, where, names, sizeof names / sizeof *names, e);
}

static bool is_refusal_of_revoking(const char *text)
{
	static const char *const words[] = {"no",    "No", "NO",  "false", "False",
					    "FALSE", "n",  "off", "0",	   "never"};
	for (size_t i = 0; text && i < sizeof words / sizeof *words; i++)
		if (!strcmp(text, words[i]))
			return true;
	return false;
}

static int check_signer(const struct policy *p, const struct signer *s, long line, struct error *e)
{
	if (!s->key)
		return error_set(e, p->name, line, "%s has no 'key:'", s->name);
	if (s->from && s->until && strncmp(s->from, s->until, strlen(s->until)) > 0)
		return error_set(e, p->name, line, "%s: from %s is after until %s", s->name, s->from,
				 s->until);
	if (is_refusal_of_revoking(s->revoked))
		return error_set(e, p->name, line,
				 "%s: revoked says why a key is revoked; leave it out for one "
				 "that is not",
				 s->name);
	for (const struct signer *other = p->signer; other != s; other++)
		if (!strcmp(other->key, s->key))
			return error_set(e, p->name, line, "%s and %s have the same key", other->name,
					 s->name);
	return 0;
}

static int read_signer(struct policy *p, const struct yaml_value *v, struct error *e)
{
	if (!is_word(v->key, "._-@+"))
		return error_set(e, p->name, v->line,
				 "'%.60s': expected a name of letters, digits and . _ - @ +", v->key);
	if (v->kind != YAML_MAP || !v->first)
		return error_set(e, p->name, v->line,
				 "expected indented lines 'key:', 'who:', ... under '%s:'", v->key);
	p->signer = die_realloc(p->signer, (p->n + 1) * sizeof *p->signer);
	struct signer *s = &p->signer[p->n++];
	*s = (struct signer){.name = die_strdup(v->key)};
	for (const struct yaml_value *m = v->first; m; m = m->next)
		if (read_member(s, m, p->name, e) < 0)
			return -1;
	if (!s->who)
		s->who = die_strdup("");
	return check_signer(p, s, v->line, e);
}

static int read_keys(struct policy *p, const struct yaml_value *v, struct error *e)
{
	if (v->kind != YAML_MAP || !v->first)
		return error_set(e, p->name, v->line,
				 "expected a name and its lines under 'keys:'; 'store keygen' "
				 "prints what to write there");
	for (const struct yaml_value *s = v->first; s; s = s->next)
		if (read_signer(p, s, e) < 0)
			return -1;
	return 0;
}

static int read_root(struct policy *p, const struct yaml_value *root, struct error *e)
{
	static const char *const names[] = {"since", "keys"};
	for (const struct yaml_value *v = root->first; v; v = v->next) {
		int status = !strcmp(v->key, "keys") ? read_keys(p, v, e)
			     : !strcmp(v->key, "since")
				     ? ((p->since = read_date(v, p->name, e)) ? 0 : -1)
				     : refuse_key(p->name, v, "", names, sizeof names / sizeof *names, e);
		if (status < 0)
			return -1;
	}
	return p->n ? 0
		    : error_set(e, p->name, 0,
				"lists no key under 'keys:', so nothing could ever be taken; "
				"'store keygen' prints what to write there");
}

static struct policy *read_policy(struct yaml *y, const char *name, struct error *e)
{
	struct policy *p = die_calloc(1, sizeof *p);
	p->name = die_strdup(name);
	int status = y ? read_root(p, yaml_root(y), e) : -1;
	yaml_close(y);
	if (status == 0)
		return p;
	policy_close(p);
	return NULL;
}

struct policy *policy_open(const char *path, struct error *e)
{
	return read_policy(yaml_open(path, e), path, e);
}

struct policy *policy_parse(const char *text, size_t n_bytes, const char *name, struct error *e)
{
	return read_policy(yaml_parse(text, n_bytes, name, e), name, e);
}

static void release_signer(struct signer *s)
{
	for (char **stage = s->stages; stage && *stage; stage++)
		free(*stage);
	free(s->stages);
	free(s->name);
	free(s->key);
	free(s->who);
	free(s->models);
	free(s->from);
	free(s->until);
	free(s->revoked);
}

void policy_close(struct policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		release_signer(&p->signer[i]);
	free(p->signer);
	free(p->since);
	free(p->name);
	free(p);
}

const struct signer *policy_signers(const struct policy *p, size_t *n)
{
	*n = p->n;
	return p->signer;
}

/* ---- judging ---- */

static const struct signer *find(const struct policy *p, const char *line)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->signer[i].key, line))
			return &p->signer[i];
	return NULL;
}

static bool may_sign(const struct signer *s, const char *stage)
{
	for (char **name = s->stages; name && *name; name++)
		if (!strcmp(*name, stage))
			return true;
	return !s->stages;
}

/* Is a time before, or after, what a bound covers? A bound that is a day covers all of it. */
static int against(const char *made, const char *bound)
{
	return strncmp(made, bound, strlen(bound));
}

static void judge_time(struct verdict *v, const struct policy *p, const struct signer *s, const char *made)
{
	char day[32];
	snprintf(day, sizeof day, "%.19s", made);
	if (strlen(day) != 19 || !is_date(day))
		verdict_refuse(v, VERDICT_WRONG_TIME, "is signed by %s, but bears no time", s->name);
	else if (p->since && against(made, p->since) < 0)
		verdict_refuse(v, VERDICT_WRONG_TIME, "is of %s, and %s takes none from before %s", day,
			       p->name, p->since);
	else if (s->from && against(made, s->from) < 0)
		verdict_refuse(v, VERDICT_WRONG_TIME, "is of %s, and the key of %s holds from %s only", day,
			       s->name, s->from);
	else if (s->until && against(made, s->until) > 0)
		verdict_refuse(v, VERDICT_WRONG_TIME, "is of %s, and the key of %s held until %s", day,
			       s->name, s->until);
}

/* What a right signature by this key is worth. */
static void judge_signer(struct verdict *v, const struct policy *p, const char *line, const char *stage,
			 const char *made)
{
	const struct signer *s = p ? find(p, line) : NULL;
	*v = (struct verdict){.kind = VERDICT_TRUSTED, .is_taken = true};
	snprintf(v->key, sizeof v->key, "%s", line);
	if (!p) {
		verdict_refuse(v, VERDICT_UNKNOWN_KEY,
			       "is signed by the key %s; there is no trust.yaml to say whose "
			       "that is",
			       line);
		v->is_taken = true;
		return;
	}
	if (!s) {
		verdict_refuse(v, VERDICT_UNKNOWN_KEY, "is signed by the key %s, which %s does not list",
			       line, p->name);
		return;
	}

	snprintf(v->who, sizeof v->who, "%s", s->name);
	if (s->revoked)
		verdict_refuse(v, VERDICT_REVOKED, "is signed by %s, whose key is revoked (%.120s)", s->name,
			       s->revoked);
	else if (!may_sign(s, stage))
		verdict_refuse(v, VERDICT_WRONG_STAGE, "is signed by %s, whose key does not sign for %.48s",
			       s->name, stage);
	else
		judge_time(v, p, s, made);
}

static void judge_wrong(struct verdict *v, const struct policy *p, const char *line)
{
	const struct signer *s = p && *line ? find(p, line) : NULL;
	*v = (struct verdict){0};
	snprintf(v->key, sizeof v->key, "%s", line);
	if (!*line)
		verdict_refuse(v, VERDICT_UNKNOWN_KEY,
			       "is signed by a key that is none of ours (not Ed25519)");
	else
		verdict_refuse(v, VERDICT_BAD_SIGNATURE,
			       "has a wrong signature: it was changed after %s signed it, "
			       "or was never signed by that key",
			       s ? s->name : line);
}

void policy_judge(struct verdict *v, const struct policy *p, const struct envelope *envelope,
		  const char *stage, const char *made)
{
	if (!envelope) {
		*v = (struct verdict){0};
		verdict_refuse(v, VERDICT_UNSIGNED, "is not signed%s%s%s", p ? ", and " : "",
			       p ? p->name : "", p ? " takes only what is" : "");
		v->is_taken = !p;
		return;
	}

	for (int i = 0; i < envelope->n_signatures; i++) {
		struct verdict one;
		if (envelope->signature[i].is_right)
			judge_signer(&one, p, envelope->signature[i].keyid, stage, made);
		else
			judge_wrong(&one, p, envelope->signature[i].keyid);
		/* Of several refusals the first, but that of a signer we know says more. */
		if (i == 0 || one.is_taken || (*one.who && !*v->who))
			*v = one;
		if (v->is_taken)
			return;
	}
}

void policy_judge_key(struct verdict *v, const struct policy *p, const char *line, const char *stage,
		      const char *now)
{
	judge_signer(v, p, line, stage, now);
}
