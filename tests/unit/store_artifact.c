#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/die.h"
#include "common/error.h"
#include "common/file.h"
#include "store/artifact.h"
#include "tests/unit/own_store.h"

/* An object's file; static, so that a child that dies does not seem to have lost it. */
static char *object;
static size_t object_bytes;

/* Fewer places under valgrind, which is twenty times slower. */
static size_t stride(void)
{
	const char *wrap = getenv("WRAP");
	return wrap && *wrap ? 20 : 1;
}

static int clean_up(void **state)
{
	free(object);
	return remove_store(state);
}

/* Signals of growing length and texts; enough for branch pages and overflow pages. */
static void fill(struct artifact_writer *w, int n)
{
	static uint8_t value[30000];
	int signal = artifact_table(w, "signal"), subject = artifact_table(w, "subject");

	artifact_table(w, "empty");
	artifact_attribute(w, "rate_hz", json_integer(100));
	artifact_attribute(w, "gain", json_real(0.5));
	artifact_attribute(w, "source", json_string("synthetic"));

	for (int i = 0; i < n; i++) {
		size_t n_bytes = (size_t)(i * 977) % sizeof value;
		for (size_t k = 0; k < n_bytes; k++)
			value[k] = (uint8_t)(k * 31 + (size_t)i);
		artifact_put(w, signal, artifact_key((uint64_t)i * 3).bytes, 8, value, n_bytes);
	}

	for (int i = 0; i < n; i++) {
		char key[16], text[32];
		int n_key = sprintf(key, "k%06d", i);
		artifact_put(w, subject, key, (size_t)n_key, text,
			     (size_t)sprintf(text, "subject %d", i * i));
	}
}

static void make(char id[DIGEST_HEX], int n)
{
	struct artifact_writer *w = artifact_create("records", 1);
	fill(w, n);
	artifact_publish(w, id);
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	char id[DIGEST_HEX];
	make(id, 100);
	struct artifact *a = artifact_open(id, "records");
	assert_string_equal(artifact_id(a), id);
	assert_string_equal(artifact_kind(a), "records");
	assert_int_equal(artifact_integer(a, "rate_hz"), 100);
	assert_true(artifact_number(a, "gain") == 0.5);
	assert_string_equal(artifact_text(a, "source"), "synthetic");
	assert_int_equal(artifact_count(a, "signal"), 100);
	assert_int_equal(artifact_count(a, "empty"), 0);
	assert_false(artifact_has_table(a, "label"));

	struct artifact_value v = artifact_get_record(a, "signal", 5 * 3);
	assert_int_equal(v.n_bytes, 5 * 977);
	assert_int_equal(((const uint8_t *)v.bytes)[7], (7 * 31 + 5) & 255);
	assert_null(artifact_get_record(a, "signal", 4).bytes);
	assert_non_null(artifact_get_record(a, "signal", 0).bytes);
	assert_int_equal(artifact_get_record(a, "signal", 0).n_bytes, 0);

	int n = 0;
	for (struct artifact_cursor *c = artifact_walk(a, "subject"); artifact_next(c); n++) {
		char key[16];
		assert_int_equal(c->key_bytes, sprintf(key, "k%06d", n));
		assert_memory_equal(c->key, key, c->key_bytes);
	}

	assert_int_equal(n, 100);
	struct artifact_cursor *none = artifact_walk(a, "empty");
	assert_false(artifact_next(none));
	artifact_close(a);
}

