#include "remote/beat.h"

#include <stdbool.h>
#include <unistd.h>

static bool is_on;

void beat_turn_on(void)
{
	is_on = true;
}

void beat_once(void)
{
	if (is_on)
		(void)!write(STDOUT_FILENO, ".", 1);
}
