/*
 * The number that stands for a name: records and patients are called by any text, tables are keyed and draws
 * are made by 64 bits.
 *
 *	identifier_key("17")        // 17: a plain decimal number below 2^63 is its own key
 *	identifier_key("JS00017")   // 2^63 | 63 bits of the text's hash
 *
 * "017" and "17.0" are other names than "17". Of a million names two share a key with a chance of 5e-8; who
 * keys by it looks for that (ecg/catalog.h).
 */
#ifndef ECG_IDENTIFIER_H
#define ECG_IDENTIFIER_H

#include <stdint.h>

#define IDENTIFIER_TEXT (UINT64_C(1) << 63) /* set in the key of a name that is no number */

uint64_t identifier_key(const char *name);

/* 64-bit FNV-1a (Fowler, Noll, Vo), its bits mixed: FNV alone leaves the low bits of similar names so. */
uint64_t identifier_hash(const char *name);

/* Numbers that are like each other come to be unlike: MurmurHash3's finaliser with the constants of
 * SplitMix64. */
uint64_t identifier_mix(uint64_t h);

#endif
