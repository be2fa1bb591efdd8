/* An action entry that was edited, by whatever slip of hand or disk, is no hit, and the stage is not blamed
 * for it: $TRIALS mutations (500, of which every tenth is recorded anew) in each of three stores: unsigned,
 * signed, and signed under a trust.yaml. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/provenance.h"
#include "trust/base64.h"
#include "trust/key.h"

static char folder[] = "/tmp/einthoven-action.XXXXXX";

static uint32_t state = 1;

static uint32_t draw(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

/* ---- an entry ---- */

static void make_artifact(char id[DIGEST_HEX], uint64_t x)
{
	struct artifact_writer *w = artifact_create("numbers", 1);
	int table = artifact_table(w, "number");
	artifact_put(w, table, artifact_key(x).bytes, 8, &x, sizeof x);
	artifact_publish(w, id);
}

static json_t *make_action(const char *input)
{
	return action_new(&(struct action){
		.stage = "tiny",
		.kind = "numbers",
		.code = "1111111111111111111111111111111111111111111111111111111111111111",
		.numerics = "tiny/1",
		.params = json_pack("{s:i, s:f, s:s}", "count", 100, "rate", 0.1, "mode", "plain"),
		.inputs = json_pack("{s:s}", "source", input)});
}

static json_t *make_statement(const char *key, const char *id, const json_t *action)
{
	json_t *params = json_pack("{s:i, s:f, s:s, s:s}", "count", 100, "rate", 0.1, "mode", "plain", "file",
				   "/data/a.zip");
	json_t *statement = provenance_statement(&(struct provenance){
		.key = key, .id = id, .action = action, .params = params, .started = {1700000000, 0}});
	json_decref(params);
	return statement;
}

/* ---- mutations ---- */

static char *byte_mutation(const char *text, size_t n, size_t *n_out)
{
	char *out = die_calloc(2 * n + 64, 1);
	size_t at = draw((uint32_t)n), other = draw((uint32_t)n), length = 1 + draw(40);
	memcpy(out, text, n);
	*n_out = n;
	switch (draw(7)) {
	case 0:
		out[at] ^= (char)(1 << draw(8));
		break;
	case 1:
		out[at] = (char)(32 + draw(95));
		break;
	case 2:
		memmove(out + at, text + at + 1, n - at - 1);
		*n_out = n - 1;
		break;
	case 3:
		out[at] = (char)(32 + draw(95));
		memcpy(out + at + 1, text + at, n - at);
		*n_out = n + 1;
		break;
	case 4:
		out[at] = text[other];
		out[other] = text[at];
		break;
	case 5:
		*n_out = at;
		break;
	default:
		length = length < n - at ? length : n - at;
		memcpy(out + at + length, text + at, n - at);
		*n_out = n + length;
	}
	return out;
}

static json_t *edited_value(const json_t *value)
{
	if (json_is_string(value)) {
		char *s = die_strdup(json_string_value(value));
		size_t n = strlen(s);
		if (n)
			s[draw((uint32_t)n)] = "0123456789abcdef"[draw(16)];
		json_t *edited = json_string(s);
		free(s);
		return edited ? edited : json_string("x");
	}
	if (json_is_integer(value))
		return json_integer(json_integer_value(value) + 1 + draw(9));
	return json_is_real(value) ? json_real(json_real_value(value) * 2) : json_integer(draw(100));
}

/* Change, remove or add one member somewhere in a document, as a hand with an editor would. */
static void edit(json_t *v)
{
	size_t n = json_is_object(v) ? json_object_size(v) : json_array_size(v);
	if (json_is_array(v)) {
		json_t *item = n ? json_array_get(v, draw((uint32_t)n)) : NULL;
		if (item && (json_is_object(item) || json_is_array(item)))
			edit(item);
		else
			json_array_append_new(v, json_string("x"));
		return;
	}
	size_t i = draw((uint32_t)n + 1);
	const char *name = NULL;
	json_t *item = NULL;
	json_object_foreach (v, name, item)
		if (!i--)
			break;
	if (!name)
		json_object_set_new(v, "more", json_integer(1));
	else if ((json_is_object(item) || json_is_array(item)) && draw(8))
		edit(item);
	else if (draw(4))
		json_object_set_new(v, name, edited_value(item));
	else
		json_object_del(v, name);
}

