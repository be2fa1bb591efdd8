/* What a Bazel cache gives for an entry: refused with a reason, or bytes of it; what we wrap comes back, also
 * behind and before fields of others. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "remote/bazel.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void unwrap(const uint8_t *bytes, size_t n_bytes)
{
	struct bytes out = {0};
	struct error e = {0};
	int status = bazel_unwrap(&out, bytes, n_bytes, &e);
	if ((status < 0) != (e.text[0] != '\0') || (status == 0 && (out.n == 0 || out.n > n_bytes)))
		abort();
	free(out.first);
}

static void round_trip(const uint8_t *bytes, size_t n_bytes)
{
	static const char theirs[] = "\x4a\x06\x0a\x04host";
	struct bytes message = {0}, out = {0};
	bytes_add(&message, theirs, sizeof theirs - 1);
	bazel_wrap(&message, bytes, n_bytes);
	bytes_add(&message, theirs, sizeof theirs - 1);
	if (bazel_unwrap(&out, message.first, message.n, NULL) < 0 || out.n != n_bytes ||
	    memcmp(out.first, bytes, n_bytes))
		abort();
	free(message.first);
	free(out.first);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	unwrap(bytes, n_bytes);
	if (n_bytes)
		round_trip(bytes, n_bytes);
	return 0;
}
