/* A .npy file of two leads and a signal that is none: a record, or a reason. */
#include <stdint.h>

#include "ecg/npy.h"
#include "tests/fuzz/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	static const char *const leads[] = {"I", "V1", "x"};
	static const struct recording_choice choice = {
		.rate_hz = 100, .unit = "mV", .leads = leads, .n_leads = 3};
	struct error e = {0};
	struct record r = {0};
	record_check(npy_read(&r, "fuzz.npy", bytes, n_bytes, &choice, &e), &r, &e);
	return 0;
}
