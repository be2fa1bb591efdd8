/*
 * Answers of the AWS Signature Version 4 test suite (github.com/awslabs/aws-c-auth,
 * tests/aws-signing-test-suite/v4, Apache-2.0), requests that are alike once; and the examples of the S3 API
 * reference, "Authenticating Requests: Using the Authorization Header".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "remote/sigv4.h"

#define HOST  "host:example.amazonaws.com"
#define DATE  "x-amz-date:20150830T123600Z"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct vector {
	const char *name, *verb, *path, *query;
	const char *fields; /* lines name:value */
	const char *payload_hash, *signature;
} suite[] = {
	{"get-header-key-duplicate", "GET", "/", "", HOST "\nmy-header1:value2,value2,value1\n" DATE, EMPTY,
	 "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
	{"get-header-value-multiline", "GET", "/", "", HOST "\nmy-header1:value1 value2 value3\n" DATE, EMPTY,
	 "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd"},
	{"get-header-value-order", "GET", "/", "", HOST "\nmy-header1:value4,value1,value3,value2\n" DATE,
	 EMPTY, "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
	{"get-header-value-trim", "GET", "/", "", HOST "\nmy-header1:value1\nmy-header2:\"a b c\"\n" DATE,
	 EMPTY, "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
	{"get-relative-normalized", "GET", "/", "", HOST "\n" DATE, EMPTY,
	 "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-relative-relative-unnormalized", "GET", "/example1/example2/../..", "", HOST "\n" DATE, EMPTY,
	 "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b"},
	{"get-relative-unnormalized", "GET", "/example/..", "", HOST "\n" DATE, EMPTY,
	 "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282"},
	{"get-slash-dot-slash-unnormalized", "GET", "/./", "", HOST "\n" DATE, EMPTY,
	 "68714168e6557f8f2de0ef956fc24dc2593a4bd2961f8df51898d8a134695145"},
	{"get-slash-pointless-dot-normalized", "GET", "/example", "", HOST "\n" DATE, EMPTY,
	 "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
	{"get-slash-pointless-dot-unnormalized", "GET", "/./example", "", HOST "\n" DATE, EMPTY,
	 "beb03f223f7deae4146464f06e29eebbee9c8afbe15c290cf07aa8b119e14cff"},
	{"get-slash-unnormalized", "GET", "//", "", HOST "\n" DATE, EMPTY,
	 "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439fd5e5b76e"},
	{"get-slashes-normalized", "GET", "/example/", "", HOST "\n" DATE, EMPTY,
	 "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
	{"get-slashes-unnormalized", "GET", "//example//", "", HOST "\n" DATE, EMPTY,
	 "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"},
	{"get-space-normalized", "GET", "/example%20space/", "", HOST "\n" DATE, EMPTY,
	 "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
	{"get-unreserved", "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "",
	 HOST "\n" DATE, EMPTY, "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
	{"get-utf8", "GET", "/%E1%88%B4", "", HOST "\n" DATE, EMPTY,
	 "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
	{"get-vanilla-empty-query-key", "GET", "/", "Param1=value1", HOST "\n" DATE, EMPTY,
	 "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
	{"get-vanilla-query-order-encoded", "GET", "/", "%E1%88%B4=Value1&Param=Value2&Param-3=Value3",
	 HOST "\n" DATE, EMPTY, "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
	{"get-vanilla-query-order-key-case", "GET", "/", "Param1=value1&Param2=value2", HOST "\n" DATE, EMPTY,
	 "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	{"get-vanilla-query-unreserved", "GET", "/",
	 "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~"
	 "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	 HOST "\n" DATE, EMPTY, "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
	{"get-vanilla-utf8-query", "GET", "/", "%E1%88%B4=bar", HOST "\n" DATE, EMPTY,
	 "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
	{"get-vanilla-with-session-token", "GET", "/", "",
	 HOST "\n" DATE
	      "\nx-amz-security-token:6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
	 EMPTY, "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
	{"post-header-key-case", "POST", "/", "", HOST "\n" DATE, EMPTY,
	 "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	{"post-header-key-sort", "POST", "/", "", HOST "\nmy-header1:value1\n" DATE, EMPTY,
	 "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
	{"post-header-value-case", "POST", "/", "", HOST "\nmy-header1:VALUE1\n" DATE, EMPTY,
	 "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
	{"post-sts-header-before", "POST", "/", "",
	 HOST "\n" DATE "\nx-amz-security-token:AQoDYXdzEPT//////////"
	      "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfK"
	      "D8YUuwthAx7mSEI/qkPpKPi/"
	      "kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q"
	      "6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+"
	      "scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==",
	 EMPTY, "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
	{"post-vanilla-empty-query-value", "POST", "/", "Param1=value1", HOST "\n" DATE, EMPTY,
	 "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
	{"post-x-www-form-urlencoded", "POST", "/", "",
	 "content-length:13\ncontent-type:application/"
	 "x-www-form-urlencoded\n" HOST "\nx-amz-content-sha256:"
	 "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e\n" DATE,
	 "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
	 "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
	{"post-x-www-form-urlencoded-parameters", "POST", "/", "",
	 "content-length:13\ncontent-type:application/x-www-form-urlencoded; "
	 "charset=utf-8\n" HOST "\nx-amz-content-sha256:"
	 "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e\n" DATE,
	 "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
	 "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"},
};

/* The signature at the end of the value, whose fields are one text of lines. */
static void check(const struct vector *v, struct sigv4_request r, const char *signature)
{
	struct sigv4_field fields[16];
	char *text = strdup(v->fields), *line = text, *rest;
	for (r.n_fields = 0; line; line = rest, r.n_fields++) {
		rest = strchr(line, '\n');
		if (rest)
			*rest++ = '\0';
		char *colon = strchr(line, ':');
		*colon = '\0';
		fields[r.n_fields] = (struct sigv4_field){line, colon + 1};
	}
	r.verb = v->verb;
	r.path = v->path;
	r.query = v->query;
	r.payload_hash = v->payload_hash;
	r.fields = fields;
	char *value = sigv4_authorization(&r);
	char *got = strstr(value, "Signature=");
	assert_non_null(got);
	if (strcmp(got + 10, signature))
		fail_msg("%s: %s", v->name, value);
	free(value);
	free(text);
}

static void the_test_suite_s_signatures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof suite / sizeof *suite; i++)
		check(&suite[i],
		      (struct sigv4_request){.time = "20150830T123600Z",
					     .region = "us-east-1",
					     .service = "service",
					     .key_id = "AKIDEXAMPLE",
					     .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
		      suite[i].signature);
}

#define S3_HOST "host:examplebucket.s3.amazonaws.com"
#define S3_DATE "x-amz-date:20130524T000000Z"

static const struct vector s3[] = {
	{"GET object", "GET", "/test.txt", "",
	 S3_HOST "\nrange:bytes=0-9\nx-amz-content-sha256:" EMPTY "\n" S3_DATE, EMPTY,
	 "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
	{"PUT object", "PUT", "/test%24file.text", "",
	 "date:Fri, 24 May 2013 00:00:00 GMT\n" S3_HOST
	 "\nx-amz-content-sha256:44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072\n" S3_DATE
	 "\nx-amz-storage-class:REDUCED_REDUNDANCY",
	 "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
	 "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
	{"GET lifecycle", "GET", "/", "lifecycle=", S3_HOST "\nx-amz-content-sha256:" EMPTY "\n" S3_DATE,
	 EMPTY, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
	{"GET list", "GET", "/", "max-keys=2&prefix=J", S3_HOST "\nx-amz-content-sha256:" EMPTY "\n" S3_DATE,
	 EMPTY, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

static void the_signatures_of_s3_s_manual(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof s3 / sizeof *s3; i++)
		check(&s3[i],
		      (struct sigv4_request){.time = "20130524T000000Z",
					     .region = "us-east-1",
					     .service = "s3",
					     .key_id = "AKIAIOSFODNN7EXAMPLE",
					     .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"},
		      s3[i].signature);
}

static void the_value_names_key_scope_and_fields(void **state)
{
	(void)state;
	struct sigv4_field fields[] = {{"host", "h"}, {"x-amz-date", "20150830T123600Z"}};
	char *value = sigv4_authorization(&(struct sigv4_request){.verb = "GET",
								  .path = "/",
								  .query = "",
								  .fields = fields,
								  .n_fields = 2,
								  .payload_hash = EMPTY,
								  .time = "20150830T123600Z",
								  .region = "eu-west-1",
								  .service = "s3",
								  .key_id = "AKID",
								  .secret = "s"});
	const char expected[] = "AWS4-HMAC-SHA256 Credential=AKID/20150830/eu-west-1/s3/aws4_request, "
				"SignedHeaders=host;x-amz-date, Signature=";
	assert_memory_equal(value, expected, sizeof expected - 1);
	assert_int_equal(strlen(value), sizeof expected - 1 + 64);
	free(value);
}

static void now_is_a_time(void **state)
{
	(void)state;
	char text[SIGV4_TIME];
	sigv4_now(text);
	assert_int_equal(strlen(text), SIGV4_TIME - 1);
	assert_true(text[8] == 'T' && text[15] == 'Z' && text[0] == '2');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_test_suite_s_signatures),
		cmocka_unit_test(the_signatures_of_s3_s_manual),
		cmocka_unit_test(the_value_names_key_scope_and_fields),
		cmocka_unit_test(now_is_a_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
