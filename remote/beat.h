/*
 * A dot on standard output for each piece of content that is through: so that who started this process
 * (store/helper.h) can tell one that is slow from one that is stuck. Off until it is turned on.
 *
 *	beat_turn_on();
 *	... beat_once();                // of any thread
 */
#ifndef REMOTE_BEAT_H
#define REMOTE_BEAT_H

/* Before there are threads. */
void beat_turn_on(void);
void beat_once(void);

#endif
