/* Keys, envelopes and trust.yaml against known answers: RFC 4648, RFC 8032 (the first key), DSSE's own
 * example, and a derived key that another implementation of HKDF and P-256 computed. */
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

#include "trust/base64.h"
#include "trust/envelope.h"
#include "trust/policy.h"

#define LINE  "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define OTHER "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="

static char path[] = "/tmp/einthoven-key.XXXXXX";
static struct key *key;

static void base64_gives_the_known_answers(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {{"", ""},
					       {"f", "Zg=="},
					       {"fo", "Zm8="},
					       {"foo", "Zm9v"},
					       {"foob", "Zm9vYg=="},
					       {"fooba", "Zm9vYmE="},
					       {"foobar", "Zm9vYmFy"},
					       {"\xfb\xff", "+/8="}};
	static const char *const refused[] = {
		"Z", "Zg=", "Zg===", "Zh==", "Zm9=", "Z g=", "Zg==Zg==", "=", "Zm8=x"};
	size_t n;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		char *text = base64_encode(pairs[i][0], strlen(pairs[i][0]));
		assert_string_equal(text, pairs[i][1]);
		uint8_t *bytes = base64_decode(text, strlen(text), &n);
		assert_string_equal((char *)bytes, pairs[i][0]);
		free(text);
		free(bytes);
	}
	uint8_t *bytes = base64_decode("-_8", 3, &n); /* URL-safe, without padding */
	assert_int_equal(n, 2);
	assert_memory_equal(bytes, "\xfb\xff", 2);
	free(bytes);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		assert_null(base64_decode(refused[i], strlen(refused[i]), &n));
}

/* protocol.md of DSSE, and RFC 8032's first secret key over it. */
static void a_signature_is_that_of_the_protocol(void **state)
{
	(void)state;
	static const char expected[] = "DSSEv1 29 http://example.com/HelloWorld 11 hello world";
	static const uint8_t right[] = {0xe0, 0x31, 0xd7, 0xdd, 0x99, 0xf8, 0xaa, 0x90};
	uint8_t signature[KEY_SIGNATURE];
	size_t n;
	char *pae = envelope_pae("http://example.com/HelloWorld", "hello world", 11, &n);
	assert_int_equal(n, sizeof expected - 1);
	assert_memory_equal(pae, expected, n);
	assert_string_equal(key_line(key), LINE);
	key_sign(signature, key, pae, n);
	assert_memory_equal(signature, right, sizeof right);
	assert_true(key_verify(LINE, signature, pae, n));
	assert_false(key_verify(OTHER, signature, pae, n));
	assert_false(key_verify(LINE, signature, pae, n - 1));
	assert_false(key_verify("MCow", signature, pae, n));
	signature[63] ^= 1;
	assert_false(key_verify(LINE, signature, pae, n));
	free(pae);
}

static void the_key_for_models_is_derived_as_written(void **state)
{
	(void)state;
	char *line = key_model_line(key);
	assert_string_equal(line,
			    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3Z3qG8q8mI8PXRo5jc9l389LIVM4dVlAUjuFJ6hyU6yG"
			    "d0e/oyxRQ5RecRfk01WUuwZO0PQ46L5VVh1L62FkHw==");
	assert_true(key_is_model_line(line));
	assert_false(key_is_model_line(LINE));
	free(line);
}

static void an_envelope_is_taken_apart_as_it_was_made(void **state)
{
	(void)state;
	struct envelope v;
	struct error e = {0};
	size_t n;
	char *text = envelope_make(ENVELOPE_INTOTO, "{\"a\":1}", 7, key, &n);
	assert_int_equal(envelope_parse(&v, text, n, "x", &e), 0);
	assert_true(envelope_verify(&v));
	assert_string_equal(v.type, ENVELOPE_INTOTO);
	assert_string_equal(v.payload, "{\"a\":1}");
	v.payload[5] = '2';
	assert_false(envelope_verify(&v));
	envelope_release(&v);
	free(text);
}

/* Of what stands there only right signatures come along, and nothing beside them. */
static void envelopes_of_one_payload_are_joined(void **state)
{
	(void)state;
	size_t n, n_other, n_joint;
	char *ours = envelope_make(ENVELOPE_INTOTO, "{\"a\":1}", 7, key, &n);
	char *other = envelope_make(ENVELOPE_INTOTO, "{\"a\":2}", 7, key, &n_other);
	char *joint = envelope_join(ours, n, "{\"a\":1}", 7, &n_joint);
	assert_int_equal(n_joint, n);
	assert_memory_equal(joint, ours, n);
	assert_null(envelope_join(ours, n, ours, n, &n_joint));
	assert_null(envelope_join(ours, n, other, n_other, &n_joint));
	assert_null(envelope_join(ours, n, "{\"a\":2}", 7, &n_joint));
	assert_null(envelope_join("{\"a\":1}", 7, ours, n, &n_joint));
	free(joint);

	/* The same under another's name is none, and ours is what it lacks. */
	char *named = strdup(ours), *at = strstr(named, LINE);
	memcpy(at, OTHER, sizeof OTHER - 1);
	joint = envelope_join(ours, n, named, n, &n_joint);
	assert_int_equal(n_joint, n);
	assert_memory_equal(joint, ours, n);
	free(joint);
	free(named);
	free(other);
	free(ours);
}

