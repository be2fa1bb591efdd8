#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/die.h"
#include "remote/pull.h"
#include "remote/push.h"
#include "remote/span.h"
#include "remote/stream.h"
#include "store/artifact.h"

/* Records that are larger than a segment may be: they travel in pieces. */
static char folder[] = "/tmp/remote_large.XXXXXX";
static struct sharing remote = {.can_write = true, .timeout_s = 5};
static char id[DIGEST_HEX];

/* The longest that is one segment, one byte more, and some that are several; of the last the second piece
 * begins as what is compressed does. */
#define WHOLE (SPAN_MOST - STREAM_OVERHEAD - 8)
static const size_t sizes[] = {100, WHOLE, 5, WHOLE + 1, (size_t)20 << 20, 7, (size_t)33 << 20};
enum { N = sizeof sizes / sizeof *sizes };

static void use_store(const char *name)
{
	char *path = die_printf("%s/%s", folder, name);
	setenv("EINTHOVEN_STORE", path, 1);
	free(path);
}

static int run(const char *format, const char *at)
{
	char *command = die_printf(format, folder, at);
	int status = system(command);
	free(command);
	return status;
}

static void make(void)
{
	uint8_t *value = die_malloc(sizes[N - 1]);
	uint64_t x = 1;
	for (size_t k = 0; k < sizes[N - 1]; k++)
		value[k] = (uint8_t)((x = x * 6364136223846793005u + 1442695040888963407u) >> 56);
	memcpy(value + SPAN_SEGMENT - STREAM_OVERHEAD - 8, "\x28\xb5\x2f\xfd", 4);
	struct artifact_writer *w = artifact_create("model", 1);
	int weight = artifact_table(w, "weight");
	for (size_t i = 0; i < N; i++)
		artifact_put(w, weight, artifact_key(i).bytes, 8, value + (i ? sizes[N - 1] - sizes[i] : 0),
			     sizes[i]);
	artifact_publish(w, id);
	free(value);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || run("mkdir %s/%s", "team"))
		return -1;
	remote.url = die_printf("%s/team", folder);
	use_store("one");
	make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(remote.url);
	return run("chmod -R u+w %s && rm -rf %s", folder);
}

static void they_come_as_they_went(void **state)
{
	(void)state;
	struct error e = {0};
	struct push_sum sent = {0};
	struct pull_sum got = {0};
	use_store("one");
	if (push_artifact(&remote, id, false, &sent, &e) < 0)
		fail_msg("%s", e.text);
	assert_true(sent.n_segments >= 2 + 3 + 3 + 5);
	use_store("two");
	if (pull_artifact(&remote, id, &got, &e) != 1)
		fail_msg("%s", e.text);
	assert_int_equal(artifact_verify(id, &e), 0);
}

static void a_piece_that_was_changed_is_refused(void **state)
{
	(void)state;
	struct error e = {0};
	struct pull_sum got = {0};
	use_store("three");
	assert_int_equal(run("cd %s/team/cas && f=$(find . -size +7000k | tail -1) && chmod u+w $f && "
			     "printf %s | dd of=$f bs=1 seek=5000000 conv=notrunc status=none",
			     "changed"),
			 0);
	assert_int_equal(pull_artifact(&remote, id, &got, &e), -1);
	assert_true(strstr(e.text, "does not hash to its name") || strstr(e.text, "lead to its id"));
	assert_false(artifact_exists(id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(they_come_as_they_went),
					   cmocka_unit_test(a_piece_that_was_changed_is_refused)};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
