#include "store/export.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/bytes.h"
#include "store/npz.h"
#include "store/origin.h"

/* struct label as it lies in table `label` (ecg/label.h), in numpy's words. */
#define LABEL_DTYPE                                                                                          \
	"[('patient', '<u8'), ('fold', '<u4'), ('classes', '<u4'), ('age', '<f4'), ('sex', '<i4'), "         \
	"('codes', '<u8', (2,)), ('reserved', '<u8')]"
enum { LABEL_SIZE = 48, LABEL_FOLD = 8, LABEL_CLASSES = 12 };

/* ---- what a record is called ---- */

/* Names of classes, with ';' between; has(context, k): whether class k is among them. */
static void add_names(struct bytes *b, const json_t *classes, bool (*has)(const void *context, size_t k),
		      const void *context)
{
	bool is_first = true;
	for (size_t k = 0; k < json_array_size(classes); k++) {
		if (!has(context, k))
			continue;
		bytes_text(b, is_first ? "" : ";");
		bytes_text(b, json_string_value(json_array_get(classes, k)));
		is_first = false;
	}
}

/* ---- embeddings, signals: .npz ---- */

/* Bytes of a value if all have the same number and it is a multiple of 4, or 0. */
static size_t value_size(const struct artifact *a, const char *table)
{
	size_t size = 0;
	bool is_even = true;
	for (struct artifact_cursor *c = artifact_walk(a, table); artifact_next(c);) {
		size = size ? size : c->value_bytes;
		is_even &= c->value_bytes == size && c->key_bytes >= 8;
	}
	return is_even && size % 4 == 0 ? size : 0;
}

static void add_table(struct npz *z, const struct artifact *a, const char *table)
{
	size_t size = value_size(a, table);
	uint64_t n = artifact_count(a, table);

	if (!size)
		return;
	bool is_label = !strcmp(table, "label") && size == LABEL_SIZE;
	bool is_mask = !strcmp(table, "lead_mask");
	struct bytes values = is_label	? npz_array(LABEL_DTYPE, n, 0)
			      : is_mask ? npz_array("|u1", n, size)
					: npz_array("<f4", n, size / 4),
		     records = npz_array("<u8", n, 0);

	for (struct artifact_cursor *c = artifact_walk(a, table); artifact_next(c);) {
		bytes_add(&values, c->value, c->value_bytes);
		bytes_number(&records, artifact_record(c->key), 8);
	}

	char *name = die_printf("%s.npy", table), *record_name = die_printf("%s_record.npy", table);
	npz_add(z, name, &values);
	npz_add(z, record_name, &records);
	free(name);
	free(record_name);
}

static bool has_bit(const void *context, size_t k)
{
	return k < 32 && *(const uint32_t *)context >> k & 1;
}

/* The names of the classes in a label's bits. New reference. */
static json_t *class_names(const struct artifact *a, const struct artifact_cursor *label)
{
	uint32_t bits = 0;
	struct bytes all = {0};
	if (label->value_bytes == LABEL_SIZE)
		memcpy(&bits, (const char *)label->value + LABEL_CLASSES, sizeof bits);
	add_names(&all, artifact_get_attribute(a, "classes"), has_bit, &bits);
	json_t *names = json_stringn(all.n ? all.first : "", all.n);
	free(all.first);
	return names;
}

static void add_texts(struct npz *z, const char *name, json_t *texts)
{
	struct bytes values = npz_texts(texts);
	npz_add(z, name, &values);
	json_decref(texts);
}

/* Beside label's rows: id, patient, path and the names of the classes; and the names of the classes' bits. */
static void add_origins(struct npz *z, const struct artifact *a)
{
	json_t *id = json_array(), *patient = json_array(), *path = json_array(), *classes = json_array();
	if (artifact_has_table(a, "label"))
		for (struct artifact_cursor *c = artifact_walk(a, "label"); artifact_next(c);) {
			uint64_t record = artifact_record(c->key);
			json_t *origin = origin_read(a, record);
			char *name = origin_name(a, record);
			json_array_append_new(id, json_string(name));
			json_array_append_new(patient, json_string(json_text(origin, "patient")));
			json_array_append_new(path, json_string(json_text(origin, "path")));
			json_array_append_new(classes, class_names(a, c));
			json_decref(origin);
			free(name);
		}
	add_texts(z, "id.npy", id);
	add_texts(z, "patient.npy", patient);
	add_texts(z, "path.npy", path);
	add_texts(z, "classes.npy", classes);
	const json_t *names = artifact_get_attribute(a, "classes");
	add_texts(z, "class_names.npy", names ? json_deep_copy(names) : json_array());
}

static struct bytes arrays(const struct artifact *a)
{
	struct npz z = {0};
	const char *table;
	json_t *unused;
	json_object_foreach (json_object_get(artifact_header(a), "tables"), table, unused)
		add_table(&z, a, table);
	add_origins(&z, a);
	return npz_end(&z);
}

/* ---- model: .safetensors ---- */

