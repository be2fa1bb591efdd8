/* WFDB headers and signal files: every format, every spelling, every fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ecg/lead.h"
#include "ecg/record.h"
#include "ecg/wfdb.h"
#include "ecg/wfdb_samples.h"
#include "ecg/wfdb_segments.h"

static struct wfdb h;

static int parse(const char *text, struct error *e)
{
	return wfdb_parse(&h, "r.hea", text, strlen(text), e);
}

static void parses(const char *text)
{
	struct error e = {0};
	if (parse(text, &e) < 0)
		fail_msg("%s", error_text(&e));
}

/* A header that is read, but its first signal cannot be. */
static void refuses_signal(const char *text, const char *expected)
{
	struct error e = {0};
	parses(text);
	assert_int_equal(wfdb_require(&h, "r.hea", 0, &e), -1);
	assert_string_equal(error_text(&e), expected);
}

static void refuses(const char *text, const char *expected)
{
	struct error e = {0};
	assert_int_equal(parse(text, &e), -1);
	assert_string_equal(error_text(&e), expected);
}

static void ptbxl_header_is_read(void **state)
{
	(void)state;
	parses("00017_lr 2 100 1000\n"
	       "00017_lr.dat 16 1000.0(0)/mV 16 0 -19 62138 0 I\n"
	       "00017_lr.dat 16 1000.0(0)/mV 16 0 -54 1905 0 AVR\n");
	assert_string_equal(h.record, "00017_lr");
	assert_int_equal(h.n_signals, 2);
	assert_true(h.rate_hz == 100);
	assert_int_equal(h.n_samples, 1000);

	const struct wfdb_signal *s = &h.signals[1];
	assert_string_equal(s->file, "00017_lr.dat");
	assert_int_equal(s->format, 16);
	assert_true(s->gain == 1000);
	assert_int_equal(s->baseline, 0);
	assert_string_equal(s->units, "mV");
	assert_true(s->has_initial && s->has_checksum);
	assert_int_equal(s->initial, -54);
	assert_int_equal(s->checksum, 1905);
	assert_string_equal(s->name, "AVR");
}

static void all_spellings_of_gain_are_read(void **state)
{
	(void)state;
	parses("r 7 360.5/720(3) 10 12:00:00 1/2/1990\n# comment\n\n"
	       "a.dat 212\n"
	       "a.dat 212 0\n"
	       "a.dat 212 200(-5)/uV 11 1024 7 -3 0 MLII (modified)\n"
	       "a.dat 212 1e3/V 12 5\r\n"
	       "b.dat 16x1:0+24 4.88(9)\n"
	       "b.dat 16+24 -200 16 12 1 2 3   V1  \n"
	       "b.dat 16+24 200/mV 16 0 -1 -65535 0\n");
	assert_true(h.rate_hz == 360.5);
	assert_true(h.signals[0].gain == 200 && !h.signals[0].has_initial && !h.signals[0].has_checksum);
	assert_string_equal(h.signals[0].units, "mV");
	assert_true(h.signals[1].gain == 200);
	assert_int_equal(h.signals[2].baseline, -5);
	assert_string_equal(h.signals[2].units, "uV");
	assert_string_equal(h.signals[2].name, "MLII (modified)");
	assert_int_equal(h.signals[2].checksum, 65533);
	assert_true(h.signals[3].gain == 1000);
	assert_int_equal(h.signals[3].baseline, 5);
	assert_int_equal(h.signals[4].offset, 24);
	assert_int_equal(h.signals[4].baseline, 9);
	assert_true(h.signals[5].gain == -200);
	assert_string_equal(h.signals[5].name, "V1");
	assert_int_equal(h.signals[6].checksum, 1);
	assert_int_equal(wfdb_group_end(&h, 0), 4);
	assert_int_equal(wfdb_group_end(&h, 4), 7);
}

static void a_byte_order_mark_is_no_part_of_a_header(void **state)
{
	(void)state;
	parses("\xef\xbb\xbf# by hand\nr 1\na.dat 16\n");
	parses("\xef\xbb\xbfr 1\na.dat 16\n");
	assert_string_equal(h.record, "r");
}

static void rate_and_length_may_be_missing(void **state)
{
	(void)state;
	parses("r 1\na.dat 16\n");
	assert_true(h.rate_hz == 250);
	assert_int_equal(h.n_samples, 0);
}

