/* A CSV file from anywhere: rows come out whole, or there is a reason. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ecg/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct error e = {0};
	/* In pieces of up to four bytes, so that every place is once the end of what is there. */
	struct reader_bytes b = {(const char *)bytes, n_bytes, n_bytes % 5};
	struct csv *c = csv_open("fuzz.csv", reader_of_bytes(&b), &e);
	size_t n_text = 0;
	int got = c ? 1 : -1;

	while (c && (got = csv_next(c, &e)) > 0)
		for (int i = 0; i < csv_columns(c); i++)
			n_text += strlen(csv_text(c, i));
	if (got < 0 && !e.text[0])
		abort(); /* refused without a reason */
	if (n_text > n_bytes)
		abort(); /* more text than there was */

	for (int i = 0; c && i < csv_columns(c); i++)
		if (csv_find(c, csv_name(c, i)) < 0)
			abort();
	csv_close(c);

	return 0;
}
