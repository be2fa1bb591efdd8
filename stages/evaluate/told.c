#include "stages/evaluate/told.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "stages/shared/pathless.h"

enum { WORDS = 4 };

/* At most WORDS, the last with all that is left; returns their number. */
static int split(char *line, char *word[WORDS])
{
	int n = 0;
	for (char *rest = line; rest && n < WORDS; n++) {
		word[n] = rest;
		rest = n + 1 < WORDS ? strchr(rest, '\t') : NULL;
		if (rest)
			*rest++ = 0;
	}
	return n;
}

static void add_failure(json_t *arm, const char *stage, const char *message)
{
	char *text = pathless_text(message);
	json_object_set_new(arm, "stage", json_string(stage));
	json_object_set_new(arm, "reason", json_string(text));
	free(text);
}

static void read_line(json_t *all, const char *line)
{
	struct error e = {0};
	char *own = die_strdup(line), *word[WORDS];
	int n = split(own, word);
	json_t *arm = n > 2 ? json_object_get(all, word[0]) : NULL, *definition = NULL;

	if (n > 2 && !arm && json_object_set_new(all, word[0], json_object()) == 0)
		arm = json_object_get(all, word[0]);
	if (arm && n == 3 && !strcmp(word[1], "definition"))
		definition = json_read(word[2], strlen(word[2]), "definition", &e);
	if (json_is_object(definition))
		json_object_set(arm, "definition", definition);
	else if (arm && n == 4 && !strcmp(word[1], "failed"))
		add_failure(arm, word[2], word[3]);
	else
		die("evaluate.told: expected NAME, 'definition' and JSON, or NAME, 'failed', a stage and "
		    "why, "
		    "separated by tabs, got '%.80s'; remove it and run again",
		    line);
	json_decref(definition);
	free(own);
}

json_t *told_read(const char *text)
{
	json_t *all = json_object();
	char *own = die_strdup(text), *rest = NULL;
	for (char *line = strtok_r(own, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		read_line(all, line);
	free(own);
	return all;
}
