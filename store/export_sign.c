/* A signature beside an exported file, for programs that do not know artifacts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "store/digest.h"
#include "store/export.h"
#include "store/signing.h"
#include "trust/sigstore.h"

static int digest_file(char hex[DIGEST_HEX], const char *path, struct error *e)
{
	char piece[1 << 16];
	size_t n;
	FILE *f = fopen(path, "r");
	if (!f)
		return error_set(e, path, 0, "cannot open: %s", strerror(errno));
	struct digest_stream *s = digest_open();
	while ((n = fread(piece, 1, sizeof piece, f)))
		digest_update(s, piece, n);
	struct digest d = digest_close(s);
	digest_hex(hex, &d);
	int status = ferror(f) ? error_set(e, path, 0, "cannot read: %s", strerror(errno)) : 0;
	fclose(f);
	return status;
}

int export_sign(const char *path, const char *artifact, struct error *e)
{
	const struct key *key = signing_key();
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char hex[DIGEST_HEX], *beside = die_printf("%s.sig", path), *text = NULL;
	size_t n;
	int status = 0;
	if (!key && file_exists(beside))
		warn("%s is of an earlier export: there is no key now to sign with", beside);
	if (key)
		status = digest_file(hex, path, e);
	if (key && status == 0) {
		text = sigstore_bundle(key, name, hex, artifact, &n);
		status = file_replace(beside, text, n, e);
	}
	free(text);
	free(beside);
	return status;
}
