#include "common/printable.h"

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the UTF-8 character that begins here; 0: none does. */
static size_t length_of(const unsigned char *p)
{
	size_t n = p[0] < 0x80	 ? 1
		   : p[0] < 0xc2 ? 0
		   : p[0] < 0xe0 ? 2
		   : p[0] < 0xf0 ? 3
		   : p[0] < 0xf5 ? 4
				 : 0;
	for (size_t k = 1; k < n; k++)
		if ((p[k] & 0xc0) != 0x80) /* the end of the text is none of these either */
			return 0;
	if ((p[0] == 0xe0 && n && p[1] < 0xa0) || (p[0] == 0xed && n && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && n && p[1] < 0x90) || (p[0] == 0xf4 && n && p[1] > 0x8f))
		return 0; /* overlong, a surrogate, beyond Unicode */
	return n;
}

/* U+0000-001F, 7F, 80-9F; and those that turn the direction of what follows (U+202A-202E, 2066-2069). */
static bool is_control(const unsigned char *p, size_t n)
{
	if (n == 1)
		return p[0] < 0x20 || p[0] == 0x7f;
	if (n == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	return n == 3 && p[0] == 0xe2 &&
	       ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
		(p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

static char *clean(char *text, bool is_lines)
{
	unsigned char *p = (unsigned char *)text;
	while (*p) {
		size_t n = length_of(p);
		bool is_layout = is_lines && (*p == '\n' || *p == '\t');
		bool is_bad = !n || (is_control(p, n) && !is_layout);
		for (size_t k = 0; k < (n ? n : 1); k++)
			if (is_bad)
				p[k] = '?';
		p += n ? n : 1;
	}
	return text;
}

char *printable(char *text)
{
	return clean(text, false);
}

char *printable_lines(char *text)
{
	return clean(text, true);
}
