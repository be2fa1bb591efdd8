/* The twelve standard leads in canonical order: I II III aVR aVL aVF V1 V2 V3 V4 V5 V6. */
#ifndef ECG_LEAD_H
#define ECG_LEAD_H

#define LEADS 12

extern const char *const lead_names[LEADS];

/* Canonical index of a lead by any usual spelling ("AVR", "avr", "aVR", "ECG aVR", "Lead II",
 * "MDC_ECG_LEAD_V1"; "MLII" is none), or -1. */
int lead_index(const char *name);

#endif
