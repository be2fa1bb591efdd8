/* An action entry from anywhere, plain or in an envelope: it is refused with a reason, or it names an id, its
 * action hashes to its key, and a verdict says what is held of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/action.h"
#include "store/provenance.h"

static void check(json_t *statement, const char *id, const struct verdict *v)
{
	struct provenance_parts parts;
	enum verdict_kind wrong;
	struct error e = {0};
	struct digest d;
	char key[DIGEST_HEX], word[96];
	if (provenance_read(&parts, statement, &wrong, "fuzz.json", &e) < 0)
		abort(); /* read once, refused the second time */
	action_key(key, parts.action);
	if (strcmp(key, parts.key) != 0 || strcmp(id, parts.id) != 0 || digest_parse(&d, id) < 0)
		abort();
	if (!*verdict_word(v, word) || (!v->is_taken && !v->why[0]))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct error e = {0};
	struct verdict v;
	char id[DIGEST_HEX] = "";
	setenv("EINTHOVEN_TRUST", "", 1);
	json_t *statement = action_parse((const char *)bytes, n_bytes, "fuzz.json", NULL, id, &v, &e);
	if (statement)
		check(statement, id, &v);
	else if (!e.text[0] || v.is_taken || !v.why[0])
		abort(); /* refused without a reason */
	json_decref(statement);
	return 0;
}