static json_t *metadata(const struct artifact *a)
{
	static const char *const carried[] = {"config", "views", "normalize", "classes"};
	json_t *out = json_pack("{s:s}", "einthoven", artifact_id(a));
	for (size_t i = 0; i < sizeof carried / sizeof *carried; i++) {
		const json_t *value = artifact_get_attribute(a, carried[i]);
		char *text = value ? json_canonical(value, NULL) : NULL;
		if (text)
			json_object_set_new(out, carried[i], json_string(text));
		free(text);
	}
	return out;
}

static struct bytes safetensors(const struct artifact *a)
{
	json_t *header = json_object();
	const json_t *shapes = artifact_get_attribute(a, "tensors");
	struct bytes data = {0}, out = {0};

	json_object_set_new(header, "__metadata__", metadata(a));
	for (struct artifact_cursor *c = artifact_walk(a, "tensor"); artifact_next(c);) {
		char *name = die_printf("%.*s", (int)c->key_bytes, (const char *)c->key);
		const json_t *shape = json_object_get(shapes, name);
		size_t at = data.n;
		bytes_add(&data, c->value, c->value_bytes);
		json_object_set_new(header, name,
				    json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape",
					      shape ? json_deep_copy(shape)
						    : json_pack("[I]", (json_int_t)(c->value_bytes / 4)),
					      "data_offsets", (json_int_t)at, (json_int_t)data.n));
		free(name);
	}

	size_t n;
	char *text = json_canonical(header, &n);
	bytes_number(&out, (n + 7) / 8 * 8, 8);
	bytes_add(&out, text, n);
	for (; n % 8; n++)
		bytes_text(&out, " ");
	bytes_add(&out, data.first, data.n);
	json_decref(header);
	free(text);
	free(data.first);

	return out;
}

/* ---- scores: .csv ---- */

/* A field, in quotes where it has to be (RFC 4180): names of classes come from the dataset. */
static void add_field(struct bytes *b, const char *text, size_t n)
{
	if (!n)
		return; /* text may be NULL */
	bool is_quoted = memchr(text, ',', n) || memchr(text, '"', n) || memchr(text, '\n', n) ||
			 memchr(text, '\r', n);
	bytes_text(b, is_quoted ? "\"" : "");
	for (size_t i = 0; i < n; i++) {
		bytes_text(b, text[i] == '"' ? "\"" : "");
		bytes_add(b, text + i, 1);
	}
	bytes_text(b, is_quoted ? "\"" : "");
}

static void add_column(struct bytes *b, const char *text)
{
	bytes_text(b, ",");
	add_field(b, text, strlen(text));
}

static bool is_true(const void *context, size_t k)
{
	const struct artifact_value *truth = context;
	return k < truth->n_bytes && ((const uint8_t *)truth->bytes)[k];
}

/* id,patient,path; a patient nobody knows by a text by the number. */
static void add_origin(struct bytes *b, const struct artifact *a, uint64_t record)
{
	json_t *origin = origin_read(a, record);
	char *name = origin_name(a, record), number[24] = "";
	struct artifact_value v = artifact_get_record(a, "label", record);
	uint64_t patient;
	if (v.n_bytes == LABEL_SIZE) {
		memcpy(&patient, v.bytes, sizeof patient);
		snprintf(number, sizeof number, "%" PRIu64, patient);
	}
	add_field(b, name, strlen(name));
	add_column(b, *json_text(origin, "patient") ? json_text(origin, "patient") : number);
	add_column(b, json_text(origin, "path"));
	json_decref(origin);
	free(name);
}

/* The names of the classes that table says 1 of. */
static void add_classes(struct bytes *b, const struct artifact *a, const char *table, uint64_t record)
{
	struct artifact_value flags = artifact_get_record(a, table, record);
	struct bytes classes = {0};
	add_names(&classes, artifact_get_attribute(a, "classes"), is_true, &flags);
	add_field(b, classes.first, classes.n);
	free(classes.first);
}

/* record,id,patient,path,fold,classes */
static void add_start(struct bytes *b, const struct artifact *a, uint64_t record)
{
	uint32_t fold = 0;
	char number[24];
	struct artifact_value v = artifact_get_record(a, "label", record);
	if (v.n_bytes == LABEL_SIZE)
		memcpy(&fold, (const char *)v.bytes + LABEL_FOLD, sizeof fold);

	snprintf(number, sizeof number, "%" PRIu64 ",", record);
	bytes_text(b, number);
	add_origin(b, a, record);
	snprintf(number, sizeof number, ",%" PRIu32 ",", fold);
	bytes_text(b, number);
	add_classes(b, a, "truth", record);
}

static void add_probabilities(struct bytes *b, const struct artifact_cursor *c, size_t n_classes)
{
	for (size_t k = 0; k < n_classes && c->value_bytes == n_classes * sizeof(float); k++) {
		char text[33] = ",";
		float p;
		memcpy(&p, (const char *)c->value + k * sizeof p, sizeof p);
		json_float_text(text + 1, p);
		bytes_text(b, text);
	}
}

