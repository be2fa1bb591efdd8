#include "store/code.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "store/lexer.h"

#define MAX_SOURCE ((size_t)16 << 20)

/* Where numbers are made: folders whose sources count. */
static const char *const layers[] = {"ecg", "kernels", "model", "numbers", "report", "stages", "statistics"};

static bool is_layer(const char *name, size_t n_bytes)
{
	for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
		if (strlen(layers[i]) == n_bytes && !memcmp(layers[i], name, n_bytes))
			return true;
	return false;
}

/* The folder whose sources are in lib<name>.a, or NULL: none that counts. */
static const char *folder_of(const char *name, size_t n_bytes)
{
	static const char shared[] = "shared";
	if (n_bytes == strlen(shared) && !memcmp(name, shared, n_bytes))
		return "stages/shared";
	for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
		if (strlen(layers[i]) == n_bytes && !memcmp(layers[i], name, n_bytes))
			return layers[i];
	return NULL;
}

static bool is_ours(const char *path)
{
	const char *slash = strchr(path, '/');
	return slash && is_layer(path, (size_t)(slash - path));
}

/* The path of an included file: as given (from the root), or beside the file that includes it. NULL: not
 * there. */
static char *resolve(const char *from, const char *name, size_t n_bytes)
{
	char *path = die_printf("%.*s", (int)n_bytes, name);
	if (file_exists(path))
		return path;
	free(path);
	const char *slash = strrchr(from, '/');
	path = die_printf("%.*s/%.*s", slash ? (int)(slash - from) : 1, slash ? from : ".", (int)n_bytes,
			  name);
	if (file_exists(path))
		return path;
	free(path);
	return NULL;
}

/* Walk the tokens for # include "name". */
static int add_includes(struct code *c, const char *path, const char *tokens, struct error *e)
{
	static const char mark[] = "#\ninclude\n\"";
	int status = 0;
	for (const char *p = tokens; status == 0 && (p = strstr(p, mark));) {
		bool is_at_line_start = p == tokens || p[-1] == '\n';
		p += sizeof mark - 1;
		const char *end = strchr(p, '"');
		if (!is_at_line_start || !end)
			continue;
		char *header = resolve(path, p, (size_t)(end - p));
		if (header && is_ours(header))
			status = code_add_source(c, header, e);
		free(header);
	}
	return status;
}

int code_add_source(struct code *c, const char *path, struct error *e)
{
	char *text, *tokens;
	size_t n;
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->path[i], path))
			return 0;
	if (file_read(&text, &n, path, MAX_SOURCE, e) < 0)
		return -1;
	c->path = die_realloc(c->path, (c->n + 1) * sizeof *c->path);
	c->path[c->n++] = die_strdup(path);
	tokens = lexer_tokens(text, n, &n);
	free(text);
	int status = add_includes(c, path, tokens, e);
	free(tokens);
	return status;
}

/* Add <folder>/<stem>.c, or <folder>/cpu/<stem>.c for an object of one instruction set. */
static int add_member(struct code *c, const char *folder, const char *member, struct error *e)
{
	size_t stem = strcspn(member, ".)");
	bool has_isa = !strstr(member, ".o") || strstr(member, ".o") != member + stem;
	char *path = die_printf("%s/%s%.*s.c", folder, has_isa ? "cpu/" : "", (int)stem, member);
	int status = code_add_source(c, path, e);
	free(path);
	return status;
}

/* "DIR/obj/stages/pretrain.o", "DIR/obj/kernels/cpu/gemm.avx2.o". */
static int add_plain_object(struct code *c, const char *line, struct error *e)
{
	const char *obj = strstr(line, "/obj/");
	for (const char *next = obj; next; next = strstr(next + 1, "/obj/"))
		obj = next;
	if (!obj || !is_ours(obj + 5))
		return 0;
	const char *name = strrchr(obj, '/') + 1;
	char *path =
		die_printf("%.*s%.*s.c", (int)(name - (obj + 5)), obj + 5, (int)strcspn(name, "."), name);
	int status = code_add_source(c, path, e);
	free(path);
	return status;
}

int code_add_object(struct code *c, const char *line, struct error *e)
{
	const char *archive = strstr(line, ".a(");
	const char *old = line[0] == '(' ? strstr(line, ".a)") : NULL; /* binutils before 2.35 */
	const char *end = archive ? archive : old;
	if (!end)
		return add_plain_object(c, line, e);
	const char *name = end;
	while (name > line && name[-1] != '/' && name[-1] != '(')
		name--;
	const char *folder = strncmp(name, "lib", 3) ? NULL : folder_of(name + 3, (size_t)(end - name - 3));
	return folder ? add_member(c, folder, end + 3, e) : 0;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void code_tokens_hex(char hex[DIGEST_HEX], const char *text, size_t n_bytes)
{
	size_t n;
	char *tokens = lexer_tokens(text, n_bytes, &n);
	struct digest d = digest_of(tokens, n);
	digest_hex(hex, &d);
	free(tokens);
}

static int describe(char **list, const char *path, struct error *e)
{
	char *text, hex[DIGEST_HEX], *longer;
	size_t n;
	if (file_read(&text, &n, path, MAX_SOURCE, e) < 0)
		return -1;
	code_tokens_hex(hex, text, n);
	longer = die_printf("%s%s  %s\n", *list, hex, path);
	free(text);
	free(*list);
	*list = longer;
	return 0;
}

int code_identity(struct code *c, char hex[DIGEST_HEX], char **list, struct error *e)
{
	char *text = die_strdup("einthoven-code/1\n");
	int status = 0;
	qsort(c->path, c->n, sizeof *c->path, compare_paths);
	for (size_t i = 0; status == 0 && i < c->n; i++)
		status = describe(&text, c->path[i], e);
	struct digest d = digest_of(text, strlen(text));
	digest_hex(hex, &d);
	if (list)
		*list = text;
	else
		free(text);
	return status;
}

void code_release(struct code *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->path[i]);
	free(c->path);
	*c = (struct code){0};
}
