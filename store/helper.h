/*
 * Helper programs that stand beside this program's executable and do what stages do not: speak to networks. A
 * helper ends with who started it, when that is interrupted, and when it gets nowhere: it writes to its
 * standard output, which nobody else sees, whenever a piece of its work is done.
 *
 *	const char *const command[] = {"remote", "take", key, NULL};
 *	int code = helper_run(command, 600, interrupt_flag());
 *	if (code == HELPER_LATE) ...
 */
#ifndef STORE_HELPER_H
#define STORE_HELPER_H

#include <stdbool.h>

enum { HELPER_LATE = -1, HELPER_PATIENCES = 20 };

/* Run command[0] with these arguments (NULL-terminated) until it ends: its exit code; 1 if a signal ended it,
 * 127 if it could not be started (it has been said why). HELPER_LATE: it wrote nothing for patience_s
 * seconds, or was not done in HELPER_PATIENCES times that, and was ended, or left to itself if it could not
 * be. patience_s 0: it may take as long as it likes, and its standard output is this program's. Once
 * *is_interrupted is set it is told to end, and what is returned means nothing. Dies if no process can be
 * started. */
int helper_run(const char *const *command, int patience_s, const volatile bool *is_interrupted);

#endif
