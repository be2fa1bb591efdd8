#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/printable.h"

int error_set(struct error *e, const char *file, long line, const char *format, ...)
{
	if (!e || e->text[0])
		return -1;
	int n = 0;
	if (file && line > 0)
		n = snprintf(e->text, sizeof e->text, "%s:%ld: ", file, line);
	else if (file)
		n = snprintf(e->text, sizeof e->text, "%s: ", file);
	if (n >= 0 && (size_t)n < sizeof e->text) {
		va_list ap;
		va_start(ap, format);
		vsnprintf(e->text + n, sizeof e->text - (size_t)n, format, ap);
		va_end(ap);
	}
	printable(e->text); /* names in it are those of archives, tables and files */
	return -1;
}

const char *error_text(const struct error *e)
{
	return e && e->text[0] ? e->text : "unknown error";
}
