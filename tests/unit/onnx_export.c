/* What cannot become an ONNX file: artifacts whose parts contradict each other. What can is held against
 * onnxruntime by tests/stages/onnx.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "ecg/views.h"
#include "model/config.h"
#include "onnx/onnx.h"
#include "tests/unit/own_store.h"

static char *file; /* what would be written */

static int set_up(void **state)
{
	if (make_store(state))
		return -1;
	file = die_printf("%s/net.onnx", store);
	return 0;
}

static int clean_up(void **state)
{
	free(file);
	return remove_store(state);
}

/* The attributes of a network for halves of `segment` samples, whose config says `samples`. */
static void describe(struct artifact_writer *w, int segment, int samples)
{
	struct encoder_config c;
	struct views v = {VIEWS_HALVES, .rate_hz = 100, .samples = 400, .segment = segment};
	encoder_preset(&c, "resnet18", samples, 100);
	encoder_set(&c, "d_model", 4);
	artifact_attribute(w, "config", config_json(&c));
	artifact_attribute(w, "views", views_json(&v));
}

static struct artifact *open(struct artifact_writer *w)
{
	char id[DIGEST_HEX];
	artifact_publish(w, id);
	return artifact_open(id, NULL);
}

static void assert_refused(struct artifact *a, const char *said)
{
	struct error e = {0};
	assert_int_equal(onnx_export(a, file, &e), -1);
	if (!strstr(error_text(&e), said))
		fail_msg("said: %s", error_text(&e));
	assert_false(file_exists(file));
	artifact_close(a);
}

static void kinds_without_a_network_are_refused(void **state)
{
	(void)state;
	assert_refused(open(artifact_create("signals", 1)), "kind signals has no network");
	assert_refused(open(artifact_create("scores", 1)), "no action entry");
	assert_refused(open(artifact_create("model", 1)), "attribute \"config\"");
}

static void views_and_config_must_agree(void **state)
{
	(void)state;
	struct artifact_writer *w = artifact_create("model", 1);
	describe(w, 100, 200);
	assert_refused(open(w), "attributes contradict each other");
}

static void a_classifier_must_read_these_embeddings(void **state)
{
	(void)state;
	static const float zeros[80];
	struct artifact_writer *w = artifact_create("scores", 1);
	describe(w, 200, 200);
	artifact_attribute(w, "classes", json_pack("[s, s]", "NORM", "MI"));
	artifact_attribute(w, "labels", json_string("single"));
	artifact_attribute(w, "features", json_string("embedding"));
	artifact_table(w, "tensor");
	int weight = artifact_table(w, "weight");
	artifact_put_floats(w, weight, "bias", 4, zeros, 2);
	artifact_put_floats(w, weight, "mean", 4, zeros, 32);
	artifact_put_floats(w, weight, "scale", 5, zeros, 32);
	artifact_put_floats(w, weight, "weight", 6, zeros, 63);
	assert_refused(open(w), "array weight of the classifier has 252 bytes, expected 256");
}

static void a_tensor_that_is_not_there_is_named(void **state)
{
	(void)state;
	struct artifact_writer *w = artifact_create("model", 1);
	describe(w, 200, 200);
	artifact_table(w, "tensor");
	struct artifact *a = open(w);
	char said[600];
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		dup2(ends[1], 2);
		onnx_export(a, file, NULL);
		_exit(0);
	}

	int status;
	close(ends[1]);
	waitpid(child, &status, 0);
	ssize_t n = read(ends[0], said, sizeof said - 1);
	close(ends[0]);
	said[n < 0 ? 0 : n] = 0;
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_non_null(strstr(said, "tensor stem.conv.weight has 0 bytes"));
	assert_false(file_exists(file));
	artifact_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_without_a_network_are_refused),
		cmocka_unit_test(views_and_config_must_agree),
		cmocka_unit_test(a_classifier_must_read_these_embeddings),
		cmocka_unit_test(a_tensor_that_is_not_there_is_named),
	};
	return cmocka_run_group_tests(tests, set_up, clean_up);
}
