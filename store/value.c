#include "store/value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/printable.h"
#include "store/origin.h"
#include "store/preview.h"

/* struct label as it lies in table `label` (ecg/label.h): bytes, and where its members begin. */
enum { LABEL_BYTES = 48, FOLD = 8, CLASSES = 12, AGE = 16, SEX = 20, CODES = 24, N_CODES = 128 };

char *value_key(const struct artifact *a, const void *key, size_t key_bytes)
{
	char *plain = preview_key(key, key_bytes);
	if (key_bytes < 8 || key_bytes > 9 || plain[0] == '\'')
		return plain;
	char *name = origin_name(a, artifact_record(key));
	const char *part = strchr(plain, ':');
	char *text = die_printf("%s%s", name, part ? part : "");
	free(name);
	free(plain);
	return text;
}

/* ---- labels ---- */

static bool is_label(const char *table, struct artifact_value v)
{
	return !strcmp(table, "label") && v.n_bytes == LABEL_BYTES;
}

/* n bytes, little-endian. */
static uint64_t whole_at(struct artifact_value v, size_t at, int n)
{
	uint64_t x = 0;
	for (int i = 0; i < n; i++)
		x |= (uint64_t)((const uint8_t *)v.bytes)[at + (size_t)i] << (8 * i);
	return x;
}

