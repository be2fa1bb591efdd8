/* An object file from anywhere, under the id its header hashes to: opening and walking it never crash, and
 * what is refused is refused with a reason. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "store/artifact.h"
#include "store/pages.h"

/* The object's header as it stands in the file, so that damage elsewhere gets past the check of the id. */
static void find_id(char id[DIGEST_HEX], const uint8_t *bytes, size_t n_bytes)
{
	static const char begin[] = "{\"attributes\":", end[] = "}}";
	const uint8_t *from = memmem(bytes, n_bytes, begin, sizeof begin - 1), *to = NULL;
	size_t rest = from ? n_bytes - (size_t)(from - bytes) : 0;
	for (const uint8_t *p = from; p && (p = memmem(p, rest, end, 2));
	     p++, rest = n_bytes - (size_t)(p - bytes))
		to = p + 2;
	struct digest d = from && to ? digest_of(from, (size_t)(to - from)) : digest_of("", 0);
	digest_hex(id, &d);
}

static const char *store(void)
{
	static char folder[64];
	if (!folder[0]) {
		snprintf(folder, sizeof folder, "/tmp/fuzz_artifact.%ld", (long)getpid());
		setenv("EINTHOVEN_STORE", folder, 1);
	}
	return folder;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct error e = {0}, why = {0};
	char id[DIGEST_HEX];
	size_t n_file;

	store();
	find_id(id, bytes, n_bytes);
	char *path = artifact_path(id);
	char *folder = die_printf("%.*s", (int)(strrchr(path, '/') - path), path);
	FILE *f = file_make_folder(folder, &e) < 0 ? NULL : fopen(path, "wb");
	if (!f || fwrite(bytes, 1, n_bytes, f) != n_bytes || fclose(f))
		die("cannot write %s", path);

	int pages = pages_check(path, &n_file, &e), sound = artifact_verify_here(id, &why);
	if ((pages < 0 && !e.text[0]) || (sound < 0 && !why.text[0]))
		abort(); /* refused without a reason */
	if (pages < 0 && sound == 0)
		abort();
	unlink(path);

	for (int i = 0; i < 3; i++) { /* ab, objects, the store: nothing stays in /tmp */
		rmdir(folder);
		*strrchr(folder, '/') = 0;
	}

	free(folder);
	free(path);
	return 0;
}
