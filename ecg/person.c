#include "ecg/person.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ecg/field.h"

static bool is_one_of(const char *text, const char *const *words)
{
	while (*words && strcasecmp(text, *words) != 0)
		words++;
	return *words != NULL;
}

/* How many make a year; 0: no unit. */
static double per_year(const char *unit)
{
	static const char *const years[] = {"", "y", "yr", "yrs", "year", "years", "+", NULL};
	static const char *const months[] = {"m", "month", "months", NULL};
	static const char *const weeks[] = {"w", "week", "weeks", NULL};
	static const char *const days[] = {"d", "day", "days", NULL};
	return is_one_of(unit, years)	 ? 1
	       : is_one_of(unit, months) ? 12
	       : is_one_of(unit, weeks)	 ? 52.1775
	       : is_one_of(unit, days)	 ? 365.2425
					 : 0;
}

int person_age(double *years, const char *text)
{
	char number[32];
	if (field_is_unknown(text))
		return 0;
	text += *text == '>';
	size_t n = strspn(text, "0123456789.");
	if (!n || n >= sizeof number)
		return -1;
	memcpy(number, text, n);
	number[n] = '\0';
	double count = per_year(text + n + strspn(text + n, " "));
	if (count == 0 || field_number(number, years) < 0)
		return -1;
	*years /= count;
	return *years >= 0 && *years <= 300 ? 1 : -1;
}

int person_sex(int *sex, const char *text)
{
	static const char *const male[] = {"0",	       "0.0", "m", "male", "man", "boy", "m\xc3\xa4nnlich",
					   "masculin", NULL};
	static const char *const female[] = {"1",    "1.0", "f",	"female",	  "woman",
					     "girl", "w",   "weiblich", "f\xc3\xa9minin", NULL};
	static const char *const neither[] = {"o",	 "other",	 "u", "x", "d", "divers",
					      "diverse", "undetermined", NULL};

	*sex = is_one_of(text, female);
	if (*sex || is_one_of(text, male))
		return 1;
	return field_is_unknown(text) || is_one_of(text, neither) ? 0 : -1;
}
