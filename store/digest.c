#include "store/digest.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/die.h"

struct digest_stream {
	EVP_MD_CTX *context;
};

/* Fetched once: looking the algorithm up costs more than hashing a short record. */
static const EVP_MD *sha256(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static EVP_MD *fetched;
	pthread_mutex_lock(&lock);
	if (!fetched)
		fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
	pthread_mutex_unlock(&lock);
	if (!fetched)
		die("libcrypto has no SHA-256");
	return fetched;
}

static void begin(struct digest_stream *s)
{
	s->context = EVP_MD_CTX_new();
	if (!s->context || !EVP_DigestInit_ex(s->context, sha256(), NULL))
		die("libcrypto: cannot start SHA-256");
}

static struct digest finish(struct digest_stream *s)
{
	struct digest d;
	if (!EVP_DigestFinal_ex(s->context, d.bytes, NULL))
		die("libcrypto: cannot finish SHA-256");
	EVP_MD_CTX_free(s->context);
	return d;
}

struct digest_stream *digest_open(void)
{
	struct digest_stream *s = die_malloc(sizeof *s);
	begin(s);
	return s;
}

void digest_update(struct digest_stream *s, const void *bytes, size_t n_bytes)
{
	if (n_bytes && !EVP_DigestUpdate(s->context, bytes, n_bytes))
		die("libcrypto: cannot compute SHA-256");
}

struct digest digest_close(struct digest_stream *s)
{
	struct digest d = finish(s);
	free(s);
	return d;
}

struct digest digest_of(const void *bytes, size_t n_bytes)
{
	struct digest_stream s;
	begin(&s);
	digest_update(&s, bytes, n_bytes);
	return finish(&s);
}

void digest_hex(char hex[DIGEST_HEX], const struct digest *d)
{
	static const char digits[] = "0123456789abcdef";
	for (int i = 0; i < DIGEST_BYTES; i++) {
		hex[2 * i] = digits[d->bytes[i] >> 4];
		hex[2 * i + 1] = digits[d->bytes[i] & 15];
	}
	hex[DIGEST_HEX - 1] = 0;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int digest_parse(struct digest *d, const char *text)
{
	for (int i = 0; i < DIGEST_BYTES; i++) {
		int high = nibble(text[2 * i]), low = high < 0 ? -1 : nibble(text[2 * i + 1]);
		if (low < 0)
			return -1;
		d->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return text[DIGEST_HEX - 1] ? -1 : 0;
}

struct digest digest_leaf(const void *key, size_t key_bytes, const void *value, size_t value_bytes)
{
	uint8_t prefix[5] = {0}, length[8];
	for (int i = 0; i < 4; i++)
		prefix[1 + i] = (uint8_t)(key_bytes >> (24 - 8 * i));
	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)((uint64_t)value_bytes >> (56 - 8 * i));
	struct digest_stream s;
	begin(&s);
	digest_update(&s, prefix, sizeof prefix);
	digest_update(&s, key, key_bytes);
	digest_update(&s, length, sizeof length);
	digest_update(&s, value, value_bytes);
	return finish(&s);
}