/* The payload of an envelope, edited and put back. */
static void edit_payload(json_t *envelope)
{
	const char *body = json_string_value(json_object_get(envelope, "payload"));
	size_t n;
	char *text = (char *)base64_decode(body, strlen(body), &n);
	json_t *statement = json_read(text, n, "payload", NULL);
	edit(statement);
	char *edited = json_canonical(statement, &n), *coded = base64_encode(edited, n);
	json_object_set_new(envelope, "payload", json_string(coded));
	json_decref(statement);
	free(text);
	free(edited);
	free(coded);
}

static char *mutation(const char *text, size_t n, size_t *n_out)
{
	if (draw(2))
		return byte_mutation(text, n, n_out);
	json_t *document = json_read(text, n, "entry", NULL);
	if (json_object_get(document, "payload") && draw(2))
		edit_payload(document);
	else
		edit(document);
	char *out = json_canonical(document, n_out);
	json_decref(document);
	return out;
}

/* ---- the trials ---- */

static void put(const char *path, const char *text, size_t n)
{
	remove(path);
	FILE *f = fopen(path, "w");
	if (!f || fwrite(text, 1, n, f) != n || fclose(f))
		die("%s", path);
}

static json_t *without_seal(const json_t *statement)
{
	json_t *copy = json_deep_copy(statement);
	json_t *definition = json_object_get(json_object_get(copy, "predicate"), "buildDefinition");
	json_object_del(json_object_get(definition, "internalParameters"), "seal");
	return copy;
}

/* Of an entry that is a hit nothing that it says may be another thing. (Entries of older versions have no
 * seal, so one that lost nothing but its seal is one of these.) */
static bool says_the_same(const char *key, const json_t *statement)
{
	char id[DIGEST_HEX];
	struct error e = {0};
	json_t *now = action_read(key, id, NULL, &e), *was = without_seal(statement), *is = without_seal(now);
	bool is_same = json_alike(is, was);
	json_decref(now);
	json_decref(was);
	json_decref(is);
	return is_same;
}

struct outcome {
	int n_recorded, n_wrong, n_blamed, n_unhealed, n_noticed;
};

static void look(struct outcome *o, const char *key, const char *id, const json_t *statement,
		 const char *text, size_t n)
{
	char found[DIGEST_HEX] = "", *path = action_path(key);
	size_t n_edited;
	char *edited = mutation(text, n, &n_edited);
	put(path, edited, n_edited);
	bool is_hit = action_find(key, found);
	o->n_noticed += !is_hit;
	o->n_wrong += is_hit && (strcmp(found, id) != 0 || !says_the_same(key, statement));
	free(edited);
	free(path);
}

/* What the stage does after a miss. */
static void record(struct outcome *o, const char *key, const char *id, const json_t *statement)
{
	char found[DIGEST_HEX] = "", recorded[DIGEST_HEX];
	char *conflicts = die_printf("%s/conflicts", artifact_store_path());
	memcpy(recorded, id, DIGEST_HEX);
	action_record(key, recorded, statement);
	o->n_recorded++;
	o->n_blamed += file_exists(conflicts);
	o->n_unhealed += !action_find(key, found) || strcmp(found, id) != 0 || strcmp(recorded, id) != 0;
	free(conflicts);
}

/* In a process of its own: key and trust.yaml are read once in each. */
static int run_trials(const char *name, const char *key_path, const char *trust_path)
{
	char id[DIGEST_HEX], input[DIGEST_HEX], key[DIGEST_HEX], *text,
		*store = die_printf("%s/%s", folder, name);
	const char *trials = getenv("TRIALS");
	int n_trials = trials ? atoi(trials) : 500;
	struct outcome o = {0};
	size_t n;

	die_hush();
	setenv("EINTHOVEN_STORE", store, 1);
	setenv("EINTHOVEN_KEY", key_path, 1);
	setenv("EINTHOVEN_TRUST", trust_path, 1);
	make_artifact(id, 1);
	make_artifact(input, 2); /* an edit may name an object that is there, too */
	json_t *action = make_action(input);
	action_key(key, action);
	json_t *statement = make_statement(key, id, action);
	action_record(key, id, statement);
	char *path = action_path(key);
	if (file_read(&text, &n, path, 1 << 20, NULL) < 0)
		return 1;

	for (int i = 0; i < n_trials; i++) {
		look(&o, key, id, statement, text, n);
		if (trials || i % 10 == 0) /* it waits for the disk */
			record(&o, key, id, statement);
	}
	printf("# %s: %d mutations, %d noticed, %d wrong hits; %d recorded again, %d blamed on the stage, "
	       "%d not healed\n",
	       name, n_trials, o.n_noticed, o.n_wrong, o.n_recorded, o.n_blamed, o.n_unhealed);
	fflush(stdout);
	json_decref(statement);
	json_decref(action);
	free(store);
	free(path);
	free(text);
	return o.n_wrong || o.n_blamed || o.n_unhealed || o.n_noticed < n_trials / 2;
}

