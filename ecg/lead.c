#include "ecg/lead.h"

#include <strings.h>

const char *const lead_names[LEADS] = {"I",  "II", "III", "aVR", "aVL", "aVF",
				       "V1", "V2", "V3",  "V4",	 "V5",	"V6"};

int lead_index(const char *name)
{
	for (int i = 0; i < LEADS; i++)
		if (!strcasecmp(name, lead_names[i]))
			return i;
	return -1;
}