/* ---- trust.yaml ---- */

static enum verdict_kind judged(const char *yaml, const char *stage, const char *made)
{
	struct error e = {0};
	struct verdict v;
	struct policy *p = policy_parse(yaml, strlen(yaml), "trust.yaml", &e);
	if (!p)
		fail_msg("%s", error_text(&e));
	policy_judge_key(&v, p, LINE, stage, made);
	assert_int_equal(v.is_taken, v.kind == VERDICT_TRUSTED);
	policy_close(p);
	return v.kind;
}

#define ADA "keys:\n  ada:\n    key: " LINE "\n"

static void both_days_of_a_span_are_in_it(void **state)
{
	(void)state;
	static const char span[] = ADA "    from: 2026-02-01\n    until: 2026-02-28\n";
	assert_int_equal(judged(ADA, "probe", "1970-01-01T00:00:00.000Z"), VERDICT_TRUSTED);
	assert_int_equal(judged(span, "probe", "2026-01-31T23:59:59.999Z"), VERDICT_WRONG_TIME);
	assert_int_equal(judged(span, "probe", "2026-02-01T00:00:00.000Z"), VERDICT_TRUSTED);
	assert_int_equal(judged(span, "probe", "2026-02-28T23:59:59.999Z"), VERDICT_TRUSTED);
	assert_int_equal(judged(span, "probe", "2026-03-01T00:00:00.000Z"), VERDICT_WRONG_TIME);
	assert_int_equal(judged(span, "probe", "yesterday"), VERDICT_WRONG_TIME);
	assert_int_equal(judged(ADA "    until: 2026-02-28T12:00:00Z\n", "probe", "2026-02-28T12:00:01.000Z"),
			 VERDICT_WRONG_TIME);
	assert_int_equal(judged("since: 2026-02-02\n" ADA, "probe", "2026-02-01T10:00:00.000Z"),
			 VERDICT_WRONG_TIME);
}

static void stages_and_revocation_count(void **state)
{
	(void)state;
	static const char now[] = "2026-02-01T00:00:00.000Z";
	assert_int_equal(judged(ADA "    stages: [fetch, probe]\n", "probe", now), VERDICT_TRUSTED);
	assert_int_equal(judged(ADA "    stages: [fetch, probe]\n", "pro", now), VERDICT_WRONG_STAGE);
	assert_int_equal(judged(ADA "    revoked: lost\n", "probe", now), VERDICT_REVOKED);
	assert_int_equal(judged("keys:\n  bob:\n    key: " OTHER "\n", "probe", now), VERDICT_UNKNOWN_KEY);
}

/* One signature that holds is enough, whatever stands beside it. */
static void one_of_several_signatures_is_enough(void **state)
{
	(void)state;
	struct error e = {0};
	struct verdict v;
	struct envelope envelope;
	size_t n;
	char *text = envelope_make(ENVELOPE_INTOTO, "{}", 2, key, &n);
	json_t *document = json_loads(text, 0, NULL), *list = json_object_get(document, "signatures");
	json_array_insert_new(list, 0, json_pack("{s:s, s:s}", "keyid", "someone", "sig", "AAAA"));
	assert_int_equal(envelope_read(&envelope, document, "x", &e), 0);
	assert_true(envelope_verify(&envelope));
	struct policy *p = policy_parse(ADA, strlen(ADA), "trust.yaml", &e);
	policy_judge(&v, p, &envelope, "probe", "2026-02-01T00:00:00.000Z");
	assert_int_equal(v.kind, VERDICT_TRUSTED);
	assert_string_equal(v.who, "ada");
	policy_judge(&v, NULL, &envelope, "probe", "2026-02-01T00:00:00.000Z");
	assert_int_equal(v.kind, VERDICT_UNKNOWN_KEY);
	assert_true(v.is_taken);
	policy_close(p);
	envelope_release(&envelope);
	json_decref(document);
	free(text);
}

static int set_up(void **state)
{
	(void)state;
	static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
				  "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
				  "-----END PRIVATE KEY-----\n";
	struct error e = {0};
	int fd = mkstemp(path); /* 0600 */
	if (fd < 0 || write(fd, pem, sizeof pem - 1) != sizeof pem - 1 || close(fd) < 0)
		return 1;
	key = key_open(path, &e);
	return !key;
}

static int tear_down(void **state)
{
	(void)state;
	key_close(key);
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_gives_the_known_answers),
		cmocka_unit_test(a_signature_is_that_of_the_protocol),
		cmocka_unit_test(the_key_for_models_is_derived_as_written),
		cmocka_unit_test(an_envelope_is_taken_apart_as_it_was_made),
		cmocka_unit_test(envelopes_of_one_payload_are_joined),
		cmocka_unit_test(both_days_of_a_span_are_in_it),
		cmocka_unit_test(stages_and_revocation_count),
		cmocka_unit_test(one_of_several_signatures_is_enough),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
