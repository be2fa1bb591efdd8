/*
 * Shortcuts: how often the partner of a view is found without learning, by numbers that two views of a record
 * share and that say little of the heart's shape. Where one of them finds it, contrasting may teach that
 * number and no more.
 *
 *	mean		of each lead, or minus it
 *	variance	log of the deviation of each lead, or of what another view leaves of the squares
 *	spectrum	log of each lead's share of energy in octaves (Haar wavelets)
 *	rate		of the beats: the lag between .33 and 1.5 s at which the leads' summed absolute slope
 *			is most like itself
 *
 * The two halves of a standardised record are no alike but complements: their means add up to 0 and their
 * mean squares to 2, so each tells the other's. Views are therefore looked for both ways, as they are and
 * turned so.
 *
 *	struct shortcuts *s = shortcuts_new(2 * n, 500, 100);
 *	for each record, for each of its two views: shortcuts_add(s, x, keep);
 *	double share = shortcuts_found(s, SHORTCUT_MEAN);
 *	shortcuts_free(s);
 */
#ifndef ECG_SHORTCUTS_H
#define ECG_SHORTCUTS_H

#include <stddef.h>
#include <stdint.h>

#include "ecg/lead.h"

enum { SHORTCUT_MEAN, SHORTCUT_VARIANCE, SHORTCUT_SPECTRUM, SHORTCUT_RATE, SHORTCUTS };
extern const char *const shortcuts_names[SHORTCUTS];

struct shortcuts;

struct shortcuts *shortcuts_new(size_t n_views, int samples, double rate_hz);
void shortcuts_free(struct shortcuts *s);
/* The next view, x [12][samples], keep [12] 0 where a lead is masked. View 2 i + 1 is the partner of 2 i. */
void shortcuts_add(struct shortcuts *s, const float *x, const uint8_t keep[LEADS]);
/* Share of the views added whose partner is the nearest of all others, by the mean squared difference over
 * leads that both show, each feature over its deviation among the views; equals count as far. Of mean and
 * variance the greater share of both ways. Chance is 1/(n - 1). */
double shortcuts_found(const struct shortcuts *s, int shortcut);

#endif
