#include "common/die.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/label.h"
#include "common/printable.h"

static const char *program = "einthoven";
static void (*at_death)(void);
static const char *record;
static bool is_hushed;

void die_program(const char *name)
{
	program = name;
}

void die_cleanup(void (*cleanup)(void))
{
	at_death = cleanup;
}

void die_record(const char *path)
{
	record = path;
}

/* Best effort: who cannot write this says why on stderr all the same. */
static void keep(const char *text)
{
	FILE *f = record ? fopen(record, "w") : NULL;
	if (f) {
		fprintf(f, "%s\n", text);
		fclose(f);
	}
}

static void say(const char *format, va_list ap, bool is_last)
{
	char text[1024];
	vsnprintf(text, sizeof text, format, ap);
	printable(text);
	fprintf(stderr, "%s%s: %s\n", label_text(), program, text);
	if (is_last)
		keep(text);
}

static void clean_up(void)
{
	void (*f)(void) = at_death;
	at_death = NULL;
	if (f)
		f();
}

void die(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	say(format, ap, true);
	va_end(ap);
	clean_up();
	exit(1);
}

void die_usage(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	say(format, ap, true);
	va_end(ap);
	fprintf(stderr, "Try '%s --help'.\n", program);
	clean_up();
	exit(2);
}

void die_hush(void)
{
	is_hushed = true;
}

void die_warn(const char *format, ...)
{
	va_list ap;
	if (is_hushed)
		return;
	va_start(ap, format);
	say(format, ap, false);
	va_end(ap);
}

void die_bug(const char *file, const char *what)
{
	fprintf(stderr, "%s%s: BUG in %s: %s\n", label_text(), program, file, what);
	abort();
}

void *die_malloc(size_t n_bytes)
{
	void *p = malloc(n_bytes ? n_bytes : 1);
	if (!p)
		die("out of memory (%zu bytes asked for)", n_bytes);
	return p;
}

void *die_calloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);
	if (!p)
		die("out of memory (%zu times %zu bytes asked for)", n, size);
	return p;
}

void *die_realloc(void *old, size_t n_bytes)
{
	void *p = realloc(old, n_bytes ? n_bytes : 1);
	if (!p)
		die("out of memory (%zu bytes asked for)", n_bytes);
	return p;
}

char *die_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	return memcpy(die_malloc(n), s, n);
}

char *die_printf(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		BUG("bad format");
	char *s = die_malloc((size_t)n + 1);
	va_start(ap, format);
	vsnprintf(s, (size_t)n + 1, format, ap);
	va_end(ap);
	return s;
}
