/* A CSV file of samples: a record, or a reason. */
#include <stdint.h>
#include <stdlib.h>

#include "ecg/samples_csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	static const char *const leads[] = {"I"};
	static const struct recording_choice choice = {
		.rate_hz = 100, .unit = "mV", .leads = leads, .n_leads = 1};
	struct error e = {0};
	struct record r = {0};
	if (samples_csv_read(&r, "fuzz.csv", bytes, n_bytes, &choice, &e) < 0) {
		if (!e.text[0])
			abort();
		return 0;
	}
	size_t n = json_array_size(json_object_get(r.header, "leads"));
	size_t samples = (size_t)json_integer_value(json_object_get(r.header, "samples"));
	if (n < 1 || n > LEADS || samples < 1 || json_array_size(json_object_get(r.header, "gain")) != n ||
	    (r.n_bytes != samples * n * 2 && r.n_bytes != samples * n * 4))
		abort();
	record_release(&r);
	return 0;
}
