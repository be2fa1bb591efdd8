#include "common/label.h"

#include <stdio.h>
#include <stdlib.h>

const char *label_text(void)
{
	static char text[128];
	const char *given = getenv("EINTHOVEN_ARM");
	if (given && *given && !*text)
		snprintf(text, sizeof text, "%.120s: ", given);
	return text;
}
