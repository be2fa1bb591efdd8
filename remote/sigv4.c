#include "remote/sigv4.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/die.h"
#include "store/bytes.h"
#include "store/digest.h"

#define DAY 8 /* letters of a time that are its date */

static void hmac(unsigned char out[32], const void *key, size_t n_key, const void *text, size_t n)
{
	unsigned n_out;
	if (!HMAC(EVP_sha256(), key, (int)n_key, text, n, out, &n_out) || n_out != 32)
		die("libcrypto: HMAC-SHA256 failed");
}

/* "host;x-amz-date" */
static void add_names(struct bytes *b, const struct sigv4_request *r)
{
	for (size_t i = 0; i < r->n_fields; i++) {
		bytes_text(b, i ? ";" : "");
		bytes_text(b, r->fields[i].name);
	}
}

static void add_lines(struct bytes *b, const char *const *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bytes_text(b, lines[i]);
		bytes_text(b, "\n");
	}
}

static void canonical(struct bytes *b, const struct sigv4_request *r)
{
	add_lines(b, (const char *const[]){r->verb, r->path, r->query}, 3);
	for (size_t i = 0; i < r->n_fields; i++) {
		bytes_text(b, r->fields[i].name);
		bytes_text(b, ":");
		bytes_text(b, r->fields[i].value);
		bytes_text(b, "\n");
	}
	bytes_text(b, "\n");
	add_names(b, r);
	bytes_text(b, "\n");
	bytes_text(b, r->payload_hash);
}

static void hex_of(char hex[DIGEST_HEX], const void *bytes, size_t n)
{
	struct digest d = digest_of(bytes, n);
	digest_hex(hex, &d);
}

/* Of this day, region and service only. */
static void derive(unsigned char key[32], const struct sigv4_request *r)
{
	char *secret = die_printf("AWS4%s", r->secret);
	hmac(key, secret, strlen(secret), r->time, DAY);
	OPENSSL_cleanse(secret, strlen(secret));
	free(secret);
	hmac(key, key, 32, r->region, strlen(r->region));
	hmac(key, key, 32, r->service, strlen(r->service));
	hmac(key, key, 32, "aws4_request", 12);
}

char *sigv4_authorization(const struct sigv4_request *r)
{
	struct bytes form = {0}, names = {0};
	char hash[DIGEST_HEX], signature[DIGEST_HEX];
	struct digest mac;
	unsigned char key[32];

	canonical(&form, r);
	hex_of(hash, form.first, form.n);
	char *scope = die_printf("%.*s/%s/%s/aws4_request", DAY, r->time, r->region, r->service);
	char *to_sign = die_printf("AWS4-HMAC-SHA256\n%s\n%s\n%s", r->time, scope, hash);

	derive(key, r);
	hmac(mac.bytes, key, 32, to_sign, strlen(to_sign));
	digest_hex(signature, &mac);
	OPENSSL_cleanse(key, sizeof key);

	add_names(&names, r);
	char *value = die_printf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%.*s, Signature=%s",
				 r->key_id, scope, (int)names.n, names.first, signature);
	free(form.first);
	free(names.first);
	free(scope);
	free(to_sign);
	return value;
}

void sigv4_now(char time_text[SIGV4_TIME])
{
	time_t now = time(NULL);
	struct tm t;
	if (!gmtime_r(&now, &t) || strftime(time_text, SIGV4_TIME, "%Y%m%dT%H%M%SZ", &t) != SIGV4_TIME - 1)
		die("the clock says something that is no date");
}