static void a_published_file_is_read_only_and_nothing_else_is_left(void **state)
{
	(void)state;
	char id[DIGEST_HEX], *path;
	struct stat s;
	make(id, 3);
	path = artifact_path(id);
	assert_int_equal(stat(path, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0444);
	free(path);
	artifact_abandon(artifact_create("records", 1));
	char *tmp = die_printf("%s/tmp", store);
	assert_int_equal(rmdir(tmp), 0);
	free(tmp);
}

static void the_id_does_not_depend_on_how_it_was_written(void **state)
{
	(void)state;
	char a[DIGEST_HEX], b[DIGEST_HEX];
	uint8_t value[4000] = {1, 2, 3};
	struct artifact_writer *w = artifact_create("views", 2);
	int x = artifact_table(w, "x"), y = artifact_table(w, "y");
	for (uint64_t i = 0; i < 50; i++)
		artifact_put(w, x, artifact_key(i).bytes, 8, value, 100 * i % 4000);
	for (uint64_t i = 0; i < 50; i++)
		artifact_put(w, y, artifact_key(i).bytes, 8, value, i);
	artifact_attribute(w, "a", json_integer(1));
	artifact_attribute(w, "b", json_real(2.0));
	artifact_publish(w, a);
	w = artifact_create("views", 2); /* tables declared the other way round, records interleaved */
	artifact_attribute(w, "b", json_integer(2));
	y = artifact_table(w, "y"), x = artifact_table(w, "x");

	for (uint64_t i = 0; i < 50; i++) {
		artifact_put(w, y, artifact_key(i).bytes, 8, value, i);
		artifact_put(w, x, artifact_key(i).bytes, 8, value, 100 * i % 4000);
	}

	artifact_attribute(w, "a", json_integer(1));
	artifact_publish(w, b);
	assert_string_equal(a, b);
}

static void any_difference_in_content_changes_the_id(void **state)
{
	(void)state;
	char ids[6][DIGEST_HEX];
	for (int k = 0; k < 6; k++) {
		struct artifact_writer *w = artifact_create(k == 1 ? "signals" : "records", k == 2 ? 2 : 1);
		int t = artifact_table(w, k == 3 ? "u" : "t");
		artifact_put(w, t, "key", 3, k == 4 ? "b" : "a", 1);
		if (k == 5)
			artifact_attribute(w, "x", json_null());
		artifact_publish(w, ids[k]);
		for (int j = 0; j < k; j++)
			assert_string_not_equal(ids[j], ids[k]);
	}
}

static void the_id_of_this_content_stays_what_it_is(void **state)
{
	(void)state;
	char id[DIGEST_HEX];
	make(id, 100);
	assert_string_equal(id, "1fc7f65cea9af70c4886b5975923b57ce37ccfa50365b65976a29a3924ae6b7f");
}

/* Larger than the first map and many transactions, yet one artifact. */
static void a_large_artifact_is_written_in_batches(void **state)
{
	(void)state;
	char id[DIGEST_HEX];
	struct error e = {0};
	size_t n_bytes = 5 << 20;
	uint8_t *value = calloc(1, n_bytes);
	struct artifact_writer *w = artifact_create("records", 1);
	int t = artifact_table(w, "signal");

	for (uint64_t i = 0; i < 70 / stride(); i++) {
		value[i] = (uint8_t)i;
		artifact_put(w, t, artifact_key(i).bytes, 8, value, n_bytes);
	}

	artifact_publish(w, id);
	free(value);
	assert_int_equal(artifact_verify(id, &e), 0);
	char *path = artifact_path(id);
	unlink(path);
	free(path);
}

static void verify_accepts_a_sound_artifact(void **state)
{
	(void)state;
	char id[DIGEST_HEX];
	struct error e = {0};
	make(id, 300);
	assert_int_equal(artifact_verify(id, &e), 0);
}

/* Put bytes in the object's place, whatever its mode. */
static void overwrite(const char *id, const char *from, size_t n)
{
	char *path = artifact_path(id);
	FILE *f = (unlink(path), fopen(path, "wb"));
	assert_non_null(f);
	assert_int_equal(fwrite(from, 1, n, f), n);
	fclose(f);
	free(path);
}

/* A child that crashes must be seen to, not be caught by cmocka. */
static pid_t fork_reader(void)
{
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		if (!freopen("/dev/null", "w", stderr))
			_exit(3);
	}
	return child;
}

/* Read every record by walking and by key in a child. Returns 0: all as written; 1: died with a message; else
 * a crash. */
