#include "kernels/emulated/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void fail(const char *format, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	fprintf(stderr, "emulated: %s\n", text);
	fflush(NULL);
	_exit(FAIL_CODE); /* from a fiber's stack nothing else should run */
}
