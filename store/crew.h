/*
 * A stage in several processes (common/team.h): all read the same request and run; rank 0 alone looks
 * up, locks, speaks, keeps checkpoints, publishes and leaves traces. What the other ranks need to know
 * of it comes from here.
 *
 *	q->team = crew_join(stage);        // NULL: alone
 *	crew_agree(q->team, key);          // all are about to do the same
 *	is_cached = crew_told(q->team, is_cached);
 *	if (... interrupted ...) crew_stop(q->team);
 */
#ifndef STORE_CREW_H
#define STORE_CREW_H

#include <stdbool.h>

#include "common/team.h"
#include "store/digest.h"
#include "store/stage.h"

/* The team this process was started in. Dies if the stage works alone. All ranks but 0 fall silent, except
 * that they still say what they die of. */
struct team *crew_join(const struct stage *stage);
/* Dies if a rank is about to do something else: other sources, parameters or inputs. */
void crew_agree(struct team *t, const char key[DIGEST_HEX]);
/* What rank 0 knows. */
bool crew_told(struct team *t, bool of_rank_0);
/* For messages: ", 3 processes", or "" for one that works alone. Lives until the next call. */
const char *crew_words(const struct team *t);
/* End all ranks, which have agreed to, as interrupted. */
_Noreturn void crew_stop(struct team *t);

#endif