static int read_all_in_child(const char *id, int n)
{
	pid_t child = fork_reader();
	if (child == 0) {
		struct artifact *a = artifact_open(id, "records");
		int seen = 0;
		for (struct artifact_cursor *c = artifact_walk(a, "signal"); artifact_next(c);)
			seen++;
		for (int i = 0; i < n; i++) {
			char key[16], text[32];
			struct artifact_value v = artifact_get_record(a, "signal", (uint64_t)i * 3);
			if (!v.bytes || v.n_bytes != (size_t)(i * 977) % 30000)
				_exit(4);
			v = artifact_get(a, "subject", key, (size_t)sprintf(key, "k%06d", i));
			if (!v.bytes || v.n_bytes != (size_t)sprintf(text, "subject %d", i * i) ||
			    memcmp(v.bytes, text, v.n_bytes))
				_exit(5);
		}
		artifact_close(a);
		_exit(seen == n ? 0 : 6);
	}

	int status;
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void load(const char *id)
{
	struct error e = {0};
	char *path = artifact_path(id);
	free(object);
	assert_int_equal(file_read(&object, &object_bytes, path, SIZE_MAX, &e), 0);
	free(path);
}

/* A flipped bit is either where no record lies (verify passes, every read is right) or found by verify and by
 * the reader; never a crash, never a wrong value. */
static void a_flipped_bit_is_found_or_harmless(void **state)
{
	(void)state;
	char id[DIGEST_HEX];
	int n_found = 0;
	make(id, 40);
	load(id);

	for (size_t at = 0; at < object_bytes; at += stride() * (at < 8192 ? 23 : 997 + at % 97)) {
		struct error e = {0};
		object[at] ^= (char)(1 << at % 8);
		overwrite(id, object, object_bytes);
		int sound = artifact_verify(id, &e), read = read_all_in_child(id, 40);
		if (sound < 0)
			n_found++;
		if (sound == 0 ? read != 0 : (read != 0 && read != 1))
			fail_msg("byte %zu: verify says %d (%s), reading ends with %d", at, sound,
				 error_text(&e), read);
		if (sound < 0 && !strstr(e.text, id))
			fail_msg("byte %zu: '%s' does not name the object", at, e.text);
		object[at] ^= (char)(1 << at % 8);
	}

	assert_true(n_found > 100 / (int)stride());
	overwrite(id, object, object_bytes);
}

static void a_damaged_value_is_named_with_table_and_record(void **state)
{
	(void)state;
	char id[DIGEST_HEX];
	struct error e = {0};
	make(id, 40);
	load(id);
	char *found = memmem(object, object_bytes, "subject 196", 11); /* record 14 */
	assert_non_null(found);
	found[9] ^= 1;
	overwrite(id, object, object_bytes);
	assert_int_equal(artifact_verify(id, &e), -1);
	assert_non_null(strstr(e.text, id));
	assert_non_null(strstr(e.text, "table subject, record 'k000014'"));
	make(id, 40); /* publishing the same content again heals it */
	assert_int_equal(artifact_verify(id, &(struct error){0}), 0);
}

/* Replace one value and its leaf digest alike: each record agrees with its leaf, only the root can tell. */
static void a_forged_record_is_found_by_the_root(void **state)
{
	(void)state;
	char id[DIGEST_HEX];
	struct error e = {0};
	make(id, 40);
	load(id);

	struct digest leaf = digest_leaf("k000014", 7, "subject 196", 11);
	struct digest forged = digest_leaf("k000014", 7, "subject 197", 11);
	char *value = memmem(object, object_bytes, "subject 196", 11);
	char *stored = memmem(object, object_bytes, leaf.bytes, sizeof leaf.bytes);
	assert_non_null(value);
	assert_non_null(stored);
	value[10] = '7';
	memcpy(stored, forged.bytes, sizeof forged.bytes);
	overwrite(id, object, object_bytes);
	assert_int_equal(artifact_verify(id, &e), -1);
	assert_non_null(strstr(e.text, "table subject: its records do not hash to the root"));
	make(id, 40);
}

/* In a child: open, then do f to the file, then read. */
static int read_after(const char *id, void (*f)(const char *path))
{
	pid_t child = fork_reader();
	if (child == 0) {
		struct artifact *a = artifact_open(id, "records");
		char *path = artifact_path(id);
		f(path);
		free(path);
		struct artifact_value v = artifact_get(a, "subject", "k000014", 7);
		_exit(v.bytes ? 0 : 4);
	}
	int status;
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void cut_short(const char *path)
{
	if (truncate(path, 8192))
		_exit(3);
}

/* Change the key of one record, in the data only: it seems absent, but its leaf is there. */
static void rename_record(const char *path)
{
	char *found = memmem(object, object_bytes, "k000014subject 196", 18);
	FILE *f = fopen(path, "r+b");
	if (!found || !f || fseek(f, found - object + 6, SEEK_SET) || fputc('0', f) == EOF || fclose(f))
		_exit(3);
}

static void a_file_that_changes_under_a_reader_ends_in_a_message(void **state)
{
	(void)state;
	char id[DIGEST_HEX];
	make(id, 40);
	load(id);
	char *path = artifact_path(id);
	chmod(path, 0644);
	free(path);
	assert_int_equal(read_after(id, rename_record), 1);
	assert_int_equal(read_after(id, cut_short), 1);
	make(id, 40);
}

static void a_shorter_file_is_found(void **state)
{
	(void)state;
	char id[DIGEST_HEX];
	make(id, 40);
	load(id);
	for (size_t n = 0; n < object_bytes; n += stride() * (n < 16384 ? 1021 : 16384 + n % 1021)) {
		struct error e = {0};
		overwrite(id, object, n);
		assert_int_equal(artifact_verify(id, &e), -1);
		assert_int_equal(read_all_in_child(id, 40), 1);
	}
	overwrite(id, object, object_bytes);
}

struct reading {
	const struct artifact *a;
	int first, n_wrong;
};

static void *read_from_thread(void *context)
{
	struct reading *r = context;
	for (int i = 0; i < 3000; i++) {
		int record = (r->first + i * 7) % 300;
		struct artifact_value v = artifact_get_record(r->a, "signal", (uint64_t)record * 3);
		r->n_wrong += !v.bytes || v.n_bytes != (size_t)(record * 977) % 30000;
	}
	int n = 0;
	for (struct artifact_cursor *c = artifact_walk(r->a, "subject"); artifact_next(c);)
		n++;
	r->n_wrong += n != 300;
	return NULL;
}

static void threads_may_share_a_reader(void **state)
{
	(void)state;
	char id[DIGEST_HEX];
	pthread_t thread[4];
	struct reading r[4];
	make(id, 300);

	struct artifact *a = artifact_open(id, "records");
	for (int i = 0; i < 4; i++) {
		r[i] = (struct reading){a, i * 31, 0};
		assert_int_equal(pthread_create(&thread[i], NULL, read_from_thread, &r[i]), 0);
	}

	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(r[i].n_wrong, 0);
	}

	artifact_close(a);
}

static void an_absent_object_or_another_kind_is_refused(void **state)
{
	(void)state;
	char id[DIGEST_HEX];
	struct error e = {0};
	make(id, 3);
	assert_true(artifact_exists(id));
	id[0] = id[0] == 'a' ? 'b' : 'a';
	assert_false(artifact_exists(id));
	assert_int_equal(artifact_verify(id, &e), -1);
	assert_non_null(strstr(e.text, "is not in the store"));
}

static void numbers_that_are_not_finite_are_refused(void **state)
{
	(void)state;
	const float x[3] = {1, (float)NAN, 2};
	pid_t child = fork_reader();
	if (child == 0) {
		struct artifact_writer *w = artifact_create("signals", 1);
		artifact_put_floats(w, artifact_table(w, "signal"), artifact_key(1).bytes, 8, x, 3);
		_exit(0);
	}
	int status;
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

static void parts_of_a_record_follow_it(void **state)
{
	(void)state;
	char id[DIGEST_HEX];
	struct artifact_writer *w = artifact_create("views", 1);
	int view = artifact_table(w, "view");
	for (uint64_t record = 255; record < 258; record++) /* across a byte of the key */
		for (int part = 0; part < 256; part += 51) {
			const float x[2] = {(float)record, (float)part};
			artifact_put_part(w, view, record, part, x, 2);
		}
	artifact_publish(w, id);

	struct artifact *a = artifact_open(id, "views");
	float x[2];
	struct artifact_value v = artifact_get_part(a, "view", 256, 255);
	assert_int_equal(v.n_bytes, sizeof x);
	memcpy(x, v.bytes, sizeof x);
	assert_true(x[0] == 256 && x[1] == 255);
	assert_null(artifact_get_part(a, "view", 256, 1).bytes);
	const uint8_t key[9] = {0, 0, 0, 0, 0, 0, 1, 0, 51};
	assert_ptr_equal(artifact_get(a, "view", key, 9).bytes, artifact_get_part(a, "view", 256, 51).bytes);
	artifact_close(a);
}

/* Records 0..n-1 in rounds of 5 for each rank; the last round is short for some ranks and
 * empty for others. */
enum { TEAM_RECORDS = 57, TEAM_ROUND = 5 };

struct common_work {
	char id[DIGEST_HEX];
	int n_rounds;
};

static void put_numbered(struct artifact_writer *w, int signal, int label, int i)
{
	const float x[3] = {(float)i, 1, 2};
	artifact_put_floats(w, signal, artifact_key((uint64_t)i).bytes, 8, x, (size_t)(i % 4));
	if (i % 3 == 0)
		artifact_put(w, label, artifact_key((uint64_t)i).bytes, 8, &i, sizeof i);
}

static void write_together(void *context, struct team *t)
{
	struct common_work *work = context;
	struct artifact_writer *w = artifact_create_shared(t, "signals", 1);
	artifact_attribute(w, "rate_hz", json_integer(100));
	int signal = artifact_table(w, "signal"), label = artifact_table(w, "label");

	for (int from = 0; from < TEAM_RECORDS; from += TEAM_ROUND * team_size(t)) {
		int own = from + TEAM_ROUND * team_rank(t);
		for (int i = own; i < own + TEAM_ROUND && i < TEAM_RECORDS; i++)
			put_numbered(w, signal, label, i);
		artifact_gather(w);
		work->n_rounds += team_rank(t) == 0;
	}

	if (team_rank(t) == 0)
		artifact_publish(w, work->id);
	else
		artifact_abandon(w);
}

static void a_team_writes_what_one_process_would(void **state)
{
	(void)state;
	struct common_work alone = {0};
	write_together(&alone, NULL);
	assert_int_equal(alone.n_rounds, 12);
	for (int size = 1; size <= 5; size++) {
		struct common_work work = {0};
		team_threads(size, write_together, &work);
		assert_string_equal(work.id, alone.id);
		assert_int_equal(work.n_rounds, (12 + size - 1) / size);
	}
}

static void a_record_that_is_passed_over_is_not_read(void **state)
{
	(void)state;
	struct common_work work = {0};
	write_together(&work, NULL);
	struct artifact *a = artifact_open(work.id, NULL);
	struct artifact_cursor *c = artifact_walk(a, "signal");
	for (uint64_t i = 0; i < TEAM_RECORDS; i++) {
		assert_true(i % 3 == 0 ? artifact_next(c) : artifact_skip(c));
		assert_int_equal(artifact_record(c->key), i);
		assert_int_equal(c->value != NULL, i % 3 == 0);
		assert_int_equal(c->value_bytes, i % 4 * sizeof(float));
	}
	assert_false(artifact_skip(c));
	artifact_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_published_file_is_read_only_and_nothing_else_is_left),
		cmocka_unit_test(the_id_does_not_depend_on_how_it_was_written),
		cmocka_unit_test(any_difference_in_content_changes_the_id),
		cmocka_unit_test(the_id_of_this_content_stays_what_it_is),
		cmocka_unit_test(a_large_artifact_is_written_in_batches),
		cmocka_unit_test(verify_accepts_a_sound_artifact),
		cmocka_unit_test(a_flipped_bit_is_found_or_harmless),
		cmocka_unit_test(a_damaged_value_is_named_with_table_and_record),
		cmocka_unit_test(a_forged_record_is_found_by_the_root),
		cmocka_unit_test(a_file_that_changes_under_a_reader_ends_in_a_message),
		cmocka_unit_test(a_shorter_file_is_found),
		cmocka_unit_test(threads_may_share_a_reader),
		cmocka_unit_test(an_absent_object_or_another_kind_is_refused),
		cmocka_unit_test(numbers_that_are_not_finite_are_refused),
		cmocka_unit_test(parts_of_a_record_follow_it),
		cmocka_unit_test(a_team_writes_what_one_process_would),
		cmocka_unit_test(a_record_that_is_passed_over_is_not_read),
	};

	return cmocka_run_group_tests(tests, make_store, clean_up);
}
