#include "common/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/printable.h"

static void set(struct error *e, const char *file, long line, int why, const char *format, va_list ap)
{
	int n = 0;
	e->cause = why;
	if (file && line > 0)
		n = snprintf(e->text, sizeof e->text, "%s:%ld: ", file, line);
	else if (file)
		n = snprintf(e->text, sizeof e->text, "%s: ", file);
	if (n >= 0 && (size_t)n < sizeof e->text)
		vsnprintf(e->text + n, sizeof e->text - (size_t)n, format, ap);
	printable(e->text); /* names in it are those of archives, tables and files */
}

int error_set(struct error *e, const char *file, long line, const char *format, ...)
{
	va_list ap;
	if (!e || e->text[0])
		return -1;
	va_start(ap, format);
	set(e, file, line, 0, format, ap);
	va_end(ap);
	return -1;
}

int error_set_cause(struct error *e, const char *file, int why, const char *format, ...)
{
	va_list ap;
	if (!e || e->text[0])
		return -1;
	va_start(ap, format);
	set(e, file, 0, why, format, ap);
	va_end(ap);
	return -1;
}

const char *error_remedy(int cause)
{
	switch (cause) {
	case EACCES:
	case EPERM:
		return "its owner must give you the right to read it";
	case ENOMEM:
	case EAGAIN:
		return "free some memory, or raise the limits of this shell ('ulimit -a')";
	case EMFILE:
		return "raise the limit of open files ('ulimit -n')";
	case ENFILE:
		return "too many files are open on this machine";
	case ESTALE:
		return "mount its file system again";
	default:
		return "look at the disk and what the kernel says of it ('dmesg')";
	}
}

const char *error_text(const struct error *e)
{
	return e && e->text[0] ? e->text : "unknown error";
}
