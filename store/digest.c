#include "store/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "store/digest_pairs.h"
#include "store/sha256_x86.h"

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

/* ---- many ---- */

static struct digest digest_of_text(const struct digest_text *t)
{
	EVP_MD_CTX *c = thread_context();
	update(c, t->head, t->n_head);
	update(c, t->body, t->n_body);
	return finish(c);
}

static bool is_paired;

/* Lengths around those of one and two blocks, bodies at odd places. */
static void choose(void)
{
	enum { N = 2 * 130 };
	static uint8_t bytes[N + 64];
	static struct digest found[N];
	struct digest_text text[N];
	if (!sha256_x86_is_there())
		return;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * i + 7 * i);
	for (size_t i = 0; i < N; i++)
		text[i] = (struct digest_text){bytes, i % 2 ? i / 2 : 0, bytes + i % 64, i};
	digest_pairs(found, text, N);
	for (size_t i = 0; i < N; i++) {
		struct digest plain = digest_of_text(&text[i]);
		if (memcmp(&plain, &found[i], sizeof plain) != 0)
			die("this processor's instructions for SHA-256 give another digest than libcrypto");
	}
	is_paired = true;
}

void digest_of_many(struct digest *digests, const struct digest_text *texts, size_t n)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, choose);
	if (is_paired && n > 1)
		digest_pairs(digests, texts, n);
	else
		for (size_t i = 0; i < n; i++)
			digests[i] = digest_of_text(&texts[i]);
}

/* ---- leaves ---- */

static void put_number(uint8_t *to, uint64_t x, int n_bytes)
{
	for (int i = 0; i < n_bytes; i++)
		to[i] = (uint8_t)(x >> 8 * (n_bytes - 1 - i));
}

struct digest digest_leaf(const void *key, size_t key_bytes, const void *value, size_t value_bytes)
{
	uint8_t prefix[5] = {0}, length[8];
	put_number(prefix + 1, key_bytes, 4);
	put_number(length, value_bytes, 8);
	EVP_MD_CTX *c = thread_context();
	update(c, prefix, sizeof prefix);
	update(c, key, key_bytes);
	update(c, length, sizeof length);
	update(c, value, value_bytes);
	return finish(c);
}

struct digest_text digest_leaf_text(uint8_t head[DIGEST_HEAD_MOST], const void *key, size_t key_bytes,
				    const void *value, size_t value_bytes)
{
	size_t n = 5 + key_bytes + 8;
	if (n > DIGEST_HEAD_MOST)
		BUG("a key is too long");
	head[0] = 0;
	put_number(head + 1, key_bytes, 4);
	memcpy(head + 5, key, key_bytes);
	put_number(head + n - 8, value_bytes, 8);
	return (struct digest_text){head, n, value, value_bytes};
}
