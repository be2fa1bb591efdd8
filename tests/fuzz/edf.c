/* An EDF file: a record of one to twelve leads, or a reason. */
#include <stdint.h>

#include "ecg/edf.h"
#include "tests/fuzz/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct error e = {0};
	struct record r = {0};
	record_check(edf_read(&r, "fuzz.edf", bytes, n_bytes, &e), &r, &e);
	return 0;
}
