#include "ecg/path.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"

static bool is_plain_part(const char *part, size_t n)
{
	if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)part[i] < 0x20 || part[i] == 0x7f || part[i] == '\\')
			return false;
	return true;
}

bool path_is_inside(const char *name)
{
	if (strlen(name) > PATH_BYTES)
		return false;
	for (const char *part = name;; part++) {
		size_t n = strcspn(part, "/");
		if (!is_plain_part(part, n))
			return false;
		part += n;
		if (!*part)
			return true;
	}
}

char *path_join(const char *folder, const char *name)
{
	return *folder ? die_printf("%s/%s", folder, name) : die_strdup(name);
}

/* Append one part to out, which has room; -1 if ".." has nothing to take away. */
static int add_part(char *out, const char *part, size_t n)
{
	char *slash = strrchr(out, '/');
	size_t length = strlen(out);
	if (n == 0 || (n == 1 && part[0] == '.'))
		return 0;
	if (n == 2 && part[0] == '.' && part[1] == '.') {
		if (!length)
			return -1;
		*(slash ? slash : out) = '\0';
		return 0;
	}
	if (length)
		out[length++] = '/';
	memcpy(out + length, part, n);
	out[length + n] = '\0';
	return 0;
}

char *path_resolve(const char *folder, const char *name)
{
	char *whole = path_join(folder, name), *out = die_calloc(strlen(whole) + 1, 1);
	int result = *name == '/' || *name == '\\' ? -1 : 0;

	for (const char *part = whole; result == 0; part++) {
		size_t n = strcspn(part, "/\\");
		result = add_part(out, part, n);
		part += n;
		if (!*part)
			break;
	}
	free(whole);
	if (result == 0)
		return out;
	free(out);
	return NULL;
}

char *path_folder(const char *name)
{
	const char *slash = strrchr(name, '/');
	char *folder = die_strdup(slash ? name : "");
	if (slash)
		folder[slash - name] = '\0';
	return folder;
}
