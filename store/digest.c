#include "store/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/die.h"

/* ---- memory ---- */

static void *allocate(size_t n_bytes, const char *file, int line)
{
	(void)file, (void)line;
	return die_malloc(n_bytes);
}

static void *resize(void *p, size_t n_bytes, const char *file, int line)
{
	(void)file, (void)line;
	if (n_bytes)
		return die_realloc(p, n_bytes);
	free(p);
	return NULL;
}

static void release(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}

/* OpenSSL 3.0 crashes when memory ends while it sets itself up: it takes a lock that is not there. It can be
 * told only before it has asked for any. */
__attribute__((constructor)) static void die_without_memory(void)
{
	CRYPTO_set_mem_functions(allocate, resize, release);
}

/* ---- digests ---- */

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

static void start(EVP_MD_CTX *c)
{
	if (!c || !EVP_DigestInit_ex(c, sha256(), NULL))
		die("libcrypto: cannot start SHA-256");
}

static void update(EVP_MD_CTX *c, const void *bytes, size_t n_bytes)
{
	if (n_bytes && !EVP_DigestUpdate(c, bytes, n_bytes))
		die("libcrypto: cannot compute SHA-256");
}

static struct digest finish(EVP_MD_CTX *c)
{
	struct digest d;
	if (!EVP_DigestFinal_ex(c, d.bytes, NULL))
		die("libcrypto: cannot finish SHA-256");
	return d;
}

struct digest_stream *digest_open(void)
{
	struct digest_stream *s = die_malloc(sizeof *s);
	s->context = EVP_MD_CTX_new();
	start(s->context);
	return s;
}

void digest_update(struct digest_stream *s, const void *bytes, size_t n_bytes)
{
	update(s->context, bytes, n_bytes);
}

struct digest digest_close(struct digest_stream *s)
{
	struct digest d = finish(s->context);
	EVP_MD_CTX_free(s->context);
	free(s);
	return d;
}

/* One context per thread for digests of one go: quicker, and nothing leaks when reading a damaged file is
 * given up in the middle (store/guard.h). */
static pthread_key_t context_key;

static void free_context(void *context)
{
	EVP_MD_CTX_free(context);
}

static void make_key(void)
{
	if (pthread_key_create(&context_key, free_context))
		die("too many thread keys");
}

static EVP_MD_CTX *thread_context(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static _Thread_local EVP_MD_CTX *own;
	if (!own) {
		pthread_once(&once, make_key);
		own = EVP_MD_CTX_new();
		pthread_setspecific(context_key, own);
	}
	start(own);
	return own;
}

struct digest digest_of(const void *bytes, size_t n_bytes)
{
	EVP_MD_CTX *c = thread_context();
	update(c, bytes, n_bytes);
	return finish(c);
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
	EVP_MD_CTX *c = thread_context();
	update(c, prefix, sizeof prefix);
	update(c, key, key_bytes);
	update(c, length, sizeof length);
	update(c, value, value_bytes);
	return finish(c);
}
