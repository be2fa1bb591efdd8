#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/code.h"
#include "store/lexer.h"

static int is_same(const char *a, const char *b)
{
	size_t n_a, n_b;
	char *x = lexer_tokens(a, strlen(a), &n_a), *y = lexer_tokens(b, strlen(b), &n_b);
	int same = n_a == n_b && !memcmp(x, y, n_a);
	free(x);
	free(y);
	return same;
}

static void comments_and_layout_do_not_count(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"int x=1;", "int  x\n\t= 1 ;\n"},
		{"int x;", "int /* a */ x; // b"},
		{"int x;", "/* \"quoted\" // */int/**/x;"},
		{"a b", "a/**/b"},
		{"x = a /b/ c;", "x = a / b / c;"},
		{"#define A 1\nint x;", "\n\n  #  define   A /* c */ 1 // d\n\n\nint x;"},
		{"#define A 1 + 2\n", "#define A 1 \\\n\t+ 2\n"},
		{"int ab;", "int a\\\nb;"},
		{"int x;\r\nint y;\r\n", "int x;\nint y;\n"},
		{"#include <a.h>\n", "#include   <a.h>  // why\n"},
		{"#define F(x) x\n", "#define F( x )  x\n"},
		{"#if A\nx\n#endif", "#if A /* only\n here */\nx\n#endif\n\n"},
		{"f(\"a\" \"b\")", "f(\"a\"\n  \"b\")"},
		{"// only a comment", ""},
		{"x /* never closed", "x"},
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (!is_same(pairs[i][0], pairs[i][1]))
			fail_msg("'%s' and '%s' differ", pairs[i][0], pairs[i][1]);
}

static void everything_else_counts(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"int x = 1;", "int x = 2;"},
		{"ab", "a b"},
		{"a + ++b", "a ++ + b"},
		{"a - -b", "a --b"},
		{"a >> b", "a > > b"},
		{"1.0e+5", "1.0e +5"},
		{"0x1p-3", "0x1p - 3"},
		{"\"a b\"", "\"a  b\""},
		{"\"// no comment\"", "\"\""},
		{"'\"' x", "'\"'"},
		{"\"\\\"\" /* c */ x", "\"\\\"\" /* d */ y"},
		{"#define A 1\nint x;", "#define A 1 int x;"},
		{"#define A\n1", "#define A 1"},
		{"#define F(x) x\n", "#define F (x) x\n"},
		{"#include <a.h>\n", "#include \"a.h\"\n"},
		{"#include <a.h>\n", "#include <a .h>\n"},
		{"#if 1\nx\n#endif", "#if 0\nx\n#endif"},
		{"a # b", "a\n# b"},
		{"x", ""},
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (is_same(pairs[i][0], pairs[i][1]))
			fail_msg("'%s' and '%s' are taken for the same", pairs[i][0], pairs[i][1]);
}

static void any_bytes_are_accepted(void **state)
{
	(void)state;
	uint64_t s = 88172645463325252;
	for (int i = 0; i < 20000; i++) {
		char text[40];
		size_t n = (size_t)i % sizeof text, n_out;
		for (size_t k = 0; k < n; k++) {
			s ^= s << 13, s ^= s >> 7, s ^= s << 17;
			text[k] = "\"'/*\\\n#<>.e+-a1 (\r\x80"[s % 20];
		}
		free(lexer_tokens(text, n, &n_out));
	}
}

/* ---- identities of a small tree ---- */

static char folder[] = "/tmp/store_code.XXXXXX", back[4096];

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	fclose(f);
}