static void hold(const char *name, const char *key_path, const char *trust_path)
{
	int status;
	fflush(stdout);
	pid_t child = fork();
	if (!child)
		_exit(run_trials(name, key_path, trust_path));
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
}

static char *key_path, *trust_path;

static void an_edit_of_an_unsigned_entry_is_no_hit(void **unused)
{
	(void)unused;
	hold("unsigned", "", "");
}

static void an_edit_of_a_signed_entry_is_no_hit(void **unused)
{
	(void)unused;
	hold("signed", key_path, "");
}

static void nor_is_one_where_signatures_are_asked_for(void **unused)
{
	(void)unused;
	hold("trusted", key_path, trust_path);
}

/* A seal that fits what was edited is no help if the parts do not fit one another. */
static void parts_of_two_entries_do_not_make_one(void **unused)
{
	(void)unused;
	char key[DIGEST_HEX], other[DIGEST_HEX], id[DIGEST_HEX], input[DIGEST_HEX];
	struct verdict v;
	struct error e = {0};
	size_t n;
	make_artifact(id, 1);
	make_artifact(input, 2);
	json_t *action = make_action(input), *foreign = make_action(id);
	action_key(key, action);
	action_key(other, foreign);

	json_t *statement = make_statement(other, id, action); /* sealed, but the action is another key's */
	char *text = json_canonical(statement, &n);
	assert_null(action_parse(text, n, "entry", other, NULL, &v, &e));
	assert_int_equal(v.kind, VERDICT_MISFIT);
	free(text);
	json_decref(statement);

	statement = make_statement(key, id, action);
	text = json_canonical(statement, &n);
	assert_null(action_parse(text, n, "entry", other, NULL, &v, &e));
	assert_int_equal(v.kind, VERDICT_OTHER_ACTION);
	json_t *back = action_parse(text, n, "entry", key, NULL, &v, &e);
	assert_non_null(back);
	assert_int_equal(v.kind, VERDICT_UNSIGNED);
	assert_true(v.is_taken);
	json_decref(back);
	free(text);
	json_decref(statement);
	json_decref(action);
	json_decref(foreign);
}

static int set_up(void **unused)
{
	(void)unused;
	struct error e = {0};
	if (!mkdtemp(folder))
		return 1;
	char *store = die_printf("%s/parts", folder);
	setenv("EINTHOVEN_STORE", store, 1);
	setenv("EINTHOVEN_KEY", "", 1);
	setenv("EINTHOVEN_TRUST", "", 1);
	key_path = die_printf("%s/key.pem", folder);
	trust_path = die_printf("%s/trust.yaml", folder);
	if (key_make(key_path, &e) < 0)
		return 1;
	struct key *key = key_open(key_path, &e);
	char *text = die_printf("keys:\n  ada:\n    key: %s\n", key_line(key));
	put(trust_path, text, strlen(text));
	key_close(key);
	free(text);
	free(store);
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	char *command = die_printf("rm -rf '%s'", folder);
	int status = system(command);
	free(command);
	free(key_path);
	free(trust_path);
	return status;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_edit_of_an_unsigned_entry_is_no_hit),
		cmocka_unit_test(an_edit_of_a_signed_entry_is_no_hit),
		cmocka_unit_test(nor_is_one_where_signatures_are_asked_for),
		cmocka_unit_test(parts_of_two_entries_do_not_make_one),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
