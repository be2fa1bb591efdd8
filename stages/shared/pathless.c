#include "stages/shared/pathless.h"

#include <stdbool.h>
#include <string.h>

#include "common/die.h"

/* Where the path at s ends: at its quote if it stands in one, else at what separates words. */
static size_t path_length(const char *s, char before)
{
	if (before == '\'' || before == '"') {
		const char *end = strchr(s, before);
		return end ? (size_t)(end - s) : strlen(s);
	}
	return strcspn(s, " ,]}\"'");
}

char *pathless_text(const char *text)
{
	char *out = die_malloc(strlen(text) + 1), *to = out, before = ' ';
	while (*text) {
		bool is_path = strchr(" ='\"[{,:", before) && (*text == '/' || !strncmp(text, "~/", 2));
		size_t n = is_path ? path_length(text, before) : 1;
		if (is_path && before == ':' && text[1] == '/')
			n = 2; /* of a URL */
		else if (is_path)
			while (n > 1 && memchr(text, '/', n - 1)) {
				text++;
				n--;
			}
		memcpy(to, text, n);
		to += n;
		text += n;
		before = to[-1];
	}
	*to = 0;
	return out;
}
