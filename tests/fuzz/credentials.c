/* ~/.aws/credentials: refused with a reason, or words that fit into a header line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "remote/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check(const char *word)
{
	if (!word)
		return;
	if (!*word || strlen(word) > 4096)
		abort();
	for (; *word; word++)
		if (*word <= ' ' || *word > '~')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct credentials c = {0};
	struct error e = {0};
	int status = credentials_parse(&c, (const char *)bytes, n_bytes, "credentials", "default", &e);
	if ((status < 0) != (e.text[0] != '\0'))
		abort();
	check(c.key_id);
	check(c.secret);
	check(c.session);
	check(c.region);
	credentials_release(&c);
	return 0;
}
