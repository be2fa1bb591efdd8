#include "store/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "store/action.h"

#define MAX_LIST  ((size_t)1 << 20)
#define MAX_SLICE ((size_t)16 << 20)

/* <build>/<stage><suffix> of any stage; yours to free. */
static char *file_of(const struct request *r, const char *stage, const char *suffix)
{
	return die_printf("%s/%s%s", r->build, stage, suffix);
}

char *request_file(const struct request *r, const char *suffix)
{
	return file_of(r, r->stage->name, suffix);
}

static int parse_id(char id[DIGEST_HEX], const char *path, struct error *e)
{
	char *text;
	size_t n;
	struct digest d;
	if (file_read(&text, &n, path, 1 << 10, e) < 0)
		return -1;
	if (n && text[n - 1] == '\n')
		text[--n] = 0;
	int status = n == DIGEST_HEX - 1 && digest_parse(&d, text) == 0 ? 0 : -1;
	if (status == 0)
		memcpy(id, text, DIGEST_HEX);
	free(text);
	return status < 0
		       ? error_set(e, path, 0, "expected one line of 64 hex digits; remove it and run again")
		       : 0;
}

/* The stamp beside an id has it too; of one that was borrowed, or left by an older version, it is empty. */
static int check_stamp(const char *id, const char *path, struct error *e)
{
	char left[DIGEST_HEX], *stamp;
	size_t n = strlen(path);
	int status = 0;
	if (n < 3 || strcmp(path + n - 3, ".id") != 0)
		return 0;
	stamp = die_printf("%.*s.stamp", (int)n - 3, path);
	if (parse_id(left, stamp, NULL) == 0 && strcmp(left, id) != 0)
		status = error_set(
			e, path, 0,
			"is not the id that its stage left there (%.12s): it was edited, or the stage was "
			"stopped",
			left);
	free(stamp);
	return status;
}

int request_read_id(char id[DIGEST_HEX], const char *path, struct error *e)
{
	return parse_id(id, path, e) < 0 ? -1 : check_stamp(id, path, e);
}

/* What the splitter said of this slice; false: nothing. */
static bool read_sum(char hex[DIGEST_HEX], const struct request *r)
{
	char *path = die_printf("%s/params.stamp", r->build), *text = NULL, *rest = NULL;
	size_t n;
	bool is_found = false;
	hex[DIGEST_HEX - 1] = 0;
	if (file_read(&text, &n, path, MAX_LIST, NULL) == 0)
		for (char *line = strtok_r(text, "\n", &rest); line && !is_found;
		     line = strtok_r(NULL, "\n", &rest)) {
			is_found = strlen(line) > DIGEST_HEX + 1 &&
				   !strcmp(line + DIGEST_HEX + 1, r->stage->name);
			if (is_found)
				memcpy(hex, line, DIGEST_HEX - 1);
		}
	free(text);
	free(path);
	return is_found;
}

/* A slice is what the splitter made of a file and SET, or the result would not be that of these. */
static void check_slice(const struct request *r, const char *path)
{
	char *text = NULL, hex[DIGEST_HEX], now[DIGEST_HEX];
	size_t n;
	if (!read_sum(hex, r) || file_read(&text, &n, path, MAX_SLICE, NULL) < 0)
		return;
	struct digest d = digest_of(text, n);
	digest_hex(now, &d);
	free(text);
	if (strcmp(hex, now) != 0)
		die("%s is not what was cut from the params file: it was edited, or a make was stopped. "
		    "Change "
		    "the file or give SET=; with CHECK=1 make cuts it anew",
		    path);
}

static void read_params(struct request *r)
{
	struct error e = {0};
	char *path = die_printf("%s/params/%s.json", r->build, r->stage->name);
	if (!file_exists(path))
		die("%s is not there; run 'make -f pipeline.mk %s'", path, r->stage->name);
	check_slice(r, path);
	r->params = params_open(path, r->stage->params, &e);
	if (!r->params)
		die("%s", error_text(&e));
	free(path);
}

static struct request_input *add_input(struct request *r, const char *name)
{
	r->input = die_realloc(r->input, ((size_t)r->n_inputs + 1) * sizeof *r->input);
	r->input[r->n_inputs] = (struct request_input){.name = die_strdup(name)};
	return &r->input[r->n_inputs++];
}

