#include "audit/table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/printable.h"

enum { COLUMNS = 8 };

/* What others wrote is in it. Frees line. */
static void print_line(FILE *out, char *line)
{
	fprintf(out, "%s\n", printable(line));
	free(line);
}

/* ---- cells; yours to free ---- */

static char *stage_cell(const json_t *step)
{
	const json_t *arms = json_object_get(step, "arms");
	const char *first = json_string_value(json_array_get(arms, 0)), *stage = json_text(step, "stage");
	size_t n = json_array_size(arms);
	if (!first || !*first)
		return die_strdup(stage);
	return n == 1 ? die_printf("%s (%s)", stage, first) : die_printf("%s (%zu arms)", stage, n);
}

static char *object_cell(const json_t *step)
{
	const char *state = json_text(json_object_get(step, "object"), "state");
	return die_strdup(!strcmp(state, "sound")    ? "recomputed"
			  : !strcmp(state, "header") ? "header only"
						     : state);
}

static char *entry_cell(const json_t *step)
{
	const char *state = json_text(json_object_get(step, "entry"), "state");
	return !strcmp(state, "keyed") ? die_printf("%.12s", json_text(step, "key")) : die_strdup(state);
}

static char *signature_cell(const json_t *step)
{
	const json_t *signature = json_object_get(step, "signature");
	const char *by = json_text(signature, "by"), *state = json_text(signature, "state");
	if (!signature)
		return die_strdup("-");
	bool is_taken = json_is_true(json_object_get(signature, "is_taken"));
	return is_taken && *by ? die_strdup(by) : die_printf("%s%s", state, is_taken ? "" : ": REFUSED");
}

static char *code_cell(const json_t *step)
{
	const char *state = json_text(json_object_get(step, "code"), "state");
	return die_strdup(!strcmp(state, "same")      ? "as here"
			  : !strcmp(state, "commit")  ? "as committed"
			  : !strcmp(state, "differs") ? "DIFFERS"
			  : !strcmp(state, "edited")  ? "EDITED"
						      : "-");
}

static char *commit_cell(const json_t *step)
{
	const json_t *code = json_object_get(step, "code");
	const char *commit = json_text(code, "commit");
	if (!*commit)
		return die_strdup("-");
	return die_printf("%.8s%s%s", commit,
			  json_is_true(json_object_get(code, "modified")) ? ", modified" : "",
			  strcmp(json_text(code, "commit_state"), "here") ? ", not here" : "");
}

static char *params_cell(const json_t *step)
{
	const char *state = json_text(json_object_get(step, "params"), "state");
	return die_strdup(!strcmp(state, "same") ? "as now" : !strcmp(state, "differs") ? "DIFFER" : "-");
}

static char *numerics_cell(const json_t *step)
{
	const char *numerics = json_text(step, "numerics");
	return die_strdup(*numerics ? numerics : "-");
}

/* ---- rows ---- */

static const struct {
	const char *title;
	char *(*cell)(const json_t *step);
} columns[] = {{"made by", stage_cell},	      {"records", object_cell},	 {"action", entry_cell},
	       {"signed by", signature_cell}, {"code", code_cell},	 {"commit", commit_cell},
	       {"params", params_cell},	      {"numbers", numerics_cell}};

static void print_row(FILE *out, const size_t widths[COLUMNS], const char *mark, const char *id,
		      char *const cells[COLUMNS])
{
	fprintf(out, "%-3s  %-*s  %-12.12s", mark, (int)widths[0], cells[0], id);
	for (int k = 1; k < COLUMNS; k++)
		if (widths[k])
			fprintf(out, "  %-*s", k < COLUMNS - 1 ? (int)widths[k] : 0, cells[k]);
	fputc('\n', out);
}

