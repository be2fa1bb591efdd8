/*
 * A shared library that is loaded when it is first needed, so that a stage that finds its result in the store
 * never pays for it.
 *
 *	#define FUNCTIONS(F) F(inflate) F(inflateEnd)
 *	static struct { FUNCTIONS(LIBRARY_MEMBER) } lib;
 *	void *library = library_open("libz.so.1", "zlib");
 *	#define FIND(name) library_find(library, "zlib", #name, &lib.name);
 *	FUNCTIONS(FIND)
 */
#ifndef COMMON_LIBRARY_H
#define COMMON_LIBRARY_H

/* A pointer of the function's own type, and name. */
#define LIBRARY_MEMBER(name) __typeof__(name) *name;

/* file: as dlopen takes it; name: for the message. Dies, saying what to run, if it is not there.
 * Stays open. */
void *library_open(const char *file, const char *name);
/* Sets the pointer to a function at `pointer`. Dies if the library lacks it. */
void library_find(void *library, const char *name, const char *function, void *pointer);

#endif
