#include "trust/key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "trust/base64.h"
#include "trust/key_layout.h"

enum { KEY_FILE_MAX = 16 << 10, RAW = 32 };

/* SubjectPublicKeyInfo of Ed25519 up to the key itself (RFC 8410). */
static const uint8_t spki[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

static void line_of(char line[KEY_LINE], const EVP_PKEY *pair)
{
	uint8_t bytes[sizeof spki + RAW];
	size_t n = RAW;
	memcpy(bytes, spki, sizeof spki);
	if (!EVP_PKEY_get_raw_public_key(pair, bytes + sizeof spki, &n) || n != RAW)
		BUG("a key pair has no public key");
	char *text = base64_encode(bytes, sizeof bytes);
	memcpy(line, text, KEY_LINE);
	free(text);
}

/* The 32 bytes of a public key. 0, or -1. */
static int raw_of(uint8_t raw[RAW], const char *line)
{
	size_t n = 0;
	if (strlen(line) != KEY_LINE - 1)
		return -1;
	uint8_t *bytes = base64_decode(line, KEY_LINE - 1, &n);
	int status = bytes && n == sizeof spki + RAW && !memcmp(bytes, spki, sizeof spki) ? 0 : -1;
	if (status == 0)
		memcpy(raw, bytes + sizeof spki, RAW);
	free(bytes);
	return status;
}

bool key_is_line(const char *text)
{
	uint8_t raw[RAW];
	return raw_of(raw, text) == 0 && !strpbrk(text, "-_");
}

/* ---- making ---- */

static int write_pair(int fd, const EVP_PKEY *pair, const char *path, struct error *e)
{
	char *text;
	BIO *memory = BIO_new(BIO_s_secmem());
	if (!memory || !PEM_write_bio_PKCS8PrivateKey(memory, pair, NULL, NULL, 0, NULL, NULL))
		die("libcrypto: cannot write a key");
	size_t n = (size_t)BIO_get_mem_data(memory, &text);
	bool is_written = file_write(fd, text, n) == 0 && fsync(fd) == 0;
	int why = errno;
	OPENSSL_cleanse(text, n);
	BIO_free(memory);
	return is_written ? 0 : error_set(e, path, 0, "cannot write: %s", strerror(why));
}

static int make_folder_of(const char *path, struct error *e)
{
	char *folder = die_strdup(path), *slash = strrchr(folder, '/');
	int status = 0;
	if (slash && slash != folder) {
		*slash = 0;
		status = file_make_folder(folder, e);
	}
	free(folder);
	return status;
}

int key_make(const char *path, struct error *e)
{
	if (make_folder_of(path, e) < 0)
		return -1;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == EEXIST)
		return error_set(e, path, 0,
				 "is there already, and a key is never overwritten; name another file, "
				 "or move this one away");
	if (fd < 0)
		return error_set(e, path, 0, "cannot create: %s", strerror(errno));

	EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!pair)
		die("libcrypto cannot make Ed25519 keys");
	int status = write_pair(fd, pair, path, e);
	if (status == 0)
		status = file_sync_folder(path, e);
	if (status < 0)
		unlink(path);
	EVP_PKEY_free(pair);
	close(fd);
	return status;
}

/* ---- opening ---- */

/* PEM's own callback would ask on the terminal. */
static int no_passphrase(char *text, int n, int is_writing, void *context)
{
	(void)text, (void)n, (void)is_writing;
	*(bool *)context = true;
	return -1;
}

static EVP_PKEY *parse_pair(char *text, size_t n, const char *path, struct error *e)
{
	bool is_encrypted = false;
	BIO *memory = BIO_new_mem_buf(text, (int)n);
	EVP_PKEY *pair = memory ? PEM_read_bio_PrivateKey(memory, NULL, no_passphrase, &is_encrypted) : NULL;
	BIO_free(memory);
	if (is_encrypted)
		error_set(e, path, 0,
			  "needs a passphrase, and nobody is there to type it while a stage runs; "
			  "'openssl pkey -in %s -out FILE' writes it without",
			  path);
	else if (!pair)
		error_set(e, path, 0, "is no private key in PEM; 'store keygen FILE' makes one");
	else if (!EVP_PKEY_is_a(pair, "ED25519"))
		error_set(e, path, 0,
			  "is a private key of another kind than Ed25519; 'store keygen FILE' makes one");
	else
		return pair;
	EVP_PKEY_free(pair);
	return NULL;
}

/* What is checked is the open file, so that nobody can put another in its place. */
static int check_mode(int fd, const char *path, struct error *e)
{
	struct stat s;
	if (fstat(fd, &s) < 0 || !S_ISREG(s.st_mode))
		return error_set(e, path, 0, "is not a file");
	if (s.st_uid != geteuid() && s.st_uid != 0)
		return error_set(e, path, 0, "belongs to another user; a private key must be your own");
	if (s.st_mode & 077)
		return error_set(e, path, 0,
				 "others can get at this private key (mode %03o); 'chmod 600 %s', and "
				 "make a new one if somebody may have read it",
				 s.st_mode & 0777u, path);
	return 0;
}

static EVP_PKEY *read_pair(int fd, const char *path, struct error *e)
{
	char text[KEY_FILE_MAX];
	size_t n = 0;
	ssize_t got = 0;
	while (n < sizeof text && (got = read(fd, text + n, sizeof text - n)) > 0)
		n += (size_t)got;
	EVP_PKEY *pair = NULL;
	if (got < 0 || n == sizeof text)
		error_set(e, path, 0, got < 0 ? "cannot be read" : "is too long for a private key");
	else
		pair = parse_pair(text, n, path, e);
	OPENSSL_cleanse(text, sizeof text);
	return pair;
}

struct key *key_open(const char *path, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		error_set(e, path, 0, "cannot open: %s; it is the private key to sign with", strerror(errno));
		return NULL;
	}
	EVP_PKEY *pair = check_mode(fd, path, e) == 0 ? read_pair(fd, path, e) : NULL;
	close(fd);
	if (!pair)
		return NULL;
	struct key *key = die_malloc(sizeof *key);
	key->pair = pair;
	line_of(key->line, pair);
	return key;
}

void key_close(struct key *key)
{
	if (key)
		EVP_PKEY_free(key->pair);
	free(key);
}

const char *key_line(const struct key *key)
{
	return key->line;
}

/* ---- using ---- */

void key_sign(uint8_t signature[KEY_SIGNATURE], const struct key *key, const void *bytes, size_t n_bytes)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t n = KEY_SIGNATURE;
	if (!c || !EVP_DigestSignInit(c, NULL, NULL, NULL, key->pair) ||
	    !EVP_DigestSign(c, signature, &n, bytes, n_bytes) || n != KEY_SIGNATURE)
		die("libcrypto: cannot sign");
	EVP_MD_CTX_free(c);
}

bool key_verify(const char *line, const uint8_t signature[KEY_SIGNATURE], const void *bytes, size_t n_bytes)
{
	uint8_t raw[RAW];
	if (raw_of(raw, line) < 0)
		return false;
	EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, RAW);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool is_right = public && c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, public) == 1 &&
			EVP_DigestVerify(c, signature, KEY_SIGNATURE, bytes, n_bytes) == 1;
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(public);
	return is_right;
}
