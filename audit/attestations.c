#include "audit/attestations.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "audit/chain.h"
#include "common/die.h"
#include "common/file.h"
#include "store/action.h"
#include "store/bytes.h"

/* The entry's bytes as they are, as one line. */
static int add_line(struct bytes *b, const char *key, struct error *e)
{
	char *path = action_path(key), *text = NULL;
	size_t n = 0;
	int status = file_read(&text, &n, path, ACTION_ENTRY_MAX, e);
	while (n && text[n - 1] == '\n')
		n--;
	if (status == 0 && memchr(text, '\n', n))
		status = error_set(e, path, 0, "an entry of several lines");
	if (status == 0) {
		bytes_add(b, text, n);
		bytes_text(b, "\n");
	}
	free(text);
	free(path);
	return status;
}

int attestations_write(const char *path, const char *id, struct error *e)
{
	struct lineage *l = lineage_open();
	struct chain c = chain_of(l, id);
	struct bytes b = {0};
	size_t n_unsigned = 0;
	int status = c.n ? 0 : error_set(e, path, 0, "no action entry says how %.12s was made", id);

	for (size_t i = 0; status == 0 && i < c.n; i++) {
		n_unsigned += !*c.entry[i]->verdict.key;
		status = add_line(&b, c.entry[i]->key, e);
	}
	if (status == 0)
		status = file_replace(path, b.first, b.n, e);
	if (status == 0 && n_unsigned)
		warn("%s: %zu of %zu entries are unsigned; their lines are statements without an envelope",
		     path, n_unsigned, c.n);

	free(b.first);
	chain_release(&c);
	lineage_close(l);
	return status;
}