static void add_line(struct bytes *b, const struct artifact *a, const struct artifact_cursor *c,
		     size_t n_classes)
{
	add_start(b, a, artifact_record(c->key));
	add_probabilities(b, c, n_classes);
	bytes_text(b, "\n");
}

static struct bytes csv(const struct artifact *a)
{
	struct bytes b = {0};
	const json_t *names = artifact_get_attribute(a, "classes"), *name;
	size_t i;
	bytes_text(&b, "record,id,patient,path,fold,classes");
	json_array_foreach (names, i, name)
		add_column(&b, json_string_value(name));
	bytes_text(&b, "\n");
	for (struct artifact_cursor *c = artifact_walk(a, "probability"); artifact_next(c);)
		add_line(&b, a, c, json_array_size(names));
	return b;
}

/* ---- predictions: .csv ---- */

/* ,class,probabilities,: of a record that is predicted. */
static void add_prediction(struct bytes *b, const struct artifact *a, const struct artifact_cursor *c,
			   size_t n)
{
	bytes_text(b, ",");
	add_classes(b, a, "decision", artifact_record(c->key));
	add_probabilities(b, c, n);
	bytes_text(b, ",\n");
}

/* Nothing but the reason: of a record that fetch or preprocess left out. */
static void add_reason(struct bytes *b, const struct artifact_cursor *c, size_t n)
{
	for (size_t k = 0; k < n + 2; k++)
		bytes_text(b, ",");
	add_field(b, c->value, c->value_bytes);
	bytes_text(b, "\n");
}

/* The cursor's record, or the greatest number at its end. */
static bool advance(struct artifact_cursor *c, uint64_t *record)
{
	bool is_there = c && artifact_next(c);
	*record = is_there ? artifact_record(c->key) : UINT64_MAX;
	return is_there;
}

/* Records that are predicted and those that are not, merged by their keys. */
static struct bytes predictions(const struct artifact *a)
{
	struct bytes b = {0};
	const json_t *names = artifact_get_attribute(a, "classes"), *name;
	size_t n = json_array_size(names), i;
	uint64_t record, other;

	bytes_text(&b, "id,patient,path,class");
	json_array_foreach (names, i, name)
		add_column(&b, json_string_value(name));
	bytes_text(&b, ",note\n");

	struct artifact_cursor *p = artifact_walk(a, "probability"),
			       *x = artifact_has_table(a, "excluded") ? artifact_walk(a, "excluded") : NULL;
	bool has_p = advance(p, &record), has_x = advance(x, &other);
	while (has_p || has_x) {
		bool is_predicted = has_p && (!has_x || record < other);
		add_origin(&b, a, is_predicted ? record : other);
		if (is_predicted) {
			add_prediction(&b, a, p, n);
			has_p = advance(p, &record);
		} else {
			add_reason(&b, x, n);
			has_x = advance(x, &other);
		}
	}
	return b;
}

static const struct {
	const char *kind, *suffix;
	struct bytes (*format)(const struct artifact *a);
} formats[] = {{"embeddings", ".npz", arrays},
	       {"signals", ".npz", arrays},
	       {"model", ".safetensors", safetensors},
	       {"scores", ".csv", csv},
	       {"predictions", ".csv", predictions},
	       {"scores", ".safetensors", safetensors}}; /* of a fine-tuned network */

/* What a kind is exported as, for messages; NULL: nothing. tools/store knows .onnx. */
static const char *suffixes_of(const char *kind)
{
	static const struct {
		const char *kind, *suffixes;
	} all[] = {{"embeddings", ".npz"},
		   {"signals", ".npz"},
		   {"model", ".safetensors or .onnx"},
		   {"scores", ".csv or .onnx, finetune's also as .safetensors"},
		   {"predictions", ".csv"}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (!strcmp(kind, all[i].kind))
			return all[i].suffixes;
	return NULL;
}

static bool ends_in(const char *path, const char *suffix)
{
	size_t n = strlen(path), length = strlen(suffix);
	return n > length && !strcmp(path + n - length, suffix);
}

int export_artifact(const struct artifact *a, const char *path, struct error *e)
{
	const char *suffixes = suffixes_of(artifact_kind(a));
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		if (strcmp(artifact_kind(a), formats[i].kind) || !ends_in(path, formats[i].suffix))
			continue;
		if (formats[i].format == safetensors && !artifact_get_attribute(a, "tensors"))
			return error_set(e, path, 0,
					 "holds no network: these scores are a probe's, not finetune's");
		struct bytes b = formats[i].format(a);
		int status =
			b.n > UINT32_MAX && formats[i].format == arrays
				? error_set(e, path, 0, "over 4 GB, which .npz of this version cannot hold")
				: file_replace(path, b.first, b.n, e);
		free(b.first);
		return status;
	}

	if (suffixes)
		return error_set(e, path, 0, "kind %s is exported as %s; give the file such a name",
				 artifact_kind(a), suffixes);
	return error_set(e, path, 0,
			 "no format for kind %s; signals, embeddings, model, scores and predictions have one",
			 artifact_kind(a));
}
