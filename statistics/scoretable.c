#include "statistics/scoretable.h"

#include <stdbool.h>
#include <string.h>

enum { NAME_WIDTH = 27, CLASSES = 8, VALUE_WIDTH = 24, GAIN_WIDTH = 36 };

static const char *const with_interval[] = {"macro_f1", "macro_auroc"}, *const titles[] = {"macro F1",
											   "macro AUROC"};

static int column_width(const char *name)
{
	int n = (int)strlen(name) + 2;
	return n > 7 ? n : 7;
}

static void print_number(FILE *out, const json_t *x, int width)
{
	if (json_is_number(x))
		fprintf(out, "%*.3f", width, json_number_value(x));
	else
		fprintf(out, "%*s", width, "-");
}

/* "0.574 [0.501, 0.640]", left-aligned behind two blanks; with a sign and the standard
 * error if it is a gain. */
static void print_interval(FILE *out, const json_t *v, int width, bool is_gain)
{
	char text[96] = "-";
	const json_t *value = json_object_get(v, "value"), *low = json_object_get(v, "low");
	const char *const format = is_gain ? "%+.3f" : "%.3f";
	if (json_is_number(value))
		snprintf(text, sizeof text, format, json_number_value(value));
	if (json_is_number(low)) {
		size_t n = strlen(text);
		double error = json_number_value(json_object_get(v, "error"));
		if (is_gain)
			n += (size_t)snprintf(text + n, sizeof text - n, " se %.3f", error);
		snprintf(text + n, sizeof text - n, is_gain ? " [%+.3f, %+.3f]" : " [%.3f, %.3f]",
			 json_number_value(low), json_number_value(json_object_get(v, "high")));
	}
	fprintf(out, "  %-*s", width - 2, text);
}

static const json_t *arm_class(const json_t *arm, const json_t *class)
{
	return json_object_get(json_object_get(json_object_get(arm, "test"), "class"),
			       json_string_value(class));
}

static void print_heading(FILE *out, const json_t *classes, bool has_classes)
{
	size_t i;
	const json_t *c;
	int n_wide = 0;

	json_array_foreach (classes, i, c)
		n_wide += has_classes ? column_width(json_string_value(c)) : 0;
	if (n_wide)
		fprintf(out, "%-*s%*s\n", NAME_WIDTH, "", n_wide / 2 + 1, "F1");
	fprintf(out, "%-*s", NAME_WIDTH, "encoder");

	json_array_foreach (classes, i, c)
		if (has_classes)
			fprintf(out, "%*s", column_width(json_string_value(c)), json_string_value(c));
	if (has_classes)
		fprintf(out, "%10s%10s  %-*s  %s\n", "accuracy", "balanced", VALUE_WIDTH - 2,
			"macro F1 [95 %]", "macro AUROC [95 %]");
	else
		fprintf(out, "  %-*s  %-*s%10s%10s\n", VALUE_WIDTH - 2, "macro AUROC [95 %]", VALUE_WIDTH - 2,
			"macro F1 [95 %]", "balanced", "accuracy");
}

static void print_arm(FILE *out, const json_t *classes, const json_t *arm, bool has_classes)
{
	size_t i;
	const json_t *c, *test = json_object_get(arm, "test"), *interval = json_object_get(arm, "interval");

	fprintf(out, "%-*s", NAME_WIDTH, json_string_value(json_object_get(arm, "name")));
	json_array_foreach (classes, i, c)
		if (has_classes)
			print_number(out, json_object_get(arm_class(arm, c), "f1"),
				     column_width(json_string_value(c)));

	const json_t *f1 = json_object_get(interval, "macro_f1"),
		     *auroc = json_object_get(interval, "macro_auroc");
	if (has_classes) {
		print_number(out, json_object_get(test, "accuracy"), 10);
		print_number(out, json_object_get(test, "balanced_accuracy"), 10);
		print_interval(out, f1, VALUE_WIDTH, false);
		print_interval(out, auroc, 2, false);
	} else {
		print_interval(out, auroc, VALUE_WIDTH, false);
		print_interval(out, f1, VALUE_WIDTH, false);
		print_number(out, json_object_get(test, "balanced_accuracy"), 10);
		print_number(out, json_object_get(test, "accuracy"), 10);
	}

	fputc('\n', out);
}

void scoretable_rows(FILE *out, const json_t *classes, const json_t *arms)
{
	size_t i;
	const json_t *arm;
	bool has_classes = json_array_size(classes) <= CLASSES;
	print_heading(out, classes, has_classes);
	json_array_foreach (arms, i, arm)
		print_arm(out, classes, arm, has_classes);
}

void scoretable_print(FILE *out, const json_t *classes, const json_t *arms)
{
	size_t i;
	const json_t *arm;

	scoretable_rows(out, classes, arms);
	if (json_array_size(arms) < 2)
		return;
	const char *first = json_string_value(json_object_get(json_array_get(arms, 0), "name"));
	fprintf(out, "\n%s gained%*s  %-*s  %s\n", first, NAME_WIDTH - 7 - (int)strlen(first), "",
		GAIN_WIDTH - 2, titles[0], titles[1]);

	json_array_foreach (arms, i, arm) {
		if (!i)
			continue;
		fprintf(out, "over %-*s", NAME_WIDTH - 5, json_string_value(json_object_get(arm, "name")));
		for (int k = 0; k < 2; k++)
			print_interval(out,
				       json_object_get(json_object_get(arm, "difference"), with_interval[k]),
				       k ? 2 : GAIN_WIDTH, true);
		fputc('\n', out);
	}
}
