/*
 * What an audit found, for people: a line per artifact, the raw data, and in sentences what does not hold.
 *
 *	table_print(stdout, findings);      // of walk_chain
 */
#ifndef AUDIT_TABLE_H
#define AUDIT_TABLE_H

#include <jansson.h>
#include <stdio.h>

void table_print(FILE *out, const json_t *findings);

#endif
