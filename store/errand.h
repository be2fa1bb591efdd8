/*
 * What a stage asks of the helper process `remote` (tools/remote.c), which stands beside this program's
 * executable: to bring the result of an action from the remote of store.yaml (store/sharing.h), or to send
 * one there. Without a remote nothing is started. A remote that cannot be reached is said once, by the
 * helper, and then left alone for ten minutes by all stages of that make; so is one that a stage lost
 * patience with (store/helper.h). A helper that was interrupted says nothing of the remote.
 *
 *	if (!action_find(key, id) && errand_take(key, interrupt_flag()) == 0 && action_find(key, id)) ...
 */
#ifndef STORE_ERRAND_H
#define STORE_ERRAND_H

#include <stdbool.h>

/* Exit codes of `remote take` and `remote give` beside 0 (done) and 1 (failed; it has said why: that is
 * ERRAND_FAILED here). */
enum { ERRAND_ABSENT = 3, ERRAND_UNREACHABLE = 4, ERRAND_FAILED = 5 };

/* 0: the action's entry and its artifact were brought into this store. ERRAND_ABSENT also without a remote;
 * ERRAND_FAILED: what the remote has is damaged or was not taken, or could not be kept here. Dies if
 * store.yaml is wrong. Once *is_interrupted is set it means nothing, but is never 0. */
int errand_take(const char *key, const volatile bool *is_interrupted);

/* Send the action's entry and its artifact, if the remote is one to write to. That it failed is said and no
 * more. */
void errand_give(const char *key, const volatile bool *is_interrupted);

#endif
