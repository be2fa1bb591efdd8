/*
 * What is known of a record besides its signal, as every later stage carries it: table `label` of signals,
 * views, embeddings and scores. Stored as 48 bytes, little-endian, in the order of the members. The names
 * behind the bits stand in the artifact's attribute "classes": ["NORM","MI",...].
 */
#ifndef ECG_LABEL_H
#define ECG_LABEL_H

#include <stdint.h>

#define LABEL_BYTES 48

struct label {
	uint64_t patient;  /* records of one patient share it */
	uint32_t fold;	   /* 1..10; 9 validates, 10 tests; 0 takes no part */
	uint32_t classes;  /* bit c: class c of attribute "classes" (superclasses for PTB-XL); 0: no label */
	float age;	   /* years; -1: unknown */
	int32_t sex;	   /* 0 male, 1 female, -1 unknown (PTB-XL's coding) */
	uint64_t codes[2]; /* bit s: statement s of attribute "statements", ascending bytewise (ecg/task.h) */
	uint64_t reserved; /* 0 */
};

void label_encode(uint8_t bytes[LABEL_BYTES], const struct label *l);
void label_decode(struct label *l, const void *bytes);

#endif