static void faults_of_a_header_are_named(void **state)
{
	(void)state;
	refuses("", "r.hea: no record line: not a WFDB header");
	refuses("# only\n", "r.hea: no record line: not a WFDB header");
	refuses("r/3 12 100\n", "r.hea:1: a record of several segments in a place for one of its segments");
	refuses("some_dir/r 12 100\n",
		"r.hea:1: expected a record name without a folder, found 'some_dir/r'");
	refuses_signal("r 1 100 0\n~ 0 200/mV 12 0 0 0 0 II\n",
		       "r.hea:2: no samples: this is the layout of a record of several segments");
	refuses("r/ 12 100\n", "r.hea:1: expected a record name without a folder, found 'r/'");
	refuses("r 1 100 10\na.dat 16x0\n", "r.hea:2: expected a number of samples per frame, found '0'");
	refuses("r\n", "r.hea:1: expected record name and number of signals");
	refuses("r 0\n", "r.hea:1: expected 1 to 64 signals, found '0'");
	refuses("r 999999999999999999999\n",
		"r.hea:1: expected 1 to 64 signals, found '999999999999999999999'");
	refuses("r 1 0\na.dat 16\n", "r.hea:1: expected a sampling rate in Hz, found '0'");
	refuses("r 1 nan\na.dat 16\n", "r.hea:1: expected a sampling rate, found 'nan'");
	refuses("r 1 100 -1\na.dat 16\n", "r.hea:1: expected a number of samples, found '-1'");
	refuses("r 2 100 10\na.dat 16\n", "r.hea: expected 2 signals, found 1");
	refuses("r 1 100 10\na.dat 16\na.dat 16\n", "r.hea:3: expected 1 signals, found another line");
	refuses_signal(
		"r 1 100 10\na.dat 517\n",
		"r.hea:2: expected signal format 8, 16, 24, 32, 61, 80, 160, 212, 310, 311, 508, 516 or "
		"524, found '517'");
	refuses("r 1 100 10\na.dat 16+-5\n", "r.hea:2: expected a byte offset, found '-5'");
	refuses("r 1 100 10\na.dat 16 nan/mV\n",
		"r.hea:2: expected a gain in ADC steps per unit, found 'nan/mV'");
	refuses("r 1 100 10\na.dat 16 1e999/mV\n",
		"r.hea:2: expected a gain in ADC steps per unit, found '1e999/mV'");
	refuses("r 1 100 10\na.dat 16 1000(x)/mV\n", "r.hea:2: expected a baseline, found 'x)/mV'");
	refuses("r 1 100 10\na.dat 16 1000(1/mV\n",
		"r.hea:2: expected a gain like 1000.0(0)/mV, found '1000(1/mV'");
	refuses("r 1 100 10\na.dat 16 1000 16 0 x\n", "r.hea:2: expected an initial value, found 'x'");
	refuses("r 1 100 10\n../a.dat 16\n",
		"r.hea:2: expected the name of a signal file beside the header, found '../a.dat'");
}

/* ---- samples ---- */

static const int all[] = {0, 1, 2, 3, 4, 5, 6, 7};

/* Decode the bytes of a one-file record and compare with T x n_signals values. */
static void decodes(const char *header, const uint8_t *bytes, size_t n_bytes, const int32_t *expected, long t)
{
	struct error e = {0};
	int32_t x[64];
	parses(header);
	if (wfdb_samples_count(&h, 0, h.n_signals, "r.dat", n_bytes, &e) != t)
		fail_msg("%s", error_text(&e));
	if (wfdb_samples_read(x, t, &h, 0, h.n_signals, all, h.n_signals, "r.dat", bytes, n_bytes, &e) < 0)
		fail_msg("%s", error_text(&e));
	assert_memory_equal(x, expected, sizeof *x * (size_t)(t * h.n_signals));
}

