/*
 * What evaluate tells of an arm besides its scores: the shape of its embedding space, and how it was trained. Each is
 * JSON as docs/report.md has it, or NULL if the artifact has nothing of the kind.
 */
#ifndef STAGES_PARTS_PORTRAIT_H
#define STAGES_PARTS_PORTRAIT_H

#include <jansson.h>
#include <stdbool.h>

#include "store/artifact.h"

struct portrait_options {
	int n_classes;
	size_t n_records; /* of fold 10, at most */
	uint64_t seed;
	double perplexity;
	int n_steps; /* of t-SNE */
};

/* Maps [n][2] of the records in the order of "map_labels". */
struct portrait_maps {
	size_t n;
	float *pca, *tsne;
};

/* Measures of the embeddings, trained or random-initialised, over the records with exactly one class; maps are yours to
 * release. */
json_t *portrait_space(struct portrait_maps *maps, const struct artifact *embeddings, bool is_random,
		       const struct portrait_options *o);
void portrait_release(struct portrait_maps *maps);

json_t *portrait_training(const struct artifact *model);

#endif
