/*
 * The tables of PTB-XL 1.0.1 to 1.0.3 (Wagner et al. 2020; https://physionet.org/content/ptb-xl/):
 * ptbxl_database.csv (one row per record) and scp_statements.csv (one per statement).
 *
 *	struct catalog c;
 *	catalog_init(&c);
 *	ptbxl_statements(&c, statements, &e);
 *	ptbxl_records(&c, database, 100, &e);
 *
 * Strict: a missing column, a number that is none, an unknown superclass, a statement that scp_statements.csv
 * lacks are errors naming file, line and record.
 */
#ifndef ECG_PTBXL_H
#define ECG_PTBXL_H

#include "ecg/catalog.h"
#include "ecg/reader.h"

#define PTBXL_DATABASE	 "ptbxl_database.csv"
#define PTBXL_STATEMENTS "scp_statements.csv"

/* The superclasses NORM MI STTC CD HYP in the order of their bits. New reference. */
json_t *ptbxl_classes(void);

/* Set c->classes and c->statements. */
int ptbxl_statements(struct catalog *c, struct reader reader, struct error *e);

/* Add all records with their files at rate_hz (100: filename_lr, 500: filename_hr). After ptbxl_statements.
 */
int ptbxl_records(struct catalog *c, struct reader reader, int rate_hz, struct error *e);

/* A Python dictionary of numbers, "{'NORM': 100.0, 'SR': 0.0}", as JSON (new reference), or NULL with e
 * filled. */
json_t *ptbxl_codes(const char *text, const char *file, long line, struct error *e);

#endif