static void every_format_is_decoded(void **state)
{
	(void)state;
	const uint8_t f16[] = {0x01, 0x00, 0xff, 0xff, 0xff, 0x7f, 0x00, 0x80};
	const uint8_t f61[] = {0x00, 0x01, 0xff, 0xff, 0x7f, 0xff, 0x80, 0x00};
	const int32_t x16[] = {1, -1, 32767, WFDB_MISSING};
	decodes("r 2 100 2\nr.dat 16\nr.dat 16\n", f16, sizeof f16, x16, 2);
	decodes("r 2 100 2\nr.dat 61\nr.dat 61\n", f61, sizeof f61, x16, 2);

	const uint8_t f80[] = {0x80, 0x7f, 0xff, 0x00};
	const int32_t x80[] = {0, -1, 127, WFDB_MISSING};
	decodes("r 2 100 2\nr.dat 80\nr.dat 80\n", f80, sizeof f80, x80, 2);
	const uint8_t f24[] = {1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0x80};
	const int32_t x24[] = {1, -1, 8388607, WFDB_MISSING};
	decodes("r 2 100 2\nr.dat 24\nr.dat 24\n", f24, sizeof f24, x24, 2);

	const uint8_t f32[] = {1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0x80};
	const int32_t x32[] = {1, -1, 2147483647, WFDB_MISSING};
	decodes("r 2 100 2\nr.dat 32\nr.dat 32\n", f32, sizeof f32, x32, 2);

	const uint8_t f160[] = {0x01, 0x80, 0xff, 0x7f, 0xff, 0xff, 0x00, 0x00};
	decodes("r 2 100 2\nr.dat 160\nr.dat 160\n", f160, sizeof f160, x16, 2);

	/* 310: bits 1-10 of each of two words, then bits 11-15 of the first (low) and the second (high). */
	const uint8_t f310[] = {0x02, 0x08, 0xfe, 0x07, 0xff, 0x03, 0x00, 0x04};
	const int32_t x310[] = {1, -1, 1, 511, WFDB_MISSING, 0};
	decodes("r 3 100 2\nr.dat 310\nr.dat 310\nr.dat 310\n", f310, sizeof f310, x310, 2);
	/* 311: bits 0-9, 10-19, 20-29. */
	const uint8_t f311[] = {0x01, 0xfc, 0x1f, 0x00, 0xff, 0x01, 0x08, 0x00};
	const int32_t x311[] = {1, -1, 1, 511, WFDB_MISSING, 0};
	decodes("r 3 100 2\nr.dat 311\nr.dat 311\nr.dat 311\n", f311, sizeof f311, x311, 2);

	/* 8: differences to the sample before, at first to the initial value. */
	const uint8_t f8[] = {0, 1, 5, 0xff, 0xfe, 0x80};
	const int32_t x8[] = {-3, 8, 2, 7, 0, -121};
	decodes("r 2 100 3\nr.dat 8 200 12 0 -3 65535 0 I\nr.dat 8 200 12 0 7 65430 0 II\n", f8, sizeof f8,
		x8, 3);

	/* 212: first sample = low nibble of byte 1 and byte 0, second = high nibble and byte 2 */
	const uint8_t f212[] = {0x01, 0xf0, 0xff, 0xff, 0x87, 0x00};
	const int32_t x212[] = {1, -1, 2047, WFDB_MISSING};
	decodes("r 2 100 2\nr.dat 212\nr.dat 212\n", f212, sizeof f212, x212, 2);
}

/* Written by libsndfile, without its comments. */
static const uint8_t f508[] = {0x66, 0x4c, 0x61, 0x43, 0x80, 0x00, 0x00, 0x22, 0x10, 0x00, 0x10, 0x00,
			       0x00, 0x00, 0x12, 0x00, 0x00, 0x12, 0x00, 0x3e, 0x82, 0x70, 0x00, 0x00,
			       0x00, 0x03, 0xd8, 0xbe, 0x55, 0xcc, 0x20, 0x92, 0xf9, 0xed, 0x8d, 0x9a,
			       0x5b, 0x90, 0x88, 0xfb, 0x93, 0xb3, 0xff, 0xf8, 0x6c, 0x12, 0x00, 0x02,
			       0x01, 0x68, 0x02, 0x01, 0x80, 0x7f, 0x02, 0xfd, 0x04, 0x05, 0xb5, 0x74};
static const uint8_t f516[] = {0x66, 0x4c, 0x61, 0x43, 0x80, 0x00, 0x00, 0x22, 0x10, 0x00, 0x10, 0x00, 0x00,
			       0x00, 0x13, 0x00, 0x00, 0x13, 0x00, 0x3e, 0x80, 0xf0, 0x00, 0x00, 0x00, 0x04,
			       0xa3, 0x7c, 0x27, 0xb9, 0x8d, 0x49, 0xb5, 0x40, 0xce, 0x47, 0xaa, 0x04, 0x77,
			       0x93, 0x88, 0x5f, 0xff, 0xf8, 0x6c, 0x08, 0x00, 0x03, 0x01, 0x86, 0x02, 0x00,
			       0x01, 0x80, 0x00, 0x01, 0x2c, 0x7f, 0xff, 0xfd, 0x4c};
