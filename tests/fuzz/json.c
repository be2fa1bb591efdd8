/* JSON from anywhere: what is read is written canonically, and reading that gives the same bytes again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct error e = {0}, again = {0};
	size_t n, n_again;
	json_t *value = json_read((const char *)bytes, n_bytes, "fuzz.json", &e);

	if (!value) {
		if (!e.text[0])
			abort(); /* refused without a reason */
		return 0;
	}

	char *text = json_canonical(value, &n);
	json_t *back = json_read(text, n, "canonical", &again);
	if (!back)
		abort(); /* we cannot read what we wrote */

	char *text_again = json_canonical(back, &n_again);
	if (n != n_again || memcmp(text, text_again, n))
		abort(); /* not canonical */
	json_decref(value);
	json_decref(back);
	free(text);
	free(text_again);

	return 0;
}
