/*
 * What the arms of a probe see of a record: the trained encoder, random convolutions, the first of these, as
 * many as the encoder has features, the same encoder before training, amplitudes, nothing.
 *
 *	struct seen f;
 *	seen_open(&f, embeddings, true);
 *	struct seen_part seen;
 *	struct rows rows = seen_rows(&f, &seen, TRAINED, &judge.part[PROBE_TRAIN]);
 */
#ifndef STAGES_PROBE_SEEN_H
#define STAGES_PROBE_SEEN_H

#include <stdbool.h>

#include "stages/shared/judge.h"

enum { TRAINED, CONVOLUTIONS, CONVOLUTIONS_DIM, RANDOM, SCALE, MAJORITY, ROWS };

/* key: of table `metrics`; name: printed; tables of embeddings and of scores, NULL: none. */
struct seen_arm {
	const char *key, *name, *table, *out;
};
extern const struct seen_arm seen_arms[ROWS];

struct seen {
	const struct artifact *embeddings;
	int dim, n_convolved; /* features of the encoder and, 0 if there are none, of the convolutions */
	int n_columns;	      /* of the table `convolutions`: no fewer than those */
	bool has_scale;	      /* both are followed by the 12 log-std */
};

/* Dies if the encoder has no features. embeddings is borrowed. */
void seen_open(struct seen *f, const struct artifact *embeddings, bool has_scale);
/* The convolutions need not be there, nor the table have as many as the encoder has features. */
bool seen_has(const struct seen *f, int arm);

/* How a part's records are read, as one arm sees them. */
struct seen_part {
	const struct artifact *embeddings;
	const struct judge_part *part;
	const char *table; /* its row stands first */
	size_t width, n;   /* numbers of that row, and how many of them are seen */
	size_t n_scale;	   /* numbers of table scale behind them */
};

/* Rows that read through seen, which lives as long as they do. Reading dies if a record lacks its
 * features. */
struct rows seen_rows(const struct seen *f, struct seen_part *seen, int arm, const struct judge_part *part);

#endif