static const uint8_t f524[] = {0x66, 0x4c, 0x61, 0x43, 0x80, 0x00, 0x00, 0x22, 0x10, 0x00, 0x10, 0x00, 0x00,
			       0x00, 0x14, 0x00, 0x00, 0x14, 0x00, 0x3e, 0x81, 0x70, 0x00, 0x00, 0x00, 0x03,
			       0x49, 0x2c, 0x1d, 0x71, 0xd8, 0xf3, 0x86, 0xc5, 0xe6, 0x60, 0x62, 0xbc, 0xf4,
			       0xe7, 0x28, 0x7e, 0xff, 0xf8, 0x6c, 0x0c, 0x00, 0x02, 0x01, 0xcb, 0x02, 0x00,
			       0x00, 0x01, 0x80, 0x00, 0x00, 0x01, 0x11, 0x70, 0x05, 0x16};

static void flac_is_decoded(void **state)
{
	(void)state;
	const int32_t x508[] = {1, -3, WFDB_MISSING, 4, 127, 5}, x516[] = {1, WFDB_MISSING, 300, 32767};
	const int32_t x524[] = {1, WFDB_MISSING, 70000};
	decodes("r 2 100 3\nr.dat 508 200 8 0 1 0 0 I\nr.dat 508 200 8 0 -3 6 0 II\n", f508, sizeof f508,
		x508, 3);
	decodes("r 1 100 4\nr.dat 516 200 16 0 1 300 0 I\n", f516, sizeof f516, x516, 4);
	decodes("r 1 100 3\nr.dat 524\n", f524, sizeof f524, x524, 3);
	/* Of FLAC the offset is in samples; a stream may have fewer bits than the format. */
	decodes("r 1 100 2\nr.dat 516+2\n", f516, sizeof f516, x516 + 2, 2);
	const int32_t wide[] = {1, -32768, 300, 32767};
	decodes("r 1 100 4\nr.dat 524\n", f516, sizeof f516, wide, 4);
}

/* The second signal alone, and twice. */
static void a_signal_of_flac_may_be_wanted_alone(void **state)
{
	(void)state;
	const int columns[] = {1, 1};
	const int32_t expected[] = {-3, -3, 4, 4, 5, 5};
	struct error e = {0};
	int32_t x[6];
	parses("r 2 100 3\nr.dat 508\nr.dat 508\n");
	assert_int_equal(wfdb_samples_read(x, 3, &h, 0, 2, columns, 2, "r.dat", f508, sizeof f508, &e), 0);
	assert_memory_equal(x, expected, sizeof expected);
}

static void odd_number_of_12_bit_samples_may_be_filled_up(void **state)
{
	(void)state;
	const uint8_t bytes[] = {0x01, 0xf0, 0xff, 0xff, 0x07, 0xaa};
	const int32_t x[] = {1, -1, 2047};
	decodes("r 1 100 3\nr.dat 212\n", bytes, 5, x, 3);
	decodes("r 1 100 3\nr.dat 212\n", bytes, 6, x, 3);
	decodes("r 1 100\nr.dat 212\n", bytes, 5, x, 3);
}

/* What a last group needs, and what it has room for. */
static void groups_of_10_bit_samples_may_be_filled_up(void **state)
{
	(void)state;
	const uint8_t bytes[] = {0x02, 0x00, 0x04, 0x00, 0x06, 0x00, 0x08, 0x00};
	const int32_t x310[] = {1, 2, 0, 3, 4}, x311[] = {2, 256, 0, 6, 512 - 1024 + 512};
	decodes("r 1 100 4\nr.dat 310\n", bytes, 6, x310, 4);
	decodes("r 1 100 4\nr.dat 310\n", bytes, 8, x310, 4);
	decodes("r 1 100 5\nr.dat 310\n", bytes, 8, x310, 5);
	decodes("r 1 100\nr.dat 310\n", bytes, 6, x310, 4);
	decodes("r 1 100 4\nr.dat 311\n", bytes, 6, x311, 4);
	decodes("r 1 100 4\nr.dat 311\n", bytes, 8, x311, 4);
	decodes("r 1 100\nr.dat 311\n", bytes, 6, x311, 4);

	struct error e = {0};
	parses("r 1 100 5\nr.dat 310\n");
	assert_int_equal(wfdb_samples_count(&h, 0, 1, "r.dat", 7, &e), -1);
	parses("r 1 100 5\nr.dat 311\n");
	assert_int_equal(wfdb_samples_count(&h, 0, 1, "r.dat", 7, &e), 5);
	assert_int_equal(wfdb_samples_count(&h, 0, 1, "r.dat", 6, &e), -1);
}

