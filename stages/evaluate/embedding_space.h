/*
 * The shape of an arm's embedding space, as evaluate tells it: measures and maps (docs/report.md).
 */
#ifndef STAGES_EVALUATE_EMBEDDING_SPACE_H
#define STAGES_EVALUATE_EMBEDDING_SPACE_H

#include <jansson.h>
#include <stdbool.h>

#include "store/artifact.h"

struct embedding_space_options {
	int n_classes;
	size_t n_records; /* of fold 10, at most */
	uint64_t seed;
	double perplexity;
	int n_steps; /* of t-SNE */
};

/* Maps [n][2] of the records in the order of "map_labels". */
struct embedding_space_maps {
	size_t n;
	float *pca, *tsne;
};

/* Measures of the embeddings, trained or random-initialised, over the records with exactly one class; maps
 * are yours to release. */
json_t *embedding_space_measure(struct embedding_space_maps *maps, const struct artifact *embeddings,
				bool is_random, const struct embedding_space_options *o);
void embedding_space_release(struct embedding_space_maps *maps);

#endif
