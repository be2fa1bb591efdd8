/*
 * Code identity: the SHA-256 of the sources that can change a stage's numbers. These are, of the layers that
 * make numbers (ecg, kernels, model, numbers, report, stages, statistics), the sources of the objects in the
 * stage's link and the headers they include, each reduced to its tokens (store/lexer.h). Comments, layout,
 * the compiler, its flags and the build folder do not count; nor do common and store, which by contract
 * cannot change a result.
 *
 *	struct code c = {0};
 *	code_add_object(&c, "build/libecg.a(wfdb.o)", &e);      // one per line of the linker's --trace output
 *	code_identity(&c, hex, &e);       // SHA-256 of sorted lines "<hex of its tokens> <path>\n"
 */
#ifndef STORE_CODE_H
#define STORE_CODE_H

#include <stddef.h>

#include "common/error.h"
#include "store/digest.h"

struct code {
	char **path; /* sources and headers so far, relative to the current folder, without duplicates */
	size_t n;
};

/* Add the source that an object file or archive member was compiled from; system libraries and other layers'
 * objects are passed over. Understands "DIR/lib<layer>.a(<name>.o)", "(DIR/lib<layer>.a)<name>.o" and
 * "DIR/obj/<path>.o"; an instruction set in the name (gemm.avx2.o) is ignored. -1: an object of ours has no
 * source here. */
int code_add_object(struct code *c, const char *line, struct error *e);
/* Add a source or header and, recursively, the project headers it includes. */
int code_add_source(struct code *c, const char *path, struct error *e);

/* The identity of all that was added; sorts c. If list is not NULL it gets the text that is hashed (yours to
 * free). */
int code_identity(struct code *c, char hex[DIGEST_HEX], char **list, struct error *e);
void code_release(struct code *c);

/* What stands for one source in the list: SHA-256 of its tokens. */
void code_tokens_hex(char hex[DIGEST_HEX], const char *text, size_t n_bytes);

#endif
