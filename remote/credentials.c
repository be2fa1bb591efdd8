#include "remote/credentials.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"

#define MOST_FILE  65536
#define MOST_VALUE 4096
#define REGION	   "us-east-1"

/* A name or secret has no blanks and no control characters; else it would end up as several header lines. */
static bool is_word(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return n > 0 && n <= MOST_VALUE;
}

static char *copy(const char *text, size_t n)
{
	char *word = die_malloc(n + 1);
	memcpy(word, text, n);
	word[n] = '\0';
	return word;
}

void credentials_forget(char *secret)
{
	if (secret)
		OPENSSL_cleanse(secret, strlen(secret));
	free(secret);
}

void credentials_release(struct credentials *c)
{
	credentials_forget(c->key_id);
	credentials_forget(c->secret);
	credentials_forget(c->session);
	free(c->region);
	*c = (struct credentials){0};
}

/* ---- files ---- */

struct line {
	const char *text, *path;
	size_t n;
	long number;
};

static void trim(struct line *l)
{
	while (l->n && strchr(" \t\r", l->text[l->n - 1]) && l->text[l->n - 1])
		l->n--;
	while (l->n && (*l->text == ' ' || *l->text == '\t'))
		l->text++, l->n--;
}

/* "[name]", or "[profile name]" as ~/.aws/config has it. */
static bool is_profile(const struct line *l, const char *profile)
{
	static const char word[] = "profile ";
	const char *name = l->text + 1;
	size_t n = l->n - 2;
	if (n > strlen(word) && !strncmp(name, word, strlen(word)))
		name += strlen(word), n -= strlen(word);
	return n == strlen(profile) && !memcmp(name, profile, n);
}

static char **place_of(struct credentials *c, const char *name, size_t n)
{
	const struct {
		const char *name;
		char **place;
	} known[] = {{"aws_access_key_id", &c->key_id},
		     {"aws_secret_access_key", &c->secret},
		     {"aws_session_token", &c->session},
		     {"region", &c->region}};
	for (int i = 0; i < 4; i++)
		if (n == strlen(known[i].name) && !memcmp(name, known[i].name, n))
			return known[i].place;
	return NULL;
}

/* "name = value". What we do not know is for other programs. */
static int read_setting(struct credentials *c, const struct line *l, struct error *e)
{
	const char *equals = memchr(l->text, '=', l->n);
	if (!equals)
		return error_set(e, l->path, l->number, "expected 'name = value' or '[profile]'");

	struct line name = {.text = l->text, .n = (size_t)(equals - l->text)};
	struct line value = {.text = equals + 1, .n = l->n - name.n - 1};
	trim(&name);
	trim(&value);
	char **place = place_of(c, name.text, name.n);
	if (!place || *place)
		return 0;
	if (!is_word(value.text, value.n))
		return error_set(e, l->path, l->number, "the value of %.*s is no word of printable letters",
				 (int)name.n, name.text);
	*place = copy(value.text, value.n);
	return 0;
}

int credentials_parse(struct credentials *c, const char *text, size_t n, const char *path,
		      const char *profile, struct error *e)
{
	bool is_ours = false;
	long number = 0;
	for (size_t at = 0; at < n;) {
		const char *end = memchr(text + at, '\n', n - at);
		struct line l = {.text = text + at, .path = path, .number = ++number};
		l.n = end ? (size_t)(end - l.text) : n - at;
		at += l.n + 1;
		bool is_nested = l.n && (l.text[0] == ' ' || l.text[0] == '\t'); /* "s3 =" has such */
		trim(&l);

		if (l.n == 0 || l.text[0] == '#' || l.text[0] == ';' || is_nested)
			continue;
		if (l.text[0] == '[' && l.n > 2 && l.text[l.n - 1] == ']')
			is_ours = is_profile(&l, profile);
		else if (is_ours && read_setting(c, &l, e) < 0)
			return -1;
	}
	return 0;
}

static const char *said(const char *variable)
{
	const char *value = getenv(variable);
	return value && *value ? value : NULL;
}

static int read_profile(struct credentials *c, const char *variable, const char *name, struct error *e)
{
	const char *home = said("HOME"), *profile = said("AWS_PROFILE");
	char *path = said(variable) ? die_strdup(said(variable))
				    : die_printf("%s/.aws/%s", home ? home : "", name);
	char *text;
	size_t n;
	int status = 0;
	if (file_exists(path)) {
		status = file_read(&text, &n, path, MOST_FILE, e);
		if (status == 0) {
			status = credentials_parse(c, text, n, path, profile ? profile : "default", e);
			OPENSSL_cleanse(text, n);
			free(text);
		}
	}
	free(path);
	return status;
}

/* ---- the environment ---- */

static int take(char **place, const char *variable, struct error *e)
{
	const char *value = said(variable);
	if (!value || *place)
		return 0;
	if (!is_word(value, strlen(value)))
		return error_set(e, NULL, 0, "$%s is no word of printable letters", variable);
	*place = die_strdup(value);
	return 0;
}

/* Keys belong together: those of this file are taken as one or not at all. */
static int find_in_config(struct credentials *c, struct error *e)
{
	struct credentials config = {0};
	int status = read_profile(&config, "AWS_CONFIG_FILE", "config", e);
	if (status == 0 && !c->region) {
		c->region = config.region;
		config.region = NULL;
	}
	if (status == 0 && !c->key_id) {
		char *region = c->region;
		*c = config;
		c->region = region;
		config = (struct credentials){.region = config.region};
	}
	credentials_release(&config);
	return status;
}

static int find(struct credentials *c, struct error *e)
{
	if (take(&c->region, "AWS_REGION", e) < 0 || take(&c->region, "AWS_DEFAULT_REGION", e) < 0)
		return -1;
	if (said("AWS_ACCESS_KEY_ID") && (take(&c->key_id, "AWS_ACCESS_KEY_ID", e) < 0 ||
					  take(&c->secret, "AWS_SECRET_ACCESS_KEY", e) < 0 ||
					  take(&c->session, "AWS_SESSION_TOKEN", e) < 0))
		return -1;
	if (!c->key_id && read_profile(c, "AWS_SHARED_CREDENTIALS_FILE", "credentials", e) < 0)
		return -1;
	return c->key_id && c->region ? 0 : find_in_config(c, e);
}

int credentials_find(struct credentials *c, struct error *e)
{
	*c = (struct credentials){0};
	if (find(c, e) == 0 && c->key_id && c->secret) {
		if (!c->region)
			c->region = die_strdup(REGION);
		return 0;
	}
	credentials_release(c);
	return error_set(e, NULL, 0,
			 "no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give "
			 "profile %s both in ~/.aws/credentials",
			 said("AWS_PROFILE") ? said("AWS_PROFILE") : "default");
}

int credentials_token(char **token, struct error *e)
{
	const char *path = said("EINTHOVEN_REMOTE_TOKEN_FILE");
	char *text;
	size_t n;
	*token = NULL;
	if (said("EINTHOVEN_REMOTE_TOKEN") || !path)
		return take(token, "EINTHOVEN_REMOTE_TOKEN", e);

	if (file_read(&text, &n, path, MOST_FILE, e) < 0)
		return -1;
	struct line l = {.text = text, .n = strcspn(text, "\n")};
	trim(&l);
	if (is_word(l.text, l.n))
		*token = copy(l.text, l.n);
	OPENSSL_cleanse(text, n);
	free(text);
	return *token ? 0 : error_set(e, path, 1, "expected a token, one word of printable letters");
}
