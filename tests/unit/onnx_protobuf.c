#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <string.h>

#include "onnx/protobuf.h"

static void assert_bytes(struct protobuf *m, const char *expected, size_t n)
{
	assert_int_equal(m->n, n);
	assert_memory_equal(m->bytes, expected, n);
	protobuf_release(m);
}
#define IS(m, text) assert_bytes(m, text, sizeof text - 1)

/* The examples of protobuf.dev, "Encoding". */
static void fields_are_those_of_the_specification(void **state)
{
	(void)state;
	struct protobuf m = {0};
	protobuf_integer(&m, 1, 150);
	IS(&m, "\x08\x96\x01");
	protobuf_integer(&m, 1, -2);
	IS(&m, "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
	protobuf_integer(&m, 20, 0);
	IS(&m, "\xa0\x01\x00");
	protobuf_text(&m, 2, "testing");
	IS(&m, "\x12\x07testing");
	protobuf_float(&m, 2, -1.5f);
	IS(&m, "\x15\x00\x00\xc0\xbf");
	protobuf_text(&m, 3, "");
	IS(&m, "\x1a\x00");
}

static void a_message_is_a_field_of_another(void **state)
{
	(void)state;
	struct protobuf outer = {0}, inner = {0}, more = {0};
	protobuf_integer(&inner, 1, 150);
	protobuf_message(&outer, 3, &inner);
	assert_int_equal(inner.n, 0);
	protobuf_integer(&more, 4, 3);
	protobuf_integer(&more, 4, 270);
	protobuf_join(&outer, &more);
	assert_int_equal(more.n, 0);
	IS(&outer, "\x1a\x03\x08\x96\x01\x20\x03\x20\x8e\x02");
}

static void long_bytes_have_a_long_length(void **state)
{
	(void)state;
	static uint8_t bytes[100000];
	struct protobuf m = {0};
	memset(bytes, 7, sizeof bytes);
	protobuf_bytes(&m, 9, bytes, sizeof bytes);
	assert_int_equal(m.n, sizeof bytes + 4);
	assert_memory_equal(m.bytes, "\x4a\xa0\x8d\x06\x07", 5);
	protobuf_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_those_of_the_specification),
		cmocka_unit_test(a_message_is_a_field_of_another),
		cmocka_unit_test(long_bytes_have_a_long_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
