/*
 * Reading a mapped file that may be damaged: a page that is gone or nonsense raises SIGBUS or SIGSEGV.
 * guard_call runs f(context) and returns true, or false if f touched such a page (or called guard_fail). f
 * must hold no lock and own no memory when it reads, since it may be left at any instruction; what it found
 * so far is in *context.
 */
#ifndef STORE_GUARD_H
#define STORE_GUARD_H

#include <stdbool.h>

/* Take over both signals, also when another library took them since; for each file that is opened. Faults
 * outside guard_call go to the handlers that were there before. */
void guard_install(void);

bool guard_call(void (*f)(void *context), void *context);

/* From inside f only: give up, as if a bad page had been read. */
_Noreturn void guard_fail(void);

#endif
