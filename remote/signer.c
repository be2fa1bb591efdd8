#include "remote/signer.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"

void signer_name(char name[DIGEST_HEX], const char *key, const char *line)
{
	char *text = die_printf("einthoven-signer/1\n%s\n%s", key, line);
	struct digest d = digest_of(text, strlen(text));
	digest_hex(name, &d);
	free(text);
}