static int make_tree(void **state)
{
	(void)state;
	if (!getcwd(back, sizeof back) || !mkdtemp(folder) || chdir(folder) || mkdir("ecg", 0777) ||
	    mkdir("kernels", 0777) || mkdir("kernels/cpu", 0777) || mkdir("stages", 0777) ||
	    mkdir("store", 0777))
		return -1;

	put("ecg/wfdb.c", "#include \"ecg/wfdb.h\"\n#include \"store/a.h\"\nint wfdb(void) { return N; }\n");
	put("ecg/wfdb.h", "#include \"lead.h\"\n#define N 1\n");
	put("ecg/lead.h", "#include \"ecg/wfdb.h\"\n#define LEADS 12\n"); /* beside; and a circle */
	put("kernels/gemm.c", "int gemm_plain;\n");
	put("kernels/cpu/gemm.c", "#include \"kernels/cpu/vec.h\"\nint gemm;\n");
	put("kernels/cpu/vec.h", "#define VEC 8\n");
	put("stages/probe.c", "int main(void) { return 0; }\n");
	put("store/a.h", "int a;\n");
	put("store/stage.c", "int b;\n");

	return 0;
}

static int remove_tree(void **state)
{
	(void)state;
	char command[200];
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return chdir(back) || system(command);
}

static void identity(char hex[DIGEST_HEX], char **list, const char *const *trace)
{
	struct code c = {0};
	struct error e = {0};
	for (; *trace; trace++)
		if (code_add_object(&c, *trace, &e) < 0)
			fail_msg("%s", error_text(&e));
	assert_int_equal(code_identity(&c, hex, list, &e), 0);
	code_release(&c);
}

static const char *const bfd_trace[] = {"/usr/lib/crt1.o",
					"build/obj/stages/probe.o",
					"build/libecg.a",
					"(build/libecg.a)wfdb.o",
					"(build/libkernels.a)gemm.avx2.o",
					"(build/libkernels.a)gemm.scalar.o",
					"(build/libstore.a)stage.o",
					"/lib/libm.so.6",
					NULL};

static void sources_and_their_headers_are_found(void **state)
{
	(void)state;
	char hex[DIGEST_HEX], *list, *rest, paths[400] = "";
	identity(hex, &list, bfd_trace);
	rest = list;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (strlen(line) > 66)
			strcat(strcat(paths, line + 66), " ");
	assert_string_equal(
		paths,
		"ecg/lead.h ecg/wfdb.c ecg/wfdb.h kernels/cpu/gemm.c kernels/cpu/vec.h stages/probe.c ");
	free(list);
}

static void the_identity_ignores_linker_order_folder_and_comments(void **state)
{
	(void)state;
	static const char *const lld_trace[] = {"/tmp/b/libkernels.a(gemm.avx512.o)",
						"/tmp/b/libstore.a(other.o)", "/tmp/b/obj/stages/probe.o",
						"/tmp/b/libecg.a(wfdb.o)", NULL};
	char a[DIGEST_HEX], b[DIGEST_HEX];
	identity(a, NULL, bfd_trace);
	identity(b, NULL, lld_trace);
	assert_string_equal(a, b);
	put("kernels/cpu/vec.h", "/* wide */\n#define VEC   8 // lanes\n");
	put("store/a.h", "int changed;\n");
	identity(b, NULL, bfd_trace);
	assert_string_equal(a, b);
	put("kernels/cpu/vec.h", "#define VEC 16\n");
	identity(b, NULL, bfd_trace);
	assert_string_not_equal(a, b);
	put("kernels/cpu/vec.h", "#define VEC 8\n");
	identity(b, NULL, bfd_trace);
	assert_string_equal(a, b);
}

static void an_object_without_a_source_is_an_error(void **state)
{
	(void)state;
	struct code c = {0};
	struct error e = {0};
	assert_int_equal(code_add_object(&c, "build/libecg.a(gone.o)", &e), -1);
	assert_non_null(strstr(e.text, "ecg/gone.c"));
	code_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_and_layout_do_not_count),
		cmocka_unit_test(everything_else_counts),
		cmocka_unit_test(any_bytes_are_accepted),
		cmocka_unit_test(sources_and_their_headers_are_found),
		cmocka_unit_test(the_identity_ignores_linker_order_folder_and_comments),
		cmocka_unit_test(an_object_without_a_source_is_an_error),
	};
	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