static void samples_begin_at_the_byte_offset(void **state)
{
	(void)state;
	const uint8_t bytes[] = {9, 9, 9, 5, 0, 6, 0};
	const int32_t x[] = {5, 6};
	decodes("r 1 100 2\nr.dat 16+3 200 16 0 5 11 0 I\n", bytes, sizeof bytes, x, 2);
	decodes("r 2 100\nr.dat 16+3\nr.dat 16+3\n", bytes, sizeof bytes, x, 1);
}

/* One frame: a sample of I, four of a signal that is no lead, a sample of II. */
static void signals_with_more_samples_in_a_frame_are_stepped_over(void **state)
{
	(void)state;
	const uint8_t bytes[] = {5, 0, 1, 1, 1, 1, 1, 1, 1, 1, 6, 0, 7, 0, 1, 1, 1, 1, 1, 1, 1, 1, 8, 0};
	const int columns[] = {0, 2};
	const int32_t expected[] = {5, 6, 7, 8};
	struct error e = {0};
	int32_t x[4];
	parses("r 3 100 2\nr.dat 16 200 16 0 5 12 0 I\nr.dat 16x4 1/mmHg 16 0 0 77 0 ABP\nr.dat 16 200 16 0 "
	       "6 14 0 II\n");
	assert_int_equal(wfdb_samples_count(&h, 0, 3, "r.dat", sizeof bytes, &e), 2);
	assert_int_equal(wfdb_samples_read(x, 2, &h, 0, 3, columns, 2, "r.dat", bytes, sizeof bytes, &e), 0);
	assert_memory_equal(x, expected, sizeof expected);
}

/* Two frames: two samples of I, one of a signal that is no lead; all of I, at twice the rate of frames. */
static void a_lead_with_more_samples_in_a_frame_keeps_all(void **state)
{
	(void)state;
	const uint8_t bytes[] = {5, 0, 0, 0x80, 1, 0, 7, 0, 8, 0, 2, 0};
	const int columns[] = {0};
	const int32_t expected[] = {5, WFDB_MISSING, 7, 8};
	struct error e = {0};
	int32_t x[4];
	parses("r 2 100 2\nr.dat 16x2 200 16 0 5 32788 0 I\nr.dat 16 1/mmHg 16 0 1 3 0 ABP\n");
	assert_int_equal(wfdb_samples_count(&h, 0, 2, "r.dat", sizeof bytes, &e), 2);
	assert_int_equal(wfdb_samples_read(x, 2, &h, 0, 2, columns, 1, "r.dat", bytes, sizeof bytes, &e), 0);
	assert_memory_equal(x, expected, sizeof expected);

	struct record r = {0};
	assert_int_equal(record_from_wfdb(&r, "r.hea", &h, columns, 1, x, 4, &e), 0);
	assert_int_equal(json_integer_value(json_object_get(r.header, "rate_hz")), 200);
	record_release(&r);
}

static void a_skewed_signal_is_moved_to_its_time(void **state)
{
	(void)state;
	const uint8_t bytes[] = {1, 0, 0, 0, 2, 0, 10, 0, 3, 0, 20, 0};
	const int32_t expected[] = {1, 10, 2, 20, 3, WFDB_MISSING};
	struct error e = {0};
	int32_t x[6];
	parses("r 2 100 3\nr.dat 16 200 16 0 1 6 0 I\nr.dat 16:1 200 16 0 0 30 0 II\n");
	assert_int_equal(wfdb_samples_read(x, 3, &h, 0, 2, all, 2, "r.dat", bytes, sizeof bytes, &e), 0);
	assert_memory_equal(x, expected, sizeof expected);
	parses("r 2 100 3\nr.dat 16 200 16 0 1 6 0 I\nr.dat 16:2147483647 200 16 0 0 30 0 II\n");
	assert_int_equal(wfdb_samples_read(x, 3, &h, 0, 2, all, 2, "r.dat", bytes, sizeof bytes, &e), 0);
	assert_int_equal(x[1], WFDB_MISSING);
}

/* ---- several segments ---- */

static void refuses_segments(const char *text, const char *expected)
{
	struct error e = {0};
	struct wfdb_segments s;
	assert_int_equal(wfdb_segments_parse(&s, "r.hea", text, strlen(text), &e), -1);
	assert_string_equal(error_text(&e), expected);
	wfdb_segments_release(&s);
}

