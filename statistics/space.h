/*
 * All measures of an embedding space in one table, for evaluate: how far its records are spread, how well
 * classes lie together, and what a nearest-neighbour vote would get.
 *
 *	struct space_input in = {.raw = x, .label = y, .n = n, .dim = 128, .n_classes = 5, ...};
 *	json_t *measures = space_measures(&in);
 *
 * Distances are taken between centred rows: Euclidean, or cosine on rows of unit length.
 */
#ifndef STATISTICS_SPACE_H
#define STATISTICS_SPACE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct space_input {
	const float *raw; /* [n][dim] of the test fold */
	const int *label; /* [n] 0..n_classes-1 */
	size_t n;
	const float *train; /* [n_train][dim] for the neighbours' vote; may be none */
	const int *train_label;
	size_t n_train;
	const float
		*pair[2]; /* [n_pairs][dim] both views of records, as training contrasts them; may be none */
	size_t n_pairs;
	int dim, n_classes;
	uint64_t seed; /* of k-means and Hopkins */
};

/* {"alignment","uniformity","rankme","purity","knn_accuracy","silhouette","silhouette_cosine",
 * "davies_bouldin","calinski_harabasz","ari","nmi","hopkins","hopkins_gaussian","n","is_constant"};
 * null where undefined; only the last two if there are no two rows, or all are equal. New reference. */
json_t *space_measures(const struct space_input *in);

/* Maps [n][2] of the rows: the first two principal axes; t-SNE of the first 50. Fewer than 4 rows or equal
 * rows: zeros. Returns t-SNE's divergence. tsne may be NULL. */
double space_maps(float *pca, float *tsne, const float *raw, size_t n, int dim, double perplexity,
		  int n_steps);

#endif
