#include "store/show.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/printable.h"
#include "store/value.h"

const char *show_size(char text[16], unsigned long long n_bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double x = (double)n_bytes;
	int unit = 0;
	for (; x >= 999.5; x /= 1000)
		unit++;
	snprintf(text, 16, unit && x < 99.95 ? "%.1f %s" : "%.0f %s", x, units[unit]);
	return text;
}

/* One line; what is in it others may have named. Frees it. */
static void print_line(FILE *out, char *line)
{
	fprintf(out, "%s\n", printable(line));
	free(line);
}

static void show_records(FILE *out, const struct artifact *a, const char *table, int n_records)
{
	int n = 0;
	struct artifact_cursor *c = artifact_walk(a, table);
	while (artifact_next(c)) {
		if (n++ == n_records) {
			artifact_stop(c);
			return;
		}
		struct artifact_value v = {c->value, c->value_bytes};
		char *key = value_key(a, c->key, c->key_bytes), *value = value_text(a, table, c->key, v, 80);
		fprintf(out, "    %s  %s\n", key, value);
		free(key);
		free(value);
	}
}

static void show_attributes(FILE *out, const json_t *attributes)
{
	const char *name;
	json_t *value;
	fprintf(out, "attributes\n");
	json_object_foreach ((json_t *)attributes, name, value) {
		char *text = json_canonical(value, NULL);
		print_line(out, die_printf("  %-20s %.200s%s", name, text, strlen(text) > 200 ? "..." : ""));
		free(text);
	}
}

void show_artifact(FILE *out, const struct artifact *a, int n_records)
{
	const json_t *header = artifact_header(a);
	const char *name;
	json_t *table;
	char size[16];

	fprintf(out, "artifact  %s\n", artifact_id(a));
	print_line(out, die_printf("kind      %s, schema %lld", artifact_kind(a),
				   (long long)json_integer_value(json_object_get(header, "schema"))));
	show_attributes(out, json_object_get(header, "attributes"));
	fprintf(out, "tables\n");

	json_object_foreach (json_object_get(header, "tables"), name, table) {
		long long count = json_integer_value(json_object_get(table, "count")),
			  bytes = json_integer_value(json_object_get(table, "bytes"));
		print_line(out, die_printf("  %s: %lld records, %s, root %.12s", name, count,
					   show_size(size, (unsigned long long)bytes),
					   json_string_value(json_object_get(table, "root"))));
		show_records(out, a, name, n_records);
	}
}
