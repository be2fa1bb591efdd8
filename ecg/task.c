#include "ecg/task.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/statements.h"

struct task_class {
	char *name;
	uint32_t class;	   /* its bit of label.classes */
	uint64_t codes[2]; /* or statements that any of a record's must be among */
};

struct task {
	int n;
	struct task_class list[STATEMENTS_MAX];
};

static struct task_class *add(struct task *t, const char *name)
{
	struct task_class *c = &t->list[t->n++];
	c->name = die_strdup(name);
	return c;
}

static struct task_class *find_or_add(struct task *t, const char *name)
{
	for (int i = 0; i < t->n; i++)
		if (!strcmp(t->list[i].name, name))
			return &t->list[i];
	return add(t, name);
}

static int by_name(const void *a, const void *b)
{
	const struct task_class *x = a, *y = b;
	return strcmp(x->name, y->name);
}

static int add_superclasses(struct task *t, const json_t *classes, struct error *e)
{
	size_t i;
	const json_t *name;
	if (!json_is_array(classes) || json_array_size(classes) > STATEMENTS_CLASSES_MAX)
		return error_set(e, "classes", 0, "expected a list of at most %d names",
				 STATEMENTS_CLASSES_MAX);
	json_array_foreach (classes, i, name) {
		if (!json_is_string(name))
			return error_set(e, "classes", 0, "expected names");
		add(t, json_string_value(name))->class = UINT32_C(1) << i;
	}
	return 0;
}

/* Statements of the given kinds (0: any), each its own class or gathered by subclass. */
static void add_statements(struct task *t, const struct statements *s, unsigned kind, bool by_subclass)
{
	for (size_t i = 0; i < statements_count(s); i++) {
		const char *name = by_subclass ? statements_subclass(s, i) : statements_name(s, i);
		if ((kind && !(statements_kinds(s, i) & kind)) || !*name)
			continue;
		find_or_add(t, name)->codes[i / 64] |= UINT64_C(1) << (i % 64);
	}
	qsort(t->list, (size_t)t->n, sizeof *t->list, by_name);
}

static int read_statements(struct task *t, const char *name, const json_t *classes, const json_t *table,
			   struct error *e)
{
	static const struct {
		const char *name;
		unsigned kind;
		bool by_subclass;
	} tasks[] = {{"all", 0, false},
		     {"diagnostic", STATEMENTS_DIAGNOSTIC, false},
		     {"subdiagnostic", STATEMENTS_DIAGNOSTIC, true},
		     {"form", STATEMENTS_FORM, false},
		     {"rhythm", STATEMENTS_RHYTHM, false}};

	size_t k = 0, n = sizeof tasks / sizeof *tasks;
	while (k < n && strcmp(tasks[k].name, name) != 0)
		k++;
	if (k == n)
		return error_set(e, "task", 0, "'%s' is none of: %s", name, TASK_CHOICES);

	struct statements *s = table ? statements_open(table, classes, e) : NULL;
	if (table && !s)
		return -1;
	if (s)
		add_statements(t, s, tasks[k].kind, tasks[k].by_subclass);
	statements_close(s);
	if (!t->n && !table)
		return error_set(
			e, "task", 0,
			"'%s' is made of PTB-XL's statements, and this dataset has classes of its own "
			"instead; task superclass (the default) takes these",
			name);
	if (!t->n)
		return error_set(e, "task", 0, "the dataset has no statement for task '%s'", name);

	return 0;
}

struct task *task_open(const char *name, const json_t *classes, const json_t *statements, struct error *e)
{
	struct task *t = die_calloc(1, sizeof *t);
	int status = !strcmp(name, "superclass") ? add_superclasses(t, classes, e)
						 : read_statements(t, name, classes, statements, e);
	if (status == 0)
		return t;
	task_close(t);
	return NULL;
}

void task_close(struct task *t)
{
	for (int c = 0; t && c < t->n; c++)
		free(t->list[c].name);
	free(t);
}

int task_count(const struct task *t)
{
	return t->n;
}

const char *task_name(const struct task *t, int c)
{
	return t->list[c].name;
}

bool task_has(const struct task *t, const struct label *l, int c)
{
	const struct task_class *k = &t->list[c];
	return (l->classes & k->class) || (l->codes[0] & k->codes[0]) || (l->codes[1] & k->codes[1]);
}
