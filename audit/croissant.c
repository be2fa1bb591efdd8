#include "audit/croissant.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/claims.h"
#include "audit/folder.h"
#include "common/die.h"
#include "common/json.h"
#include "store/lineage.h"

/* The context of Croissant 1.0, as its specification gives it. */
static const char context[] =
	"{\"@language\":\"en\",\"@vocab\":\"https://schema.org/"
	"\",\"citeAs\":\"cr:citeAs\",\"column\":\"cr:column\","
	"\"conformsTo\":\"dct:conformsTo\",\"cr\":\"http://mlcommons.org/croissant/\","
	"\"data\":{\"@id\":\"cr:data\",\"@type\":\"@json\"},"
	"\"dataType\":{\"@id\":\"cr:dataType\",\"@type\":\"@vocab\"},\"dct\":\"http://purl.org/dc/terms/\","
	"\"examples\":{\"@id\":\"cr:examples\",\"@type\":\"@json\"},\"extract\":\"cr:extract\",\"field\":"
	"\"cr:field\","
	"\"fileObject\":\"cr:fileObject\",\"fileProperty\":\"cr:fileProperty\",\"fileSet\":\"cr:fileSet\","
	"\"format\":\"cr:format\",\"includes\":\"cr:includes\",\"isLiveDataset\":\"cr:isLiveDataset\","
	"\"jsonPath\":\"cr:jsonPath\",\"key\":\"cr:key\",\"md5\":\"cr:md5\",\"parentField\":\"cr:"
	"parentField\","
	"\"path\":\"cr:path\",\"rai\":\"http://mlcommons.org/croissant/RAI/\",\"recordSet\":\"cr:recordSet\","
	"\"references\":\"cr:references\",\"regex\":\"cr:regex\",\"repeated\":\"cr:repeated\","
	"\"replace\":\"cr:replace\",\"sc\":\"https://schema.org/\",\"separator\":\"cr:separator\","
	"\"source\":\"cr:source\",\"subField\":\"cr:subField\",\"transform\":\"cr:transform\"}";

static const struct column {
	const char *name, *type, *about;
} columns[] = {{"record", "sc:Integer", "number of the record, its key in the artifact"},
	       {"id", "sc:Text", "what the dataset calls the record"},
	       {"patient", "sc:Text", "what the dataset calls the patient"},
	       {"fold", "sc:Integer", "fold of the split, 1 to 10; records of one patient share it"},
	       {"age", "sc:Float", "years; empty if it is not known"},
	       {"sex", "sc:Text", "as the dataset codes it (PTB-XL: 0 male, 1 female)"},
	       {"statements", "sc:Text", "diagnostic statements, ';' between"},
	       {"leads", "sc:Text", "leads, ';' between"},
	       {"rate_hz", "sc:Float", "samples per second"},
	       {"samples", "sc:Integer", "samples per lead"}};
enum { COLUMNS = sizeof columns / sizeof *columns };

static const struct licence {
	const char *dataset, *licence, *cite;
} licences[] = {{"ptb-xl", "https://creativecommons.org/licenses/by/4.0/",
		 "Wagner P, Strodthoff N, Bousseljot R-D, Kreiseler D, Lunze FI, Samek W, Schaeffter T "
		 "(2020): PTB-XL, a "
		 "large publicly available electrocardiography dataset. Scientific Data 7:154, "
		 "doi:10.1038/s41597-020-0495-6"},
		{"synthetic", "https://creativecommons.org/publicdomain/zero/1.0/",
		 "none: drawn by a generator, no patient's data"}};

/* ---- the table ---- */

/* A field in quotes where it has to be (RFC 4180). */
static void print_text(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"\n\r")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++)
		fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
	fputc('"', out);
}

static void print_value(FILE *out, const json_t *value)
{
	if (json_is_string(value)) {
		print_text(out, json_string_value(value));
	} else if (json_is_number(value)) {
		char text[32];
		json_number_text(text, json_number_value(value));
		fputs(text, out);
	}
	fputc(',', out);
}

/* Names of an object's members or texts of an array, ';' between. */
static void print_names(FILE *out, const json_t *value)
{
	char *all = die_strdup("");
	const char *name;
	json_t *x;
	size_t i, n = 0;
	json_object_foreach ((json_t *)value, name, x) {
		char *longer = die_printf("%s%s%s", all, n++ ? ";" : "", name);
		free(all);
		all = longer;
	}
	json_array_foreach (value, i, x) {
		char *longer = die_printf("%s%s%s", all, n++ ? ";" : "", json_string_value(x));
		free(all);
		all = longer;
	}
	print_text(out, all);
	free(all);
}

static json_t *read_row(const struct artifact *a, const char *table, uint64_t record)
{
	struct artifact_value v = artifact_get_record(a, table, record);
	json_t *value = v.bytes ? json_read(v.bytes, v.n_bytes, table, NULL) : NULL;
	return value ? value : json_object();
}