/* " A B", or nothing; has(bit) of up to n names. */
static void add_names(char **text, struct artifact_value v, size_t at, size_t n, const char *const *names)
{
	for (size_t i = 0; i < n; i++) {
		if (!(whole_at(v, at + i / 8, 1) >> i % 8 & 1))
			continue;
		char *longer = die_printf("%s %s", *text, names[i]);
		free(*text);
		*text = longer;
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names behind the bits: attribute classes, or the statements' in bytewise order (ecg/label.h). */
static size_t list_names(const char *names[N_CODES], const struct artifact *a, const char *attribute)
{
	const json_t *from = artifact_get_attribute(a, attribute);
	const char *name;
	json_t *value;
	size_t n = 0, i;
	if (json_is_object(from)) {
		json_object_foreach ((json_t *)from, name, value)
			if (n < N_CODES)
				names[n++] = name;
		qsort(names, n, sizeof *names, compare);
	} else {
		json_array_foreach (from, i, value)
			if (n < N_CODES && json_is_string(value))
				names[n++] = json_string_value(value);
	}
	return n;
}

static char *person_text(struct artifact_value v)
{
	uint32_t bits = (uint32_t)whole_at(v, AGE, 4), sex = (uint32_t)whole_at(v, SEX, 4);
	float years;
	char age[48] = "age unknown";
	memcpy(&years, &bits, sizeof years);
	if (years >= 0)
		snprintf(age, sizeof age, "%g years", (double)years);
	return die_printf("%s, %s", age, sex == 0 ? "male" : sex == 1 ? "female" : "sex unknown");
}

static char *label_text(const struct artifact *a, const void *key, struct artifact_value v)
{
	const char *names[N_CODES];
	json_t *origin = origin_read(a, artifact_record(key));
	const char *patient = json_string_value(json_object_get(origin, "patient"));
	char number[24], *classes = die_strdup(""), *codes = die_strdup(""), *person = person_text(v);
	size_t n = list_names(names, a, "classes");

	add_names(&classes, v, CLASSES, n < 32 ? n : 32, names);
	add_names(&codes, v, CODES, list_names(names, a, "statements"), names);
	snprintf(number, sizeof number, "%" PRIu64, whole_at(v, 0, 8));
	char *text = die_printf("fold %" PRIu64 ",%s, %s, patient %s%s%s", whole_at(v, FOLD, 4),
				*classes ? classes : " no class", person, patient ? patient : number,
				*codes ? ", statements" : "", codes);

	json_decref(origin);
	free(classes);
	free(codes);
	free(person);
	return printable(text); /* names of another's table */
}

/* Tables of bytes that count: 0 or 1 per class or lead. */
static bool is_flags(const char *table)
{
	return !strcmp(table, "truth") || !strcmp(table, "decision") || !strcmp(table, "lead_mask");
}

/* "uint8[4] 0 0 0 1" */
static char *flags_text(struct artifact_value v, size_t max)
{
	char *text = die_printf("uint8[%zu]", v.n_bytes);
	size_t i = 0;
	for (; i < v.n_bytes && strlen(text) + 4 < max; i++) {
		char *longer = die_printf("%s %d", text, ((const uint8_t *)v.bytes)[i]);
		free(text);
		text = longer;
	}
	char *all = die_printf("%s%s", text, i < v.n_bytes ? " ..." : "");
	free(text);
	return all;
}

char *value_text(const struct artifact *a, const char *table, const void *key, struct artifact_value v,
		 size_t max)
{
	return is_label(table, v) ? label_text(a, key, v)
	       : is_flags(table)  ? flags_text(v, max)
				  : preview_value(v.bytes, v.n_bytes, max);
}

char *value_difference(const struct artifact *a, const struct artifact *b, const char *table, const void *key,
		       struct artifact_value x, struct artifact_value y)
{
	if (!is_label(table, x) || !is_label(table, y))
		return preview_difference(x.bytes, x.n_bytes, y.bytes, y.n_bytes);
	char *before = label_text(a, key, x), *after = label_text(b, key, y);
	char *text = die_printf("%s -> %s", before, after);
	free(before);
	free(after);
	return text;
}

/* ---- whole values ---- */

/* Samples as a recorder wrote them: the record's header says how wide they are. */
static bool is_int32(const struct artifact *a, const char *table, const void *key)
{
	struct artifact_value v = {0};
	if (!strcmp(artifact_kind(a), "records") && !strcmp(table, "signal"))
		v = artifact_get(a, "header", key, 8);
	json_t *header = v.bytes ? json_read(v.bytes, v.n_bytes, "header", NULL) : NULL;
	const char *dtype = json_string_value(json_object_get(header, "dtype"));
	bool is = dtype && !strcmp(dtype, "int32");
	json_decref(header);
	return is;
}

static enum preview_type type_of(const struct artifact *a, const char *table, struct artifact_value v)
{
	static const char *const floats[] = {"embeddings", "model", "scores", "predictions"};
	bool is_raw = !strcmp(artifact_kind(a), "records") && !strcmp(table, "signal");
	enum preview_type guess = is_raw ? PREVIEW_INT16 : preview_guess(v.bytes, v.n_bytes);
	for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
		if (guess == PREVIEW_INT16 && v.n_bytes % 4 == 0 && !strcmp(artifact_kind(a), floats[i]))
			return PREVIEW_FLOAT32; /* a number out of the usual range is one all the same */
	return guess;
}

static void print_numbers(FILE *out, struct artifact_value v, enum preview_type type)
{
	char number[32];
	for (size_t i = 0; i < v.n_bytes / preview_bytes(type); i++) {
		preview_number(number, v.bytes, type, i);
		fprintf(out, type == PREVIEW_BYTES ? "%s" : "%s\n", number);
	}
	if (type == PREVIEW_BYTES)
		fputc('\n', out);
}

void value_print(FILE *out, const struct artifact *a, const char *table, const void *key,
		 struct artifact_value v)
{
	enum preview_type type = type_of(a, table, v);
	if (is_label(table, v)) {
		char *text = label_text(a, key, v);
		fprintf(out, "%s\n", text);
		free(text);
	} else if (is_flags(table)) {
		for (size_t i = 0; i < v.n_bytes; i++)
			fprintf(out, "%d\n", ((const uint8_t *)v.bytes)[i]);
	} else if (is_int32(a, table, key)) {
		for (size_t i = 0; i < v.n_bytes / 4; i++)
			fprintf(out, "%" PRId32 "\n", (int32_t)whole_at(v, 4 * i, 4));
	} else if (type == PREVIEW_TEXT) {
		fwrite(v.bytes, 1, v.n_bytes, out);
		if (((const char *)v.bytes)[v.n_bytes - 1] != '\n')
			fputc('\n', out);
	} else {
		print_numbers(out, v, type);
	}
}

/* ---- finding one ---- */

struct found {
	uint64_t record;
	bool is_found;
};

static void take(uint64_t record, const json_t *origin, void *context)
{
	(void)origin;
	*(struct found *)context = (struct found){record, true};
}

static bool find_record(uint64_t *record, const struct artifact *a, const char *name)
{
	struct found f = {0};
	struct error e = {0};
	size_t n = strlen(name);
	if (origin_search(a, "id", name, take, &f, &e) < 0)
		die("%s", error_text(&e));
	if (!f.is_found && n && n < 20 && strspn(name, "0123456789") == n)
		f = (struct found){strtoull(name, NULL, 10), true};
	*record = f.record;
	return f.is_found;
}

static bool get(struct artifact_value *v, uint8_t key[VALUE_KEY], size_t *key_bytes, const struct artifact *a,
		const char *table, const void *bytes, size_t n)
{
	*v = artifact_get(a, table, bytes, n);
	if (v->bytes)
		memcpy(key, bytes, *key_bytes = n);
	return v->bytes;
}

static bool get_part(struct artifact_value *v, uint8_t key[VALUE_KEY], size_t *key_bytes,
		     const struct artifact *a, const char *table, const char *name)
{
	const char *colon = strrchr(name, ':');
	char *end = NULL;
	long part = colon ? strtol(colon + 1, &end, 10) : -1;
	uint64_t record;
	if (!colon || end == colon + 1 || *end || part < 0 || part > 255)
		return false;
	char *of = die_printf("%.*s", (int)(colon - name), name);
	bool is_known = find_record(&record, a, of);
	free(of);
	struct artifact_part_key k = artifact_part_key(record, (int)part);
	return is_known && get(v, key, key_bytes, a, table, k.bytes, sizeof k.bytes);
}

int value_find(struct artifact_value *v, uint8_t key[VALUE_KEY], size_t *key_bytes, const struct artifact *a,
	       const char *table, const char *name, struct error *e)
{
	uint64_t record;
	size_t n = strlen(name);
	if (!artifact_has_table(a, table))
		return error_set(e, NULL, 0, "%s %.12s has no table '%.60s'; 'store show' lists them",
				 artifact_kind(a), artifact_id(a), table);
	if (n && n <= VALUE_KEY && get(v, key, key_bytes, a, table, name, n))
		return 0;
	if (find_record(&record, a, name) && get(v, key, key_bytes, a, table, artifact_key(record).bytes, 8))
		return 0;
	if (get_part(v, key, key_bytes, a, table, name))
		return 0;
	return error_set(
		e, NULL, 0,
		"table %s of %s %.12s has no key '%.200s' (a record's id or number, either with :PART, "
		"or a name); 'store show' prints some",
		table, artifact_kind(a), artifact_id(a), name);
}