/* One line of the list: "NAME FILE". */
static void read_listed(struct request *r, char *line, const char *list)
{
	struct error e = {0};
	char *blank = strchr(line, ' ');
	if (!blank || blank == line || strchr(blank + 1, ' '))
		die("%s: expected lines of a name and a file, got '%.80s'", list, line);
	*blank = 0;
	struct request_input *in = add_input(r, line);
	if (file_exists(blank + 1) && request_read_id(in->id, blank + 1, &e) < 0)
		die("%s", error_text(&e));
}

/* <build>/<stage>.inputs, which pipeline.mk writes for stages that read any number of others. */
static void read_list(struct request *r)
{
	struct error e = {0};
	char *path = file_of(r, r->stage->name, ".inputs"), *text = NULL, *rest = NULL;
	size_t n;
	if (file_read(&text, &n, path, MAX_LIST, &e) < 0)
		die("%s; run 'make -f pipeline.mk %s' to make it", error_text(&e), r->stage->name);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		read_listed(r, line, path);
	free(text);
	free(path);
}

/* <build>/<stage>.told; new reference to what of it goes into the action, NULL: nothing. */
static json_t *read_told(struct request *r)
{
	struct error e = {0};
	char *path = file_of(r, r->stage->name, ".told");
	size_t n;
	free(r->told);
	r->told = NULL;
	if (r->stage->has_told && file_exists(path) && file_read(&r->told, &n, path, MAX_LIST, &e) < 0)
		die("%s", error_text(&e));
	free(path);
	if (!r->told || !*r->told)
		return NULL;

	json_t *text = json_string(r->told);
	for (char *c = r->told; !text && *c; c++) /* not UTF-8, as a file's name in a message may be */
		*c = (char)((unsigned char)*c < 128 ? *c : '?');
	return text ? text : json_string(r->told);
}

/* The inputs the stage names. One that was not made yet: die, or leave it empty if may_lack. */
static void read_named(struct request *r, bool may_lack)
{
	for (int i = 0; r->stage->inputs[i]; i++) {
		struct error e = {0};
		const char *name = r->stage->inputs[i];
		if (r->stage->needs && !r->stage->needs(r->params, i)) {
			add_input(r, name);
			continue;
		}
		char *path = file_of(r, name, ".id");
		if (request_read_id(add_input(r, name)->id, path, &e) < 0 && !may_lack)
			die("%s; run 'make -f pipeline.mk %s' to make it", error_text(&e), r->stage->name);
		free(path);
	}
}

static bool needs_list(const struct request *r)
{
	int n = 0;
	while (r->stage->inputs[n])
		n++;
	return !r->stage->needs || r->stage->needs(r->params, n);
}

/* The ids of the inputs as JSON, null for one that there is not. */
static json_t *read_inputs(struct request *r, bool may_lack)
{
	json_t *ids = json_object();
	read_named(r, may_lack);
	if (r->stage->has_list && needs_list(r))
		read_list(r);
	for (int i = 0; i < r->n_inputs; i++) {
		const struct request_input *in = &r->input[i];
		if (json_object_get(ids, in->name))
			die("%s: two inputs are called %s", r->stage->name, in->name);
		if (json_object_set_new(ids, in->name, *in->id ? json_string(in->id) : json_null()) < 0)
			die("%s.inputs: the name of input %d is not UTF-8", r->stage->name, i + 1);
	}
	return ids;
}

bool request_is_local(struct request *r)
{
	if (!r->params)
		read_params(r);
	return r->stage->choose && r->stage->choose(r->params);
}

void request_read(struct request *r, bool may_lack)
{
	const struct stage *s = r->stage;
	if (!s->numerics)
		BUG("a stage must say its numerics class");
	request_is_local(r);
	r->action =
		action_new(&(struct action){.stage = s->name,
					    .kind = s->kind,
					    .code = stage_code_id,
					    .numerics = s->numerics(),
					    .params = params_key(r->params),
					    .inputs = read_inputs(r, may_lack),
					    .content = s->identify ? s->identify(r->params) : read_told(r)});
	action_key(r->key, r->action);
}

void request_release(struct request *r)
{
	for (int i = 0; i < r->n_inputs; i++)
		free(r->input[i].name);
	free(r->input);
	free(r->told);
	json_decref(r->action);
	params_close(r->params);
}
