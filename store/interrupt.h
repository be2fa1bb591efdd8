/*
 * Being asked to stop while a stage works. The first SIGINT (Ctrl-C), SIGTERM, SIGUSR1 or SIGHUP sets a flag:
 * run() looks at it, saves what it can and returns. What comes after that:
 *	SIGINT		a second Ctrl-C ends the process at once
 *	the others	count as one for ten seconds, since Slurm sends SIGTERM twice; later ones end it
 * Only a repeated SIGINT within a third of a second is taken for the same (`timeout -s INT` sends it twice).
 * SIGHUP stays ignored if it was (nohup). A broken pipe is no reason to stop: Ctrl-C also ends the `tee`
 * that reads our messages.
 *
 *	interrupt_catch("pretrain");
 *	while (!*interrupt_flag()) ...
 *	interrupt_stop();               // exit 128 + the signal, files in tmp and the lock are removed
 */
#ifndef STORE_INTERRUPT_H
#define STORE_INTERRUPT_H

#include <stdbool.h>

/* From now on, for the rest of the process. Writing an artifact stops it too (artifact_watch). who: named in
 * what is said when a signal comes; NULL: nothing is. */
void interrupt_catch(const char *who);

/* Set once a signal has come. */
const volatile bool *interrupt_flag(void);

/* Say that nothing was published and exit as a shell says it: 130 after SIGINT, 143 after SIGTERM. */
_Noreturn void interrupt_stop(void);

#endif
