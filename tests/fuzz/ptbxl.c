/* Two texts with a NUL byte between them as PTB-XL's tables, and the second as every other table of a
 * dataset: a generic list of records, codes, checksums. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ecg/listing.h"
#include "ecg/path.h"
#include "ecg/ptbxl.h"
#include "ecg/statements.h"
#include "ecg/sums.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static struct reader_bytes given[2];

static struct reader read_text(int i, const char *text, size_t n)
{
	given[i] = (struct reader_bytes){text, n, 0};
	return reader_of_bytes(&given[i]);
}

static void check_catalog(const struct catalog *c)
{
	struct error e = {0};
	struct statements *s = c->statements ? statements_open(c->statements, c->classes, &e) : NULL;

	if (c->statements && !s)
		abort(); /* what the reader accepted must do as a table of labels */
	for (size_t i = 0; i < c->n; i++) {
		uint32_t classes;
		uint64_t bits[2];
		json_t *subject = json_loads(c->records[i].subject, 0, NULL);
		if (!subject)
			abort();
		const json_t *codes = json_object_get(subject, "codes");
		if (!path_is_inside(c->records[i].path))
			abort();
		if (i && c->records[i].id <= c->records[i - 1].id)
			abort();
		if (s && statements_label(s, codes, "r", &classes, bits, &e) < 0)
			abort();
		json_decref(subject);
	}

	statements_close(s);
}

static void try_ptbxl(const char *statements, size_t n_statements, const char *records, size_t n_records)
{
	struct catalog c;
	struct error e = {0};
	catalog_init(&c);
	if (ptbxl_statements(&c, read_text(0, statements, n_statements), &e) == 0 &&
	    ptbxl_records(&c, read_text(1, records, n_records), 100, &e) == 0 &&
	    catalog_finish(&c, 0, "t", &e) == 0)
		check_catalog(&c);
	else if (!e.text[0])
		abort();
	catalog_release(&c);
}

static void try_listing(const char *text, size_t n, size_t n_labels)
{
	static const char *const labels[] = {"a", "b"};
	struct listing l = {.csv = "m/l.csv",
			    .path = "path",
			    .patient = "who",
			    .id = n % 5 ? NULL : "id",
			    .fold = n % 4 ? "fold" : NULL,
			    .age = "age",
			    .sex = "sex",
			    .labels = labels,
			    .n_labels = n_labels,
			    .may_repeat = n % 2,
			    .may_split = n % 3,
			    .is_hashed = n % 7 == 0};
	struct catalog c;
	struct error e = {0};
	catalog_init(&c);
	if (listing_records(&l, &c, read_text(0, text, n), &e) == 0 && catalog_finish(&c, 0, "t", &e) == 0)
		check_catalog(&c);
	else if (!e.text[0])
		abort();
	catalog_release(&c);
}

static void try_rest(const char *text, size_t n)
{
	struct sums *s = sums_open("s", read_text(0, text, n), NULL);
	if (s)
		sums_find(s, "x");
	sums_close(s);
	char *copy = malloc(n + 1);
	memcpy(copy, text, n);
	copy[n] = '\0';
	json_decref(ptbxl_codes(copy, "t", 1, NULL));
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	const char *text = (const char *)bytes, *end = n_bytes ? memchr(text, 0, n_bytes) : NULL;
	const char *second = end ? end + 1 : text;
	size_t n_first = end ? (size_t)(end - text) : n_bytes, n_second = n_bytes - (size_t)(second - text);
	try_ptbxl(text, n_first, second, n_second);
	try_listing(second, n_second, 1);
	try_listing(second, n_second, 2);
	try_rest(second, n_second);
	return 0;
}
