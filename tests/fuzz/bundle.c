/* A tar file from anywhere as a bundle: refused with a reason, or what it says is looked at to the end. */
#include <jansson.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/bundle.h"
#include "audit/tar.h"
#include "store/digest.h"

enum { MEMBERS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

/* Members lie within the file, each name once. */
static void read_tar(const char *bytes, size_t n_bytes)
{
	struct tar t = tar_open(bytes, n_bytes, "fuzz.tar");
	struct tar_member m;
	struct error e = {0};
	int status;
	while ((status = tar_next(&t, &m, &e)) > 0)
		if (m.bytes < bytes || m.bytes + m.n_bytes > bytes + n_bytes || !tar_is_name(m.name))
			abort();
	if (status < 0 && !e.text[0])
		abort(); /* refused without a reason */
}

/* The same members with sums that fit, so that what is behind them is reached; names are within "x/". */
static struct bytes mended(const char *bytes, size_t n_bytes)
{
	struct tar t = tar_open(bytes, n_bytes, "fuzz.tar");
	struct tar_member m[MEMBERS];
	struct bytes out = {0}, sums = {0};
	char hex[DIGEST_HEX], name[TAR_NAME];
	int n = 0;
	while (n < MEMBERS && tar_next(&t, &m[n], NULL) > 0)
		n += strncmp(m[n].name, "x/", 2) == 0 && strcmp(m[n].name, "x/SHA256SUMS") != 0;
	for (int i = 0; i < n; i++) {
		struct digest d = digest_of(m[i].bytes, m[i].n_bytes);
		digest_hex(hex, &d);
		bytes_text(&sums, hex);
		bytes_text(&sums, "  ");
		bytes_text(&sums, m[i].name + 2);
		bytes_text(&sums, "\n");
	}
	bool is_in = false;
	for (int i = 0; i <= n; i++) {
		if (!is_in && (i == n || strcmp(m[i].name, "x/SHA256SUMS") > 0)) {
			tar_add(&out, "x/SHA256SUMS", sums.first, sums.n);
			is_in = true;
		}
		if (i < n) {
			memcpy(name, m[i].name, sizeof name);
			tar_add(&out, name, m[i].bytes, m[i].n_bytes);
		}
	}
	tar_end(&out);
	free(sums.first);
	return out;
}

static void look(const char *bytes, size_t n_bytes)
{
	struct error e = {0};
	struct bundle *b = bundle_read(bytes, n_bytes, "fuzz.tar", &e);
	if (!b) {
		if (!e.text[0])
			abort(); /* refused without a reason */
		return;
	}

	json_decref(bundle_walk(b, NULL));
	bundle_close(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	setenv("EINTHOVEN_TRUST", "", 1);
	setenv("EINTHOVEN_QUIET", "1", 1);
	read_tar((const char *)bytes, n_bytes);
	look((const char *)bytes, n_bytes);
	struct bytes again = mended((const char *)bytes, n_bytes);
	look(again.first, again.n);
	free(again.first);
	return 0;
}
