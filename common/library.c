#include "common/library.h"

#include <dlfcn.h>
#include <string.h>

#include "common/die.h"

void *library_open(const char *file, const char *name)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		die("cannot load %s: %s; run ./setup", name, dlerror());
	return library;
}

void library_find(void *library, const char *name, const char *function, void *pointer)
{
	void *found = dlsym(library, function);
	if (!found)
		die("%s lacks %s; run ./setup", name, function);
	memcpy(pointer, &found, sizeof found); /* ISO C has no conversion from void * to a function */
}
