/*
 * A C source reduced to what its compiler sees: comments, layout and line splices removed, string and
 * character literals kept as written, preprocessor directives kept as lines. Two texts give the same tokens
 * exactly if only comments and layout differ, whatever the compiler; store/code.h hashes them.
 *
 *	char *t = lexer_tokens(text, n, &n_tokens_bytes);     // "int\nx\n=\n1\n;\n", yours to free
 */
#ifndef STORE_LEXER_H
#define STORE_LEXER_H

#include <stddef.h>

/* One token per line; a directive is "#" at a line's start and ends in an empty line, and the "(" of a
 * function-like macro's definition is written with the name, since "#define f(x)" and "#define f (x)" differ.
 * Any bytes are accepted. *n_out without the final NUL. */
char *lexer_tokens(const char *text, size_t n_bytes, size_t *n_out);

#endif
