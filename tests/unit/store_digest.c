#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/digest.h"
#include "store/merkle.h"

static void hex_is(struct digest d, const char *expected)
{
	char hex[DIGEST_HEX];
	digest_hex(hex, &d);
	assert_string_equal(hex, expected);
}

/* FIPS 180-2, appendix B. */
static void sha256_gives_the_known_answers(void **state)
{
	(void)state;
	hex_is(digest_of("", 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hex_is(digest_of("abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	struct digest_stream *s = digest_open();
	char a[1000];
	memset(a, 'a', sizeof a);
	for (int i = 0; i < 1000; i++)
		digest_update(s, a, sizeof a);
	hex_is(digest_close(s), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void hex_is_read_back_and_nothing_else_is(void **state)
{
	(void)state;
	struct digest d = digest_of("abc", 3), back;
	char hex[DIGEST_HEX + 1];
	digest_hex(hex, &d);
	assert_int_equal(digest_parse(&back, hex), 0);
	assert_memory_equal(&back, &d, sizeof d);

	for (int i = 0; i < 64; i++)
		for (const char *bad = "gAF/:` \n"; *bad; bad++) {
			char keep = hex[i];
			hex[i] = *bad;
			assert_int_equal(digest_parse(&back, hex), -1);
			hex[i] = keep;
		}

	hex[63] = 0;
	assert_int_equal(digest_parse(&back, hex), -1);
	digest_hex(hex, &d);
	hex[64] = '0', hex[65] = 0;
	assert_int_equal(digest_parse(&back, hex), -1);
	assert_int_equal(digest_parse(&back, ""), -1);
}

static void a_leaf_is_the_hash_of_lengths_and_bytes(void **state)
{
	(void)state;
	hex_is(digest_leaf("key", 3, "value", 5),
	       "4f0b7dd8d12fad61ba31a5d9085ee18cd787447cb8f31683d21c44ca099ea6b5");
	struct digest a = digest_leaf("keyv", 4, "alue", 4), b = digest_leaf("key", 3, "value", 5);
	assert_memory_not_equal(&a, &b, sizeof a);
}

static void many_are_what_each_is_alone(void **state)
{
	enum { N = 400, MOST = 3000 };
	static uint8_t bytes[DIGEST_HEAD_MOST + MOST + 64], heads[N][DIGEST_HEAD_MOST];
	struct digest_text texts[N];
	struct digest found[N];
	uint64_t x = 1;
	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)((x = x * 6364136223846793005 + 1442695040888963407) >> 33);
	for (size_t i = 0; i < N; i++) {
		x = x * 6364136223846793005 + 1442695040888963407;
		size_t n_head = (x >> 33) % 3 ? (x >> 35) % (DIGEST_HEAD_MOST + 1) : 0, at = x >> 56 & 63;
		size_t n_body = (x >> 34) % 2 ? (x >> 45) % MOST : (x >> 45) % 130;
		memcpy(heads[i], bytes + at, n_head);
		texts[i] = (struct digest_text){heads[i], n_head, bytes + at + n_head, n_body};
	}
	for (size_t n = 0; n <= N; n = n < 8 ? n + 1 : 2 * n) {
		memset(found, 0, sizeof found);
		digest_of_many(found, texts, n);
		for (size_t i = 0; i < n; i++) {
			const struct digest_text *t = &texts[i];
			struct digest want =
				digest_of((const uint8_t *)t->body - t->n_head, t->n_head + t->n_body);
			assert_memory_equal(&found[i], &want, sizeof want);
		}
	}
}

/* FIPS 180-2, appendix B, and 512 MiB and a bit, whose length in bits does not fit into 32. */
static void many_gives_the_known_answers(void **state)
{
	(void)state;
	size_t n = ((size_t)512 << 20) + 3;
	char *zeros = calloc(n, 1), million[1000000];
	assert_non_null(zeros);
	memset(million, 'a', sizeof million);
	const struct digest_text texts[] = {
		{NULL, 0, zeros, n},
		{"abc", 3, NULL, 0},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, NULL, 0},
		{NULL, 0, NULL, 0},
		{NULL, 0, million, sizeof million}};
	struct digest d[5];
	digest_of_many(d, texts, 5);
	struct digest whole = digest_of(zeros, n);
	assert_memory_equal(&d[0], &whole, sizeof whole);
	hex_is(d[1], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hex_is(d[2], "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	hex_is(d[3], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hex_is(d[4], "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(zeros);
}

static void a_leaf_as_a_text_is_the_leaf(void **state)
{
	uint8_t head[2][DIGEST_HEAD_MOST], key[511];
	struct digest d[2], want = digest_leaf("key", 3, "value", 5);
	(void)state;
	memset(key, 7, sizeof key);
	const struct digest_text texts[] = {digest_leaf_text(head[0], "key", 3, "value", 5),
					    digest_leaf_text(head[1], key, sizeof key, "", 0)};
	digest_of_many(d, texts, 2);
	assert_memory_equal(&d[0], &want, sizeof want);
	want = digest_leaf(key, sizeof key, "", 0);
	assert_memory_equal(&d[1], &want, sizeof want);
}

/* The roots that certificate-transparency publishes for its first eight leaves (their leaf is
 * SHA-256(0x00 | data)). */
static void roots_are_those_of_rfc_6962(void **state)
{
	(void)state;
	static const char *const leaves[] = {
		"",
		"\x00",
		"\x10",
		"\x20\x21",
		"\x30\x31",
		"\x40\x41\x42\x43",
		"\x50\x51\x52\x53\x54\x55\x56\x57",
		"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
	static const size_t n_bytes[] = {0, 1, 1, 2, 2, 4, 8, 16};
	static const char *const roots[] = {
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
	struct merkle m;
	merkle_init(&m);
	hex_is(merkle_root(&m), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

	for (int i = 0; i < 8; i++) {
		uint8_t text[17] = {0};
		memcpy(text + 1, leaves[i], n_bytes[i]);
		struct digest leaf = digest_of(text, 1 + n_bytes[i]);
		merkle_add(&m, &leaf);
		hex_is(merkle_root(&m), roots[i]);
		assert_int_equal(m.count, i + 1);
	}
}

/* The definition: split at the largest power of two below n. */
static struct digest root_of(const struct digest *leaves, size_t n)
{
	if (n == 1)
		return leaves[0];
	size_t k = 1;
	while (2 * k < n)
		k *= 2;
	uint8_t bytes[65] = {1};
	struct digest left = root_of(leaves, k), right = root_of(leaves + k, n - k);
	memcpy(bytes + 1, left.bytes, 32);
	memcpy(bytes + 33, right.bytes, 32);
	return digest_of(bytes, sizeof bytes);
}

static void the_stream_equals_the_definition_at_every_size(void **state)
{
	(void)state;
	struct digest leaves[300];
	struct merkle m;
	merkle_init(&m);
	for (size_t i = 0; i < 300; i++) {
		leaves[i] = digest_of(&i, sizeof i);
		merkle_add(&m, &leaves[i]);
		struct digest got = merkle_root(&m), want = root_of(leaves, i + 1);
		assert_memory_equal(&got, &want, sizeof got);
	}
}

/* store_digest [PATTERN]: of the tests those of such a name. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_known_answers),
		cmocka_unit_test(hex_is_read_back_and_nothing_else_is),
		cmocka_unit_test(a_leaf_is_the_hash_of_lengths_and_bytes),
		cmocka_unit_test(many_are_what_each_is_alone),
		cmocka_unit_test(many_gives_the_known_answers),
		cmocka_unit_test(a_leaf_as_a_text_is_the_leaf),
		cmocka_unit_test(roots_are_those_of_rfc_6962),
		cmocka_unit_test(the_stream_equals_the_definition_at_every_size),
	};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
