/*
 * trust.yaml as it is understood, for people.
 */
#ifndef STORE_SIGNERS_H
#define STORE_SIGNERS_H

#include <stdio.h>

/* A line per key of trust.yaml with what it may sign, and what our own key is among them. */
void signers_print(FILE *out);

/* The lines of trust.yaml for the public key of this private key. Dies if it cannot be read. */
void signers_print_new(FILE *out, const char *key_path);

#endif
