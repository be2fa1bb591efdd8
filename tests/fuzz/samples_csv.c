/* A CSV file of samples: a record, or a reason. */
#include <stdint.h>

#include "ecg/samples_csv.h"
#include "tests/fuzz/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	static const char *const leads[] = {"I"};
	static const struct recording_choice choice = {
		.rate_hz = 100, .unit = "mV", .leads = leads, .n_leads = 1};
	struct error e = {0};
	struct record r = {0};
	record_check(samples_csv_read(&r, "fuzz.csv", bytes, n_bytes, &choice, &e), &r, &e);
	return 0;
}
