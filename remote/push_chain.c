#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "remote/entry.h"
#include "remote/push.h"
#include "store/action.h"
#include "store/artifact.h"
#include "store/lineage.h"

/* Artifacts, each once; what one was made of stands behind it. */
struct chain {
	char (*ids)[DIGEST_HEX];
	size_t n;
};

static void enqueue(const char *name, const char *id, void *context)
{
	struct chain *c = context;
	(void)name;
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->ids[i], id))
			return;
	c->ids = die_realloc(c->ids, (c->n + 1) * sizeof *c->ids);
	memcpy(c->ids[c->n++], id, DIGEST_HEX);
}

static void enqueue_inputs(struct chain *c, const struct lineage_entry *all, size_t n_all, const char *id)
{
	for (size_t i = 0; i < n_all; i++)
		if (!strcmp(all[i].id, id))
			lineage_inputs(&all[i], enqueue, c);
}

/* ---- entries ---- */

struct listing {
	lineage_add *add;
	void *to;
	struct error *e;
};

static void add_entry(const struct action_entry *entry, void *context)
{
	const struct listing *l = context;
	l->add(entry, l->to);
}

/* A damaged one says of nothing what it was made of; one that could only not be read now may be of the
 * chain, and a push that left it out would not have sent all. */
static void note_entry(const struct error *e, void *context)
{
	const struct listing *l = context;
	if (!e->cause)
		warn("%s; passing over it", error_text(e));
	else if (!l->e->cause)
		error_set_cause(l->e, NULL, e->cause, "%s; not all can be sent", error_text(e));
}

static void list_entries(lineage_add *add, void *to, void *context)
{
	action_each(add_entry, note_entry, &(struct listing){add, to, context});
}

/* ---- sending ---- */

static int send(const struct sharing *remote, const struct lineage_entry *all, size_t n_all, const char *id,
		bool is_checked, struct push_sum *sum, struct error *e)
{
	bool is_reached;
	if (push_artifact(remote, id, is_checked, sum, e) < 0)
		return -1;
	for (size_t i = 0; i < n_all; i++)
		if (!strcmp(all[i].id, id) && entry_give(remote, all[i].key, true, &is_reached, sum, e) < 0)
			return -1;
	return 0;
}

/* Also what is there and cannot be looked at: sending it says why. */
static bool has(const char *id)
{
	char *path = artifact_path(id);
	bool has = artifact_exists(id) || file_is_named(path);
	free(path);
	return has;
}

/* As many as a message has room for. */
enum { NAMED = 16 };

static int tell_lost(const struct chain *lost, struct error *e)
{
	char names[NAMED * 14 + 1], *at = names;
	*names = '\0';
	for (size_t i = 0; i < lost->n && i < NAMED; i++)
		at += sprintf(at, "%s%.12s", i ? ", " : "", lost->ids[i]);
	return error_set(
		e, NULL, 0,
		"%zu artifacts are neither in this store nor in the remote, so what was made of them "
		"has no origin there: %s%s; all else is there",
		lost->n, names, lost->n > NAMED ? ", ..." : "");
}

/* What this store has not (any more) may be there. */
static int look_for(const struct sharing *remote, const char *id, bool is_checked, struct chain *lost,
		    struct push_sum *sum, struct error *e)
{
	int status = push_is_there(remote, id, sum, e);
	if (status == 1 && is_checked)
		warn("artifact %.12s is not in this store any more; what the remote has of it is not looked "
		     "through",
		     id);
	if (status == 0)
		enqueue(NULL, id, lost);
	return status < 0 ? -1 : 0;
}

static int send_all(const struct sharing *remote, const struct lineage *l, const struct chain *c,
		    bool is_checked, struct push_sum *sum, struct error *e)
{
	size_t n_all;
	const struct lineage_entry *all = lineage_all(l, &n_all);
	struct chain lost = {0};
	int status = 0;
	for (size_t i = c->n; i-- > 0 && status == 0;)
		status = has(c->ids[i]) ? send(remote, all, n_all, c->ids[i], is_checked, sum, e)
					: look_for(remote, c->ids[i], is_checked, &lost, sum, e);
	sum->n_lost = lost.n;
	if (status == 0 && lost.n)
		status = tell_lost(&lost, e);
	free(lost.ids);
	return status;
}

int push_chain(const struct sharing *remote, char (*ids)[DIGEST_HEX], size_t n, const struct push_way *way,
	       struct push_sum *sum, struct error *e)
{
	struct error unread = {0};
	struct lineage *l = lineage_gather(list_entries, &unread);
	struct chain c = {0};
	size_t n_all;
	const struct lineage_entry *all = lineage_all(l, &n_all);
	for (size_t i = 0; i < n; i++)
		enqueue(NULL, ids[i], &c);
	for (size_t i = 0; i < c.n && !way->is_alone; i++) {
		char id[DIGEST_HEX];
		memcpy(id, c.ids[i], sizeof id); /* the list grows */
		enqueue_inputs(&c, all, n_all, id);
	}

	int status = unread.cause ? error_set_cause(e, NULL, unread.cause, "%s", error_text(&unread))
				  : send_all(remote, l, &c, way->is_checked, sum, e);
	lineage_close(l);
	free(c.ids);
	return status;
}
