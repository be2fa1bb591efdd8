#include "ecg/lead.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

const char *const lead_names[LEADS] = {"I",  "II", "III", "aVR", "aVL", "aVF",
				       "V1", "V2", "V3",  "V4",	 "V5",	"V6"};

/* What recorders and standards put before a lead's name. */
static const char *without_prefix(const char *name)
{
	static const char *const prefixes[] = {"MDC_ECG_LEAD_", "ECG", "EKG", "Lead"};
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		size_t n = strlen(prefixes[i]), blanks;
		if (strncasecmp(name, prefixes[i], n) != 0)
			continue;
		blanks = strspn(name + n, " _-:");
		return blanks || i == 0 ? name + n + blanks : name;
	}
	return name;
}

int lead_index(const char *name)
{
	name = without_prefix(name);
	for (int i = 0; i < LEADS; i++)
		if (!strcasecmp(name, lead_names[i]))
			return i;
	return -1;
}
