#include "store/findings.h"

#include <stdarg.h>

#include "common/printable.h"

static const char *const words[FINDINGS] = {"damaged", "missing", "unreadable", "mode", "left over"};

static void print(FILE *out, const char *format, va_list ap)
{
	char text[1024];
	vsnprintf(text, sizeof text, format, ap);
	fprintf(out, "%s\n", printable(text));
}

void findings_say(struct findings *f, enum finding kind, const char *format, ...)
{
	va_list ap;
	fprintf(f->out, "%-10s  ", words[kind]);
	va_start(ap, format);
	print(f->out, format, ap);
	va_end(ap);
	f->n[kind]++;
}

void findings_mend(struct findings *f, enum finding kind, const char *format, ...)
{
	va_list ap;
	fprintf(f->out, "%-10s  ", "  mended");
	va_start(ap, format);
	print(f->out, format, ap);
	va_end(ap);
	f->n[kind]--;
	f->n_mended++;
}

void findings_advise(struct findings *f, const char *format, ...)
{
	va_list ap;
	fprintf(f->out, "%-10s  ", "  to do");
	va_start(ap, format);
	print(f->out, format, ap);
	va_end(ap);
}

size_t findings_sum(const struct findings *f)
{
	size_t n_bad = 0;
	for (int k = 0; k < FINDINGS; k++) {
		fprintf(f->out, "%s%zu %s", k ? ", " : "", f->n[k], words[k]);
		n_bad += k == FINDING_LEFT ? 0 : f->n[k];
	}
	if (f->n_mended)
		fprintf(f->out, ", %zu mended", f->n_mended);
	fputc('\n', f->out);
	return n_bad;
}