static void headers_of_several_segments_are_read(void **state)
{
	(void)state;
	const char text[] = "# by hand\nr/3 2 125 700 1:2:3\nr_layout 0\n~ 100\nr_1 600\n";
	struct error e = {0};
	struct wfdb_segments s;
	assert_true(wfdb_segments_are(text, strlen(text)));
	assert_false(wfdb_segments_are("r 3 125\n", 8));
	assert_false(wfdb_segments_are("a/r 3 125\n", 10));
	assert_int_equal(wfdb_segments_parse(&s, "r.hea", text, strlen(text), &e), 0);
	assert_int_equal(s.n, 3);
	assert_true(s.has_layout && s.rate_hz == 125 && s.n_frames == 700);
	assert_string_equal(s.segments[1].name, "~");
	assert_int_equal(s.segments[2].n_frames, 600);
	wfdb_segments_release(&s);

	refuses_segments("r/2 2 125\nr_1 5\n", "r.hea: expected 2 segments, found 1");
	refuses_segments("r/1 2 125 6\nr_1 5\n",
			 "r.hea: its segments have 5 samples: expected 6 (0: any number up "
			 "to 67108864)");
	refuses_segments("r/1 2 125\n../r 5\n",
			 "r.hea:2: expected the name of a record beside this one, found '../r'");
	refuses_segments("r/2 2 125\nr 5\ns 0\n",
			 "r.hea:3: expected a segment's number of samples, found '0'");
	refuses_segments("r/0 2 125\n", "r.hea:1: expected 1 to 10000 segments, found '0'");
	refuses_segments("r/1 2 0\nr 5\n", "r.hea:1: expected a sampling rate in Hz, found '0'");
	refuses_segments("r/1 2 9\nr 5\nq 5\n", "r.hea:3: expected 1 segments, found another line");
}

static void refuses_samples(const char *header, const uint8_t *bytes, size_t n_bytes, const char *expected)
{
	struct error e = {0};
	int32_t x[64];
	parses(header);
	long t = wfdb_samples_count(&h, 0, h.n_signals, "r.dat", n_bytes, &e);
	if (t >= 0)
		assert_int_equal(wfdb_samples_read(x, t, &h, 0, h.n_signals, all, h.n_signals, "r.dat", bytes,
						   n_bytes, &e),
				 -1);
	assert_string_equal(error_text(&e), expected);
}

static void faults_of_flac_are_named(void **state)
{
	(void)state;
	uint8_t bytes[sizeof f516];
	refuses_samples("r 1 100\nr.dat 516\n", f516, sizeof f516,
			"r.dat: the header must say how many samples there are: a FLAC file's size does not");
	refuses_samples("r 1 100 5\nr.dat 516\n", f516, sizeof f516,
			"r.dat: expected 5 samples per signal, found 4");
	refuses_samples("r 1 100 3\nr.dat 516\n", f516, sizeof f516,
			"r.dat: expected 3 samples per signal, found more");
	refuses_samples("r 2 100 4\nr.dat 516\nr.dat 516\n", f516, sizeof f516,
			"r.dat: expected a FLAC stream of 2 signals, found 1");
	refuses_samples("r 1 100 4\nr.dat 508\n", f516, sizeof f516,
			"r.dat: expected samples of at most 8 bits, found 16");
	refuses_samples("r 2 100 3\nr.dat 508\nr.dat 508x2\n", f508, sizeof f508,
			"r.dat: expected as many samples per frame of each signal in a FLAC file");
	refuses_samples("r 1 100 4\nr.dat 516\n", f516 + 1, sizeof f516 - 1,
			"r.dat: expected a FLAC stream, which begins with 'fLaC'");
	refuses_samples("r 1 100 4\nr.dat 516 200 16 0 1 301 0 I\n", f516, sizeof f516,
			"r.dat: signal I: expected checksum 301, found 300: the file is damaged");

	/* A bit of a sample breaks the frame's check sum, a bit of the stream's own that of all samples. */
	memcpy(bytes, f516, sizeof bytes);
	bytes[sizeof bytes - 5] ^= 1;
	refuses_samples("r 1 100 4\nr.dat 516\n", bytes, sizeof bytes,
			"r.dat: the FLAC stream is damaged after 0 samples");
	memcpy(bytes, f516, sizeof bytes);
	bytes[30] ^= 1;
	refuses_samples("r 1 100 4\nr.dat 516\n", bytes, sizeof bytes,
			"r.dat: the samples are not those that were compressed: the file is damaged");
	/* Cut short anywhere, it is an error and no crash. */
	for (size_t n = 0; n < sizeof f516; n++) {
		struct error e = {0};
		int32_t x[4];
		parses("r 1 100 4\nr.dat 516\n");
		assert_int_equal(wfdb_samples_read(x, 4, &h, 0, 1, all, 1, "r.dat", f516, n, &e), -1);
		assert_true(e.text[0]);
	}
}

