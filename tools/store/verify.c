#include "tools/store/verify.h"

#include <stdio.h>

#include "audit/bundle.h"
#include "audit/evidence.h"
#include "audit/table.h"
#include "audit/walk.h"
#include "common/die.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/conflicts.h"

struct count {
	size_t n, n_bad, n_unread, n_refused;
};

static void see_object(struct count *c, const char *id)
{
	struct error e = {0};
	if (artifact_verify(id, &e) == 0)
		return;
	printf("%s\n", error_text(&e));
	c->n_unread += e.cause != 0;
	c->n_bad += !e.cause;
}

/* "42 objects verified, 2 damaged, 1 unreadable" */
static void print_count(const struct count *c, const char *what)
{
	printf("%zu %s verified, %zu damaged", c->n, what, c->n_bad);
	if (c->n_unread)
		printf(", %zu unreadable", c->n_unread);
}

static void see_action(const struct action_entry *entry, void *context)
{
	struct count *c = context;
	c->n++;
	if (entry->verdict.is_taken)
		return;
	printf("action entry %.12s is no hit: it %s\n", entry->key, entry->verdict.why);
	c->n_refused++;
}

static void note_bad_action(const struct error *e, void *context)
{
	struct count *c = context;
	if (e->cause)
		printf("action entry: %s: %s\n", error_text(e), error_remedy(e->cause));
	else
		printf("action entry is damaged: %s; remove it\n", error_text(e));
	c->n++;
	c->n_unread += e->cause != 0;
	c->n_bad += !e->cause;
}

static bool is_sound(const struct count *c)
{
	return !c->n_bad && !c->n_unread;
}

static bool verify_entries(void)
{
	struct count c = {0};
	action_each(see_action, note_bad_action, &c);
	if (c.n_bad + c.n_unread + c.n_refused) {
		print_count(&c, "action entries");
		printf(", %zu not trusted\n", c.n_refused);
	}
	size_t n_conflicts = conflicts_list(NULL);
	if (n_conflicts)
		printf("%zu other results of actions are kept; 'store conflicts' lists them\n", n_conflicts);
	return is_sound(&c);
}

bool verify_objects(const char (*ids)[DIGEST_HEX], size_t n, bool with_entries)
{
	struct count c = {.n = n};
	for (size_t i = 0; i < n; i++)
		see_object(&c, ids[i]);
	bool are_entries = !with_entries || verify_entries();
	print_count(&c, "objects");
	printf("\n");
	return is_sound(&c) && are_entries;
}

/* Lets go of the findings. */
static bool print_findings(json_t *findings)
{
	table_print(stdout, findings);
	bool holds = json_is_true(json_object_get(findings, "holds"));
	json_decref(findings);
	return holds;
}

bool verify_chains(const json_t *ids)
{
	struct evidence *evidence = evidence_of_store();
	bool holds = print_findings(walk_chain(&(struct walk){.evidence = evidence}, ids));
	evidence_close(evidence);
	return holds;
}

bool verify_bundle(const char *path)
{
	struct error e = {0};
	json_t *findings = bundle_findings(path, NULL, &e);
	if (!findings)
		die("%s", error_text(&e));
	return print_findings(findings);
}
