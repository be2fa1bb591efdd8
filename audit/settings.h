/*
 * A run as it stands now: what each stage of it (and of its arms) has come to, by which action, and the
 * params it would be made with today.
 *
 *	struct settings *s = settings_open("build/runs/default");
 *	const char *key = settings_key(s, id);                     // the action by which this run has it
 *	json_t *params = settings_compare(s, id, action);          // {"state":"same"}
 *	settings_close(s);
 */
#ifndef AUDIT_SETTINGS_H
#define AUDIT_SETTINGS_H

#include <jansson.h>

struct settings;

/* The folder of a run, or of one arm. Files that cannot be read are passed over. */
struct settings *settings_open(const char *folder);
void settings_close(struct settings *s);

/* The action key by which the run got this artifact, or NULL. Borrowed. */
const char *settings_key(const struct settings *s, const char *id);

/* The arms that have this artifact, [NAME]; "" stands for the run itself. New reference. */
json_t *settings_arms(const struct settings *s, const char *id);

/* {"state":S,"changed":[{"name":N,"then":V,"now":V,"file":PATH}]}: "same", "differs", "not of this run". Only
 * params that count in the action key are compared. New reference. */
json_t *settings_compare(const struct settings *s, const char *id, const json_t *action);

/* The id that a stage of the run has come to, or NULL. arm: NULL: of the run itself. */
const char *settings_id(const struct settings *s, const char *arm, const char *stage);

#endif
