#include "audit/deposit.h"

#include <string.h>

#include "audit/attestations.h"
#include "audit/card.h"
#include "audit/crate.h"
#include "audit/croissant.h"

static int attestations(const char *path, const struct artifact *a, struct error *e)
{
	return attestations_write(path, artifact_id(a), e);
}

static const struct {
	const char *suffix;
	int (*write)(const char *path, const struct artifact *a, struct error *e);
} forms[] = {{".intoto.jsonl", attestations},
	     {".md", card_write},
	     {".croissant", croissant_write},
	     {".crate", crate_write}};

/* Which form; -1: none. */
static int form_of(const char *path)
{
	size_t n = strlen(path);
	for (int i = 0; i < (int)(sizeof forms / sizeof *forms); i++) {
		size_t suffix = strlen(forms[i].suffix);
		if (n > suffix && !strcmp(path + n - suffix, forms[i].suffix))
			return i;
	}
	return -1;
}

bool deposit_is_name(const char *path)
{
	return form_of(path) >= 0;
}

int deposit_export(const struct artifact *a, const char *path, struct error *e)
{
	return forms[form_of(path)].write(path, a, e);
}