static void faults_of_a_signal_file_are_named(void **state)
{
	(void)state;
	const uint8_t bytes[] = {1, 0, 2, 0};
	refuses_samples("r 1 100 2\nr.dat 16\n", bytes, 3,
			"r.dat: expected 4 bytes (2 samples of 1 signals, format 16), found 3");
	refuses_samples("r 1 100 1\nr.dat 16\n", bytes, 4,
			"r.dat: expected 2 bytes (1 samples of 1 signals, format 16), found 4");
	refuses_samples("r 1 100 2\nr.dat 16 200 16 0 7 3 0 I\n", bytes, 4,
			"r.dat: signal I: expected the initial value 7, found 1");
	refuses_samples("r 1 100 2\nr.dat 16 200 16 0 1 4 0 I\n", bytes, 4,
			"r.dat: signal I: expected checksum 4, found 3: the file is damaged");
	refuses_samples("r 2 100 1\nr.dat 16\nr.dat 61\n", bytes, 4,
			"r.dat: its signals differ in format or offset in the header");
	refuses_samples("r 1 100 2\nr.dat 16+5\n", bytes, 4,
			"r.dat: expected samples from byte 5 on, found 4 bytes");
	refuses_samples("r 1 100\nr.dat 16\n", bytes, 1,
			"r.dat: 1 bytes make no record of 1 to 67108864 samples");
}

/* ---- the twelve leads ---- */

static const char twelve[] =
	"r 13 100 2\n"
	"r.dat 16 1(0)/uV 16 0 0 0 0 V6\nr.dat 16 2/V 16 0 0 0 0 vx\nr.dat 16 200 16 7 0 0 0 I\n"
	"r.dat 16 200 16 0 0 0 0 II\nr.dat 16 200 16 0 0 0 0 III\n"
	"r.dat 16 200 16 0 0 0 0 AVR\nr.dat 16 200 16 0 0 0 0 avl\n"
	"r.dat 16 200 16 0 0 0 0 aVF\nr.dat 16 200 16 0 0 0 0 V1\n"
	"r.dat 16 200 16 0 0 0 0 V2\nr.dat 16 200 16 0 0 0 0 V3\n"
	"r.dat 16 200 16 0 0 0 0 V4\nr.dat 16 200/volts 16 0 0 0 0 V5\n";

static char *replaced(const char *text, const char *old, const char *new)
{
	char *out = calloc(1, strlen(text) + strlen(new) + 1);
	const char *at = strstr(text, old);
	memcpy(out, text, (size_t)(at - text));
	strcat(strcat(out, new), at + strlen(old));
	return out;
}

static int make_record(struct record *r, const char *header, const int32_t *x, struct error *e)
{
	int columns[LEADS];
	parses(header);
	int n = record_leads(columns, "r.hea", &h, e);
	if (n < 0)
		return -1;
	return record_from_wfdb(r, "r.hea", &h, columns, n, x, 2, e);
}

static void leads_are_chosen_by_name_and_named_canonically(void **state)
{
	(void)state;
	struct error e = {0};
	struct record r = {0};
	int32_t x[24] = {0};
	x[0] = -2; /* V6 */
	x[12 + 1] = WFDB_MISSING;

	char *text = replaced(twelve, "/volts", "");
	assert_int_equal(make_record(&r, text, x, &e), 0);
	free(text);
	json_t *leads = json_object_get(r.header, "leads"), *gain = json_object_get(r.header, "gain");
	assert_int_equal(json_array_size(leads), 12);
	assert_string_equal(json_string_value(json_array_get(leads, 0)), "V6");
	assert_string_equal(json_string_value(json_array_get(leads, 4)), "aVR");
	assert_string_equal(json_string_value(json_array_get(leads, 5)), "aVL");
	assert_true(json_number_value(json_array_get(gain, 0)) == 1000); /* 1 per uV = 1000 per mV */
	assert_true(json_number_value(json_array_get(gain, 1)) == 200);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(r.header, "baseline"), 1)), 7);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(r.header, "checksum"), 0)), 65534);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(r.header, "checksum"), 1)), 32768);
	assert_string_equal(json_string_value(json_object_get(r.header, "dtype")), "int16");
	assert_int_equal(r.n_bytes, 2 * 12 * 2);

	const uint8_t v6[] = {0xfe, 0xff}, missing[] = {0x00, 0x80};
	assert_memory_equal(r.signal, v6, 2);
	assert_memory_equal(r.signal + (12 + 1) * 2, missing, 2);
	record_release(&r);
}