/* The widest of a column's cells; 0 if none says anything, as where there is no run to compare with. */
static size_t width_of(char *(*cells)[COLUMNS], size_t n, int k)
{
	size_t widest = strlen(cells[0][k]);
	bool is_empty = true;
	for (size_t i = 1; i <= n; i++) {
		is_empty &= !strcmp(cells[i][k], "-");
		if (strlen(cells[i][k]) > widest)
			widest = strlen(cells[i][k]);
	}
	return is_empty ? 0 : widest;
}

static void print_steps(FILE *out, const json_t *steps)
{
	size_t i, n = json_array_size(steps), widths[COLUMNS];
	const json_t *step;
	char *(*cells)[COLUMNS] = die_calloc(n + 1, sizeof *cells);
	for (int k = 0; k < COLUMNS; k++) {
		cells[0][k] = die_strdup(columns[k].title);
		json_array_foreach (steps, i, step)
			cells[i + 1][k] = printable(columns[k].cell(step));
		widths[k] = width_of(cells, n, k);
	}

	print_row(out, widths, "", "artifact", cells[0]);
	json_array_foreach (steps, i, step) {
		char *id = printable(die_strdup(json_text(step, "id")));
		print_row(out, widths, json_array_size(json_object_get(step, "problems")) ? "BAD" : "ok", id,
			  cells[i + 1]);
		free(id);
	}

	for (i = 0; i <= n; i++)
		for (int k = 0; k < COLUMNS; k++)
			free(cells[i][k]);
	free(cells);
}

/* ---- raw data ---- */

static const char *words_of(const char *state)
{
	return !strcmp(state, "same")	     ? "recomputed"
	       : !strcmp(state, "generated") ? "drawn by the generator, no raw data"
	       : !strcmp(state, "differs")   ? "DIFFERS"
	       : !strcmp(state, "unread")    ? "not read"
					     : state;
}

static void print_raw(FILE *out, const json_t *one)
{
	const char *state = json_text(one, "state"), *sha256 = json_text(one, "sha256"),
		   *why = json_text(one, "why");
	print_line(out, die_printf("%-3s  raw  %s%s%s  %s%s%s", strcmp(state, "differs") ? "ok" : "BAD",
				   json_text(one, "name"), *sha256 ? "  SHA-256 " : "", sha256,
				   words_of(state), *why ? ": " : "", why));
}

/* ---- all ---- */

static size_t count(const json_t *steps, const char *member, const char *state)
{
	size_t i, n = 0;
	const json_t *step;
	json_array_foreach (steps, i, step)
		n += !strcmp(json_text(json_object_get(step, member), "state"), state);
	return n;
}

/* Signed by keys that nobody could judge, as without a trust.yaml. */
static size_t count_unjudged(const json_t *steps)
{
	size_t i, n = 0;
	const json_t *step;
	json_array_foreach (steps, i, step) {
		const json_t *signature = json_object_get(step, "signature");
		n += !strcmp(json_text(signature, "state"), "unknown key") &&
		     json_is_true(json_object_get(signature, "is_taken"));
	}
	return n;
}

void table_print(FILE *out, const json_t *findings)
{
	const json_t *steps = json_object_get(findings, "steps"), *raw = json_object_get(findings, "raw"),
		     *problems = json_object_get(findings, "problems"), *x;
	size_t i, n = json_array_size(steps), n_unsigned = count(steps, "signature", "unsigned");

	print_steps(out, steps);
	json_array_foreach (raw, i, x)
		print_raw(out, x);
	fputc('\n', out);
	json_array_foreach (problems, i, x)
		print_line(out, die_strdup(json_string_value(x)));

	if (n_unsigned)
		fprintf(out,
			"%zu of %zu action entries are unsigned: that they are true rests on who could write "
			"here\n",
			n_unsigned, n);
	if (json_array_size(problems))
		fprintf(out, "%zu artifacts audited: %zu things do not hold\n", n, json_array_size(problems));
	else if (count_unjudged(steps))
		fprintf(out,
			"%zu artifacts audited: all holds, but whose signatures these are was not judged "
			"(no trust.yaml)\n",
			n);
	else
		fprintf(out, "%zu artifacts audited: all holds\n", n);
}
