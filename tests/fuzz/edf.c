/* An EDF file: a record of one to twelve leads, or a reason. */
#include <stdint.h>
#include <stdlib.h>

#include "ecg/edf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct error e = {0};
	struct record r = {0};
	if (edf_read(&r, "fuzz.edf", bytes, n_bytes, &e) < 0) {
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
