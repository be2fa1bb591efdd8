#include "trust/verdict.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/printable.h"

void verdict_refuse(struct verdict *v, enum verdict_kind kind, const char *format, ...)
{
	va_list ap;
	v->kind = kind;
	v->is_taken = false;
	va_start(ap, format);
	vsnprintf(v->why, sizeof v->why, format, ap);
	va_end(ap);
	printable(v->why); /* stages, days and names in it are an entry's */
}

const char *verdict_word(const struct verdict *v, char text[96])
{
	static const char *const words[] = {
		[VERDICT_DAMAGED] = "damaged",
		[VERDICT_OTHER_ACTION] = "of another action",
		[VERDICT_MISFIT] = "misfitting",
		[VERDICT_BAD_SIGNATURE] = "bad signature",
		[VERDICT_UNSIGNED] = "unsigned",
		[VERDICT_UNKNOWN_KEY] = "unknown key",
		[VERDICT_REVOKED] = "revoked key",
		[VERDICT_WRONG_STAGE] = "not this key's stage",
		[VERDICT_WRONG_TIME] = "not this key's time",
	};
	if (v->kind != VERDICT_TRUSTED)
		return words[v->kind];
	snprintf(text, 96, "signed by %s", v->who);
	return text;
}
