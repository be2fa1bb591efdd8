/*
 * EDF and EDF+ files (Kemp et al. 1992; Kemp and Olivan 2003; https://www.edfplus.info/specs/edf.html): a
 * header of ASCII fields, then records of some seconds with 16-bit samples, signal after signal.
 *
 *	if (edf_read(&record, "r.edf", bytes, n_bytes, &e) < 0) ...
 *
 * The standard leads are taken by name ("ECG V1", "I"); other signals and annotations are left out, whatever
 * they are. Read strictly: the file has the size that its header says, the leads share one rate and have
 * voltages as unit. EDF+D, whose records have gaps between them, is refused, and so is a file that its writer
 * never finished.
 */
#ifndef ECG_EDF_H
#define ECG_EDF_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "ecg/record.h"

#define EDF_SIGNALS 512 /* most of a file */

/* Bytes may be hostile. 0, or -1 with e filled at `file`. */
int edf_read(struct record *r, const char *file, const uint8_t *bytes, size_t n_bytes, struct error *e);

#endif