static void print_record(FILE *out, const struct artifact *a, uint64_t record)
{
	json_t *subject = read_row(a, "subject", record), *header = read_row(a, "header", record);
	fprintf(out, "%" PRIu64 ",", record);
	print_value(out, json_object_get(subject, "id"));
	print_value(out, json_object_get(subject, "patient"));
	print_value(out, json_object_get(subject, "fold"));
	print_value(out, json_object_get(subject, "age"));
	print_value(out, json_object_get(subject, "sex"));
	print_names(out, json_object_get(subject, "codes"));
	fputc(',', out);
	print_names(out, json_object_get(header, "leads"));
	fputc(',', out);
	print_value(out, json_object_get(header, "rate_hz"));
	char samples[32] = "";
	if (json_is_number(json_object_get(header, "samples")))
		json_number_text(samples, json_number_value(json_object_get(header, "samples")));
	fprintf(out, "%s\n", samples);
	json_decref(subject);
	json_decref(header);
}

/* Yours to free. */
static char *table_of(const struct artifact *a, size_t *n)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, n);
	if (!out)
		die("out of memory");
	for (int k = 0; k < COLUMNS; k++)
		fprintf(out, "%s%s", k ? "," : "", columns[k].name);
	fputc('\n', out);
	for (struct artifact_cursor *c = artifact_walk(a, "header"); artifact_next(c);)
		print_record(out, a, artifact_record(c->key));
	if (fclose(out))
		die("out of memory");
	return text;
}

/* ---- its description ---- */

static json_t *field(const struct column *c)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:{s:s}, s:{s:s}}}", "@type", "cr:Field", "@id",
			 c->name, "name", c->name, "description", c->about, "dataType", c->type, "source",
			 "fileObject", "@id", "records.csv", "extract", "column", c->name);
}

static json_t *file_object(const char *name, const char *url, const char *format, const char *sha256)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "@type", "cr:FileObject", "@id", name, "name",
			 name, "contentUrl", url, "encodingFormat", format, "sha256", sha256);
}

/* Raw data that is one file; of a folder there is only the digest of its listing. */
static void add_raw(json_t *distribution, const json_t *statement)
{
	json_t *raw = claims_raw(statement), *one;
	size_t i;
	json_array_foreach (raw, i, one) {
		const char *name = json_string_value(json_object_get(one, "name")),
			   *uri = json_string_value(json_object_get(one, "uri"));
		if (!strchr(name, '.'))
			continue;
		json_array_append_new(distribution,
				      file_object(name, uri ? uri : name, "application/zip",
						  json_string_value(json_object_get(one, "sha256"))));
	}
	json_decref(raw);
}

static json_t *description(const struct artifact *a, const char *sha256)
{
	struct lineage *l = lineage_open();
	const struct lineage_entry *entry = lineage_find(l, artifact_id(a));
	const char *dataset = artifact_text(a, "dataset");
	json_t *fields = json_array(), *distribution = json_array();
	for (int k = 0; k < COLUMNS; k++)
		json_array_append_new(fields, field(&columns[k]));
	json_array_append_new(distribution, file_object("records.csv", "records.csv", "text/csv", sha256));
	if (entry)
		add_raw(distribution, entry->statement);

	json_t *out = json_pack(
		"{s:o, s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:s, s:o, s:[{s:s, s:s, s:s, s:{s:s}, s:o}]}",
		"@context", json_loads(context, 0, NULL), "@type", "sc:Dataset", "conformsTo",
		"http://mlcommons.org/croissant/1.0", "name", dataset, "description",
		json_sprintf("%" PRIu64
			     " electrocardiograms, artifact %s of Einthoven: what is said of each record. "
			     "Not a medical device: for research.",
			     artifact_count(a, "header"), artifact_id(a)),
		"version", "1.0.0", "identifier", artifact_id(a), "datePublished",
		json_sprintf("%.10s", entry ? claims_finished(entry->statement) : "1970-01-01"), "url",
		"urn:einthoven:records", "distribution", distribution, "recordSet", "@type", "cr:RecordSet",
		"@id", "records", "name", "records", "key", "@id", "record", "field", fields);
	for (size_t i = 0; i < sizeof licences / sizeof *licences; i++) {
		if (strcmp(licences[i].dataset, dataset))
			continue;
		json_object_set_new(out, "license", json_string(licences[i].licence));
		json_object_set_new(out, "citeAs", json_string(licences[i].cite));
	}
	lineage_close(l);
	return out;
}

int croissant_write(const char *path, const struct artifact *a, struct error *e)
{
	char hex[DIGEST_HEX];
	size_t n = 0;
	if (strcmp(artifact_kind(a), "records"))
		return error_set(e, path, 0, "Croissant describes records, this is %s", artifact_kind(a));
	struct folder *f = folder_begin(path, e);
	if (!f)
		return -1;

	char *table = table_of(a, &n);
	struct digest d = digest_of(table, n);
	digest_hex(hex, &d);
	json_t *about = description(a, hex);
	folder_put(f, "records.csv", table, n);
	folder_put_json(f, "croissant.json", about);
	json_decref(about);
	free(table);
	return folder_end(f, e);
}