static void double4_formats_are_kept_as_int32(void **state)
{
	(void)state;
	struct error e = {0};
	struct record r = {0};
	int32_t x[24] = {-70000};
	char *text = replaced(twelve, "/volts", ""), *wide = replaced(text, "r.dat 16", "s.dat 24");
	assert_int_equal(make_record(&r, wide, x, &e), 0);
	assert_string_equal(json_string_value(json_object_get(r.header, "dtype")), "int32");
	assert_int_equal(r.n_bytes, 2 * 12 * 4);
	const uint8_t v6[] = {0x90, 0xee, 0xfe, 0xff};
	assert_memory_equal(r.signal, v6, 4);
	record_release(&r);
	free(text);
	free(wide);
}

static void refuses_record(const char *old, const char *new, const char *expected)
{
	struct error e = {0};
	struct record r = {0};
	int32_t x[24] = {0};
	char *good = replaced(twelve, "/volts", ""), *text = replaced(good, old, new);
	assert_int_equal(make_record(&r, text, x, &e), -1);
	assert_string_equal(error_text(&e), expected);
	free(good);
	free(text);
}

static void faults_of_leads_are_named(void **state)
{
	(void)state;
	struct error e = {0};
	struct record r = {0};
	int32_t x[24] = {0};
	refuses_record("r.dat 16 200 16 0 0 0 0 V4", "r.dat 16x2 200 16 0 0 0 0 V4",
		       "r.hea:13: lead V4 has 2 samples per frame, lead V6 1: expected one rate");
	refuses_record(" vx", " avr", "r.hea: lead aVR stands there twice");
	assert_int_equal(make_record(&r, twelve, x, &e), -1);
	assert_string_equal(error_text(&e), "r.hea: lead V5: expected unit mV, uV, nV or V, found 'volts'");
}

/* What a file lacks is for preprocess to judge. */
static void a_record_may_have_fewer_leads(void **state)
{
	(void)state;
	struct error e = {0};
	struct record r = {0};
	int32_t x[22] = {[11] = -7};
	char *text = replaced(twelve, "/volts", ""), *fewer = replaced(text, " AVR", " RVA");
	assert_int_equal(make_record(&r, fewer, x, &e), 0);
	assert_int_equal(json_array_size(json_object_get(r.header, "leads")), 11);
	assert_int_equal(r.n_bytes, 2 * 11 * 2);
	const uint8_t second_v6[] = {0xf9, 0xff};
	assert_memory_equal(r.signal + 11 * 2, second_v6, 2);
	json_t *left_out = json_object_get(r.header, "left_out");
	assert_int_equal(json_array_size(left_out), 2);
	assert_string_equal(json_string_value(json_array_get(left_out, 1)), "RVA");
	record_release(&r);
	assert_int_equal(make_record(&r, "r 2 100 2\nr.dat 16 200 16 0 0 0 0 chest 1\nr.dat 16\n", x, &e),
			 -1);
	assert_string_equal(error_text(&e),
			    "r.hea: no signal is called like one of the 12 standard leads (I, aVR, V1, ...); "
			    "the signals are: chest 1, (no name)");
	free(text);
	free(fewer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ptbxl_header_is_read),
		cmocka_unit_test(all_spellings_of_gain_are_read),
		cmocka_unit_test(a_byte_order_mark_is_no_part_of_a_header),
		cmocka_unit_test(rate_and_length_may_be_missing),
		cmocka_unit_test(faults_of_a_header_are_named),
		cmocka_unit_test(every_format_is_decoded),
		cmocka_unit_test(flac_is_decoded),
		cmocka_unit_test(a_signal_of_flac_may_be_wanted_alone),
		cmocka_unit_test(odd_number_of_12_bit_samples_may_be_filled_up),
		cmocka_unit_test(groups_of_10_bit_samples_may_be_filled_up),
		cmocka_unit_test(samples_begin_at_the_byte_offset),
		cmocka_unit_test(signals_with_more_samples_in_a_frame_are_stepped_over),
		cmocka_unit_test(a_lead_with_more_samples_in_a_frame_keeps_all),
		cmocka_unit_test(a_skewed_signal_is_moved_to_its_time),
		cmocka_unit_test(headers_of_several_segments_are_read),
		cmocka_unit_test(faults_of_flac_are_named),
		cmocka_unit_test(faults_of_a_signal_file_are_named),
		cmocka_unit_test(leads_are_chosen_by_name_and_named_canonically),
		cmocka_unit_test(double4_formats_are_kept_as_int32),
		cmocka_unit_test(faults_of_leads_are_named),
		cmocka_unit_test(a_record_may_have_fewer_leads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
