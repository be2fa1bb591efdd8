/* Objects and action entries with flipped bits or without their ends, in one process and so by the thousand
 * ($TRIALS; 300): each is refused with its name, or what it holds is what was put there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/provenance.h"

enum { RECORDS = 300 };

static char folder[] = "/tmp/einthoven-damage.XXXXXX";
static char id[DIGEST_HEX], *path, *object;
static size_t n_object;
static uint32_t state = 1;

static uint32_t draw(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

static int trials(void)
{
	const char *text = getenv("TRIALS");
	return text ? atoi(text) : 300;
}

static int make_store(void **unused)
{
	(void)unused;
	if (!mkdtemp(folder) || setenv("EINTHOVEN_STORE", folder, 1))
		return -1;
	struct artifact_writer *w = artifact_create("numbers", 1);
	int table = artifact_table(w, "number");
	for (uint64_t i = 0; i < RECORDS; i++) {
		uint64_t value[13] = {i, i * i};
		artifact_put(w, table, artifact_key(i).bytes, 8, value, sizeof value);
	}
	artifact_publish(w, id);
	path = artifact_path(id);
	return file_read(&object, &n_object, path, SIZE_MAX, NULL);
}

static int remove_store(void **unused)
{
	(void)unused;
	char *command = die_printf("rm -rf %s", folder);
	int status = system(command);
	free(command);
	free(path);
	free(object);
	return status;
}

/* A file of its own, so that nothing that is mapped changes. */
static void put(const char *bytes, size_t n)
{
	unlink(path);
	FILE *f = fopen(path, "wb");
	assert_true(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
}

/* 1: refused; 0: sound. What is refused is named, and nothing has crashed on the way. */
static int judge(const char *what, size_t at)
{
	struct error e = {0};
	if (artifact_verify(id, &e) == 0)
		return 0;
	if (!strstr(e.text, id) || strstr(e.text, "crashed"))
		fail_msg("%s %zu: '%s'", what, at, e.text);
	return 1;
}

static void a_flipped_bit_of_an_object_is_found_or_harmless(void **unused)
{
	(void)unused;
	int n = trials(), n_refused = 0;
	for (int i = 0; i < n; i++) {
		size_t at = draw((uint32_t)n_object);
		char bit = (char)(1 << draw(8));
		object[at] ^= bit;
		put(object, n_object);
		n_refused += judge("flipped", at);
		object[at] ^= bit;
	}
	put(object, n_object);
	assert_int_equal(judge("sound", 0), 0);
	print_message("%d of %d flips in %zu bytes refused\n", n_refused, n, n_object);
	assert_true(n_refused > n / 4);
}

static void an_object_without_its_end_is_refused(void **unused)
{
	(void)unused;
	int n = trials();
	for (int i = 0; i < n; i++) {
		size_t n_bytes = (size_t)n > n_object ? (size_t)i % n_object : draw((uint32_t)n_object);
		put(object, n_bytes);
		if (!judge("cut to", n_bytes))
			fail_msg("cut to %zu of %zu bytes: taken", n_bytes, n_object);
	}
	put(object, n_object);
}

static char *make_entry(char key[DIGEST_HEX], size_t *n)
{
	json_t *action = action_new(
		&(struct action){.stage = "tiny",
				 .kind = "numbers",
				 .code = "1111111111111111111111111111111111111111111111111111111111111111",
				 .numerics = "tiny/1",
				 .params = json_pack("{s:i}", "count", RECORDS),
				 .inputs = json_object()});
	json_t *params = json_pack("{s:i}", "count", RECORDS);
	action_key(key, action);
	json_t *statement =
		provenance_statement(&(struct provenance){key, id, action, params, NULL, {0}, {0}});
	char *text = json_canonical(statement, n);
	json_decref(statement);
	json_decref(params);
	json_decref(action);
	return text;
}

static bool is_taken(const char *text, size_t n, const char *key)
{
	struct error e = {0};
	struct verdict v;
	char found[DIGEST_HEX];
	json_t *statement = action_parse(text, n, "entry", key, found, &v, &e);
	if (!statement && (!e.text[0] || v.is_taken))
		fail_msg("refused without a reason");
	json_decref(statement);
	return statement;
}

static void no_flipped_bit_of_an_entry_is_taken(void **unused)
{
	(void)unused;
	char key[DIGEST_HEX];
	size_t n;
	char *text = make_entry(key, &n);
	assert_true(is_taken(text, n, key));
	for (size_t i = 0; i < 8 * n; i++) {
		text[i / 8] ^= (char)(1 << i % 8);
		if (is_taken(text, n, key))
			fail_msg("bit %zu of byte %zu: taken: %.40s", i % 8, i / 8, text + i / 8);
		text[i / 8] ^= (char)(1 << i % 8);
	}
	for (size_t i = 0; i < n; i++)
		if (is_taken(text, i, key))
			fail_msg("cut to %zu bytes: taken", i);
	print_message("%zu flips and %zu cuts of an entry refused\n", 8 * n, n);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flipped_bit_of_an_object_is_found_or_harmless),
		cmocka_unit_test(an_object_without_its_end_is_refused),
		cmocka_unit_test(no_flipped_bit_of_an_entry_is_taken),
	};
	setenv("EINTHOVEN_TRUST", "", 1);
	return cmocka_run_group_tests(tests, make_store, remove_store);
}
