/* A header and a manifest as a remote may send them, an empty line between: what is accepted gives the
 * header's roots, and written again the same text; what is refused is refused with a reason. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "remote/manifest.h"

static void read_both(const char *header, size_t n_header, const char *text, size_t n_text)
{
	struct error e = {0}, why = {0};
	struct header h;
	struct manifest m = {0};
	char id[DIGEST_HEX];
	struct digest d = digest_of(header, n_header);
	digest_hex(id, &d);
	if (header_read(&h, id, header, n_header, &e) == 0) {
		if (n_text <= manifest_most(&h) && manifest_read(&m, &h, text, n_text, &why) == 0) {
			struct bytes again = {0};
			manifest_write(&again, &m, &h);
			if (again.n != n_text || memcmp(again.first, text, n_text))
				abort(); /* not what was accepted */
			free(again.first);
		} else if (n_text <= manifest_most(&h) && !why.text[0]) {
			abort(); /* refused without a reason */
		}
	} else if (!e.text[0]) {
		abort();
	}
	manifest_release(&m);
	header_release(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	const char *text = (const char *)bytes, *gap = memmem(bytes, n_bytes, "\n\n", 2);
	size_t n_header = gap ? (size_t)(gap - text) : n_bytes;
	read_both(text, n_header, gap ? gap + 2 : "", gap ? n_bytes - n_header - 2 : 0);
	return 0;
}
