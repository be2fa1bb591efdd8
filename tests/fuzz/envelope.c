/* Envelopes from anywhere: refused with a reason, or taken apart; and base64 in both alphabets. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trust/base64.h"
#include "trust/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void try_base64(const char *text, size_t n_text)
{
	size_t n, n_again;
	uint8_t *bytes = base64_decode(text, n_text, &n);
	if (!bytes)
		return;
	char *written = base64_encode(bytes, n);
	uint8_t *again = base64_decode(written, strlen(written), &n_again);
	if (!again || n != n_again || memcmp(bytes, again, n))
		abort(); /* not what was written */
	free(bytes);
	free(written);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct error e = {0};
	struct envelope v;
	try_base64((const char *)bytes, n_bytes);

	if (envelope_parse(&v, (const char *)bytes, n_bytes, "fuzz", &e) < 0) {
		if (!e.text[0])
			abort(); /* refused without a reason */
		return 0;
	}
	if (v.n_signatures < 1 || v.n_signatures > ENVELOPE_SIGNATURES)
		abort();
	bool is_any = false;
	envelope_verify(&v);
	for (int i = 0; i < v.n_signatures; i++)
		is_any |= v.signature[i].is_right;
	if (is_any != envelope_verify(&v))
		abort();
	envelope_release(&v);
	return 0;
}
